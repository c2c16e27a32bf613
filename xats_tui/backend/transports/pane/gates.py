"""Gates: the conditions for typing into a pane, each with a verdict that can be shown.  Pure.

Screen, client and hooks may disagree about the state.  The order of trust:

1. Whoever says now that the agent is busy, or has a dialog open, closes a gate: the screen, the client's told state, or
   the newest hook.
2. An idle state that the client tells settles an older report of a hook, because a hook does not report the end of an
   interrupted turn or of a dismissed dialog.
3. It does not overrule the screen: drafts, menus and dialogs of other programs are seen only there.
4. Without a told state, or with an unknown one, a calm screen settles an old report.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from xats_tui.backend.hook_reports import LATE_REPORT_COUNTS_FOR, SCREEN_WINS_AFTER, HookReport
from xats_tui.backend.system.processes import BoundProcess
from xats_tui.backend.transports.pane.paste_gates import OURS, in_seconds, paste_gates
from xats_tui.backend.transports.pane.seat import PaneFacts
from xats_tui.clients.registry import is_read, proves_idle
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.client_states import ToldState
from xats_tui.core.model.labels import ClientId
from xats_tui.core.model.panes import IN_A_MODE, OwnText, PaneState, PaneView
from xats_tui.core.model.wakes import Gate

Gates = tuple[Gate, ...]


def judge(
    agent: Agent,
    view: PaneView,
    seat: PaneFacts,
    report: HookReport | None,
    quiet: timedelta,
    now: datetime,
    told: ToldState | None = None,
) -> Gates:
    """Judge every gate of a pane at `now`.

    Args:
        agent: the agent of the pane.
        view: its screen and its state.
        seat: other facts about it.
        report: the newest report of the program itself.
        quiet: the minimum time for which the pane must be unchanged.
        now: the instant of the verdicts.
        told: the state that the client tells; None if it tells none.
    """
    reading = view.reading
    is_ours = reading.state is PaneState.DRAFT and reading.own is OwnText.ALONE
    ours, pause = paste_gates(seat, reading.own, now)
    needed = max(quiet, 2 * seat.paint)  # a slow pane may be calm while a key is still to be drawn
    return (
        *_of_program(agent, view, seat),
        *_of_keys(view, seat),
        Gate(
            name="mode",
            holds=reading.state not in IN_A_MODE,
            detail=reading.reason if reading.state in IN_A_MODE else "in no mode of tmux",
        ),
        _not_in("shell", reading.state, PaneState.SHELL, "no shell", reading.reason),
        ours,
        Gate(
            name="draft",
            holds=is_ours or reading.state is not PaneState.DRAFT,
            detail=OURS if is_ours else reading.reason if reading.state is PaneState.DRAFT else "none",
        ),
        _not_in("dialog", reading.state, PaneState.DIALOG, "none", reading.reason),
        Gate(
            name="state",
            holds=is_ours or (reading.state is PaneState.IDLE and not seat.other_prompt),
            detail=OURS if is_ours else _state_detail(agent, view, seat),
        ),
        _of_client(told),
        _of_hooks(report, view, seat, told, now),
        *_of_person(seat, now),
        pause,
        Gate(
            name="quiet",
            holds=seat.unchanged >= needed,
            detail=f"unchanged for {in_seconds(seat.unchanged)} of {needed.total_seconds():g} s",
        ),
    )


BY_A_MANIFEST = "a manifest for its program would tell (docs/clients.md)"


def _state_detail(agent: Agent, view: PaneView, seat: PaneFacts) -> str:
    reading = view.reading
    told = f"{reading.state}: {reading.reason}"
    if seat.other_prompt and reading.state is PaneState.IDLE:
        told = f"unknown: the line begins with {reading.composer!r}, earlier it began with {seat.other_prompt!r}"
    elif reading.state is not PaneState.UNKNOWN or is_read(agent.client):
        return told
    return f"{told}; {BY_A_MANIFEST}"


def _of_program(agent: Agent, view: PaneView, seat: PaneFacts) -> Gates:
    """Gates of the program: the pane is the agent's own, and its program is there to read a key."""
    occupant, command = seat.occupant, view.look.formats.get("pane_current_command")
    in_front, stopped = occupant is not None and occupant.in_front, occupant is not None and occupant.stopped
    return (
        Gate(name="owner", holds=_is_here(occupant, view), detail=_owner_detail(agent, occupant, view)),
        Gate(
            name="process",
            holds=in_front,
            detail="in the foreground" if in_front else f"{command} is in the foreground instead",
        ),
        Gate(
            name="stopped",
            holds=not stopped,
            detail=f"the program is stopped: continue it with: kill -CONT {occupant.pid}"
            if occupant and stopped
            else "it runs",
        ),
    )


def _of_keys(view: PaneView, seat: PaneFacts) -> Gates:
    """Gates of the keys: a key goes to the pane's program alone, and is read as a key."""
    formats, pane_id = view.look.formats, view.look.pane.pane_id
    synchronized, input_off = formats.get("pane_synchronized") == 1, formats.get("pane_input_off") == 1
    unread = seat.terminal.unread if seat.terminal else 0
    to_all = f"keys go to every pane of the window: tmux set-option -w -t {pane_id} synchronize-panes off"
    return (
        Gate(
            name="synchronized", holds=not synchronized, detail=to_all if synchronized else "keys go to this pane only"
        ),
        Gate(
            name="input",
            holds=not input_off,
            detail=f"the pane's input is off: tmux select-pane -e -t {pane_id}" if input_off else "on",
        ),
        Gate(name="terminal", holds=_reads_keys(seat), detail=_who_reads(seat)),
        Gate(
            name="unread",
            holds=not unread,
            detail=f"the program has not read {unread} bytes that were typed there"
            if unread
            else "nothing is left unread",
        ),
    )


