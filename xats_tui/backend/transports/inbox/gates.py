"""The state of a Claude Code's session as gates for its inbox."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from xats_tui.backend.hook_reports import HookReport
from xats_tui.backend.system.sessions.claude_files import LivingSession
from xats_tui.core.model.client_states import Dialog
from xats_tui.core.model.panes import PaneState
from xats_tui.core.model.wakes import Gate

FILE_LAGS = timedelta(seconds=2)
"""Time within which a session file follows a hook; it takes half a second."""


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
