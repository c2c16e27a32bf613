"""Gates of an inbox: the program, an earlier hint, and the state of a Claude Code's session."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from xats_tui.backend.hook_reports import SCREEN_WINS_AFTER, HookReport
from xats_tui.backend.system.processes import BoundProcess
from xats_tui.backend.system.sessions.claude_files import LivingSession
from xats_tui.core.model.client_states import Dialog
from xats_tui.core.model.panes import PaneState, PaneView
from xats_tui.core.model.wakes import UNCONFIRMED, Gate

FILE_LAGS = timedelta(seconds=2)
"""Time within which a session file follows a hook; it takes half a second."""


def stopped_gate(occupant: BoundProcess | None, pid: int) -> Gate:
    """Judge whether the program runs: one that is stopped takes nothing."""
    stopped = occupant is not None and occupant.stopped
    detail = f"the program is stopped: continue it with: kill -CONT {pid}" if stopped else "it runs"
    return Gate(name="stopped", holds=occupant is not None and not stopped, detail=detail)


def own_hint_gate(outstanding: str) -> Gate:
    """Judge whether another hint may be posted: not while an earlier one, which is told, may be taken yet."""
    return Gate(name="own hint", holds=not outstanding, detail=f"{UNCONFIRMED}{outstanding}" if outstanding else "none")


def declined_gate(until: datetime | None) -> Gate:
    """Judge whether the session's person has declined an earlier hint; nothing is put before the agent until then."""
    detail = (
        f"its person declined an earlier hint; none is put before {until.astimezone():%H:%M}"
        if until
        else "none was declined"
    )
    return Gate(name="declined", holds=until is None, detail=detail)


def screen_gates(
    view: PaneView | None, report: HookReport | None, dialogs: Sequence[Dialog], now: datetime
) -> tuple[Gate, ...]:
    """Judge the state of a session by its screen, and by a hook that a calm screen does not settle.

    A draft or a menu on the screen closes no gate here: it stays as it is.  Nor does an unknown screen: a message that
    comes at a bad time waits in the inbox.
    """
    state = view.reading.state if view else PaneState.UNKNOWN
    reason = view.reading.reason if view else "no screen is seen"
    shows_dialog = state is PaneState.DIALOG
    open_ones = [*(dialog.subject for dialog in dialogs), *([reason] if shows_dialog else ())]
    says_other = report is not None and report.state in (PaneState.BUSY, PaneState.DIALOG)
    calm_since = max(view.unchanged_since, report.at) if view and report else now
    settled = state is PaneState.IDLE and now - calm_since >= SCREEN_WINS_AFTER
    told = f"the program says {report.state}: {report.detail}" if report else "nothing reported"
    told = f"{told}; its screen has been idle since" if says_other and settled else told
    return (
        Gate(name="dialog", holds=not open_ones, detail=f"open: {open_ones[0]}" if open_ones else "none"),
        Gate(name="state", holds=state is not PaneState.BUSY, detail=f"{state}: {reason}"),
        Gate(name="hooks", holds=not says_other or settled, detail=told),
    )


def state_gates(
    session: LivingSession, report: HookReport | None, dialogs: Sequence[Dialog], now: datetime, *, urgent: bool
) -> tuple[Gate, ...]:
    """Judge the state of a session: its file, the dialogs that it tells of, and a newer hook that contradicts it.

    A draft or a menu on the screen closes no gate here: it stays as it is.
    """
    file, state = session.file, session.file.state
    subject = dialogs[0].subject if dialogs else file.detail
    into_turn = urgent and state is PaneState.BUSY
    agree = {PaneState.IDLE, state} | ({PaneState.BUSY} if urgent else set())
    newer = report is not None and report.at > file.since and now - report.at < FILE_LAGS
    contradicts = report is not None and newer and report.state not in agree
    asks = state is PaneState.DIALOG or bool(dialogs)
    return (
        Gate(name="dialog", holds=not asks, detail=f"open: {subject}" if asks else "none"),
        Gate(
            name="state",
            holds=state is PaneState.IDLE or into_turn,
            detail="busy: an urgent message goes into the turn" if into_turn else f"session {state}",
        ),
        Gate(
            name="hooks",
            holds=not contradicts,
            detail=f"the program has just said {report.state}: {report.detail}" if contradicts and report else "agree",
        ),
    )