def _who_reads(seat: PaneFacts) -> str:
    if seat.terminal is None:
        return "the pane's terminal cannot be asked for its mode"
    if not seat.terminal.raw:
        return "whole lines are read there, as by a command that asks something"
    if seat.terminal.echoes:
        return "typed keys are echoed there, as for a command that asks something"
    if seat.occupant and seat.occupant.reader:
        return f"a program below it waits for a key there: {seat.occupant.reader}"
    return "each key is read"


def _reads_keys(seat: PaneFacts) -> bool:
    is_shared = seat.occupant is not None and seat.occupant.reader is not None
    return seat.terminal is not None and seat.terminal.raw and not seat.terminal.echoes and not is_shared


def _of_person(seat: PaneFacts, now: datetime) -> Gates:
    """Gates of a person: keys that are not drawn yet may be a draft."""
    ago = abs(now - seat.person_at) if seat.person_at else None
    typing = in_seconds(ago) if ago is not None and ago < PERSON_PAUSE + seat.paint else None
    undrawn = in_seconds(seat.undrawn) if seat.undrawn is not None else None
    return (
        Gate(
            name="person",
            holds=not typing,
            detail=f"somebody is typing there: a key {typing} ago" if typing else "nobody is typing there",
        ),
        Gate(
            name="drawn",
            holds=not undrawn,
            detail=f"a key came {undrawn} ago, and nothing was drawn since" if undrawn else "every key was drawn",
        ),
    )


PERSON_PAUSE = timedelta(seconds=4)
"""Pause after a person's last key: three seconds, and one because tmux reports whole seconds."""

KEYS_NEED = frozenset({"owner", "process", "stopped", "synchronized", "input", "terminal", "unread", "mode", "shell"})
"""Gates that hold for every single key, even the operator's: no person can answer for them."""

OVERRULED = frozenset({"draft", "dialog", "state", "told", "hooks", "pause", "quiet"})
"""Gates that the operator may overrule; never one of `KEYS_NEED`."""

PROVEN_IDLE = timedelta(milliseconds=500)
"""Time for which a screen must be unchanged whose reader proves it idle: a half-drawn frame proves nothing."""


def quiet_for(client: ClientId | None, quiet: timedelta) -> timedelta:
    """Return the time for which a pane must be unchanged: all of `quiet` only where no reader proves it idle."""
    return min(quiet, PROVEN_IDLE) if proves_idle(client) else quiet


def overruled(client: ClientId | None) -> frozenset[str]:
    """Return the gates that the operator may overrule: not the dialog gate, if no reader knows the client's dialogs."""
    return OVERRULED if proves_idle(client) else OVERRULED - {"dialog"}


TOLD_WITHIN = timedelta(seconds=2)
"""Time within which a client tells a state that one of its hooks has reported; it takes half a second."""

TURN = frozenset({"owner", "process", "state", "told", "hooks", "quiet"})
"""Gates that all hold once the program has ended its turn."""


def shows_rest(agent: Agent, gates: Iterable[Gate]) -> bool | None:
    """Return whether a pane shows that the turn is over; None if no reader can prove its screen idle."""
    if not is_read(agent.client):
        return None
    return all(gate.holds for gate in gates if gate.name in TURN)


def _of_client(told: ToldState | None) -> Gate:
    """Gate of the state that the client tells."""
    closed = told is not None and told.state in (PaneState.BUSY, PaneState.DIALOG)
    return Gate(name="told", holds=not closed, detail=f"{told.source}: {told.detail}" if told else "nothing told")


def _of_hooks(
    report: HookReport | None, view: PaneView, seat: PaneFacts, told: ToldState | None, now: datetime
) -> Gate:
    """Gate of the hooks' newest report, which must not contradict the screen unless something newer settles it."""
    if report is None or report.state is PaneState.IDLE:
        return Gate(name="hooks", holds=True, detail=report.detail if report else "nothing reported")
    if told is not None and told.state is PaneState.IDLE and (told.at >= report.at or now - report.at >= TOLD_WITHIN):
        return Gate(name="hooks", holds=True, detail=f"{report.detail}, and then idle: {told.source}")
    is_idle = view.reading.state is PaneState.IDLE or view.reading.own is OwnText.ALONE
    is_late = report.at >= view.unchanged_since
    since_report = min(seat.unchanged, now - report.at)
    needed = LATE_REPORT_COUNTS_FOR + 2 * seat.paint if is_late else SCREEN_WINS_AFTER
    calm = (since_report if is_late else seat.unchanged) >= needed
    return Gate(name="hooks", holds=is_idle and calm, detail=f"the program says {report.state}: {report.detail}")


def _not_in(name: str, state: PaneState, closed_by: PaneState, fine: str, reason: str) -> Gate:
    return Gate(name=name, holds=state is not closed_by, detail=reason if state is closed_by else fine)


def tty_of(view: PaneView) -> str:
    """Return a pane's terminal, without `/dev/`."""
    return str(view.look.formats.get("pane_tty", "")).removeprefix("/dev/")


def _is_here(occupant: BoundProcess | None, view: PaneView) -> bool:
    return occupant is not None and occupant.tty is not None and occupant.tty == tty_of(view)


def _owner_detail(agent: Agent, occupant: BoundProcess | None, view: PaneView) -> str:
    pid = agent.binding.ui_pid if agent.binding else None
    if pid is None:
        return "no process was recorded when the pane was bound: bind it again"
    if occupant is None:
        return f"process {pid} has ended; the pane now runs {view.look.formats.get('pane_current_command')}"
    if not _is_here(occupant, view):
        return f"process {pid} is on {occupant.tty or 'no terminal'}, not in this pane"
    return f"process {pid}"
