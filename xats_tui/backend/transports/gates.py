"""The conditions for typing into a pane, in one place, each with a verdict that can be shown.  Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from xats_tui.backend.model.agents import Agent, Client
from xats_tui.backend.model.panes import IN_A_MODE, PaneReading, PaneState, PaneView
from xats_tui.backend.model.wakes import Gate
from xats_tui.backend.panes import READERS
from xats_tui.backend.reports import SCREEN_WINS_AFTER, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """What the process table says of the process that was bound."""

    alive: bool
    """The very process lives: same pid, same start."""
    tty: str | None
    in_front: bool
    """What is typed into its terminal reaches it."""


def judge(
    agent: Agent, view: PaneView, owner: Owner, report: Report | None, quiet: timedelta, now: datetime
) -> tuple[Gate, ...]:
    """Every gate's verdict for a pane at `now`; `report` is the newest word of the program itself."""
    formats, reading = view.look.formats, view.reading
    unchanged = max(now - view.unchanged_since, timedelta(0))
    command = formats.get("pane_current_command")
    return (
        Gate(name="owner", holds=owner.alive and _on_tty(owner, view), detail=_owner_detail(agent, owner, view)),
        Gate(
            name="process",
            holds=owner.in_front,
            detail="in the foreground" if owner.in_front else f"{command} is in the foreground instead",
        ),
        Gate(
            name="mode",
            holds=reading.state not in IN_A_MODE,
            detail=reading.reason if reading.state in IN_A_MODE else "in no mode of tmux",
        ),
        _not_in("shell", reading.state, PaneState.SHELL, "no shell", reading.reason),
        _not_in("draft", reading.state, PaneState.DRAFT, "none", reading.reason),
        _no_dialog(agent.client, reading),
        Gate(name="state", holds=reading.state is PaneState.IDLE, detail=f"{reading.state}: {reading.reason}"),
        _told(report, view, unchanged),
        Gate(
            name="quiet",
            holds=unchanged >= quiet,
            detail=f"unchanged for {unchanged.total_seconds():.1f} s of {quiet.total_seconds():g} s",
        ),
    )


OVERRULED = frozenset({"draft", "dialog", "state", "hooks", "quiet"})
"""The gates that the operator may overrule; never whose pane it is, what runs in front there, or a mode of tmux.

Nor a dialog of a program without a reader of its own: what a paste does there is not known."""


PROVEN_IDLE = timedelta(milliseconds=500)
"""How long a screen whose reader proves it idle must be unchanged: a frame that is half drawn is no proof."""


def quiet_for(client: Client | None, quiet: timedelta) -> timedelta:
    """How long a pane must be unchanged: the full quiet time only where nothing but quiet speaks for idleness."""
    return quiet if client in (None, Client.CUSTOM) else min(quiet, PROVEN_IDLE)


def first_closed(gates: Iterable[Gate], *, forced: bool = False) -> Gate | None:
    """The first gate that does not hold."""
    return next(
        (gate for gate in gates if not gate.holds and not (forced and gate.name in OVERRULED and not gate.firm)), None
    )


def _told(report: Report | None, view: PaneView, unchanged: timedelta) -> Gate:
    """What the program says must not contradict what its screen shows, unless its word is older than a calm screen."""
    if report is None or report.state is PaneState.IDLE:
        return Gate(name="hooks", holds=True, detail=report.detail if report else "nothing reported")
    calm = view.reading.state is PaneState.IDLE and unchanged >= SCREEN_WINS_AFTER and report.at < view.unchanged_since
    return Gate(name="hooks", holds=calm, detail=f"the program says {report.state}: {report.detail}")


def _no_dialog(client: Client | None, reading: PaneReading) -> Gate:
    gate = _not_in("dialog", reading.state, PaneState.DIALOG, "none", reading.reason)
    return replace(gate, firm=client not in READERS)


def _not_in(name: str, state: PaneState, closed_by: PaneState, fine: str, reason: str) -> Gate:
    return Gate(name=name, holds=state is not closed_by, detail=reason if state is closed_by else fine)


def _on_tty(owner: Owner, view: PaneView) -> bool:
    return owner.tty is not None and str(view.look.formats.get("pane_tty", "")).removeprefix("/dev/") == owner.tty


def _owner_detail(agent: Agent, owner: Owner, view: PaneView) -> str:
    pid = agent.binding.ui_pid if agent.binding else None
    if pid is None:
        return "no process was recorded when the pane was bound: bind it again"
    if not owner.alive:
        return f"process {pid} has ended; the pane now runs {view.look.formats.get('pane_current_command')}"
    if not _on_tty(owner, view):
        return f"process {pid} is on {owner.tty or 'no terminal'}, not in this pane"
    return f"process {pid}"
