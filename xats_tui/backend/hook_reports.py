"""Reports of agents' client programs about themselves: Claude Code's hooks announce turns and dialogs.

Only the newest report of each session is kept, in memory, because a client reports again soon.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from xats_tui.clients.registry import HOOK_STATES, PROMPTS, SESSION_ENDS
from xats_tui.core.model.panes import PaneState

# an interrupted turn ends without a report
BELIEVED = timedelta(minutes=10)
"""Time for which a report is valid."""

# a working program changes its screen
SCREEN_WINS_AFTER = timedelta(seconds=5)
"""Time idle and unchanged after which the screen overrides an older report."""

# the hook of a dialog that a person has closed meanwhile comes after the screen's last change
LATE_REPORT_COUNTS_FOR = timedelta(seconds=10)
"""Time idle and unchanged after which the screen overrides a report that came after its last change."""

# any local program can post hooks with invented sessions
MAX_SESSIONS = 1_000
"""Number of sessions kept, by latest report."""

MAX_NAME_CHARS = 200
"""Maximum characters of a session id; a longer id is ignored."""
MAX_PROMPT_CHARS = 2_000
"""Maximum characters of a prompt that are kept."""
MAX_TOOL_CHARS = 100
"""Maximum characters of a tool name that are kept."""

STATES = {event: PaneState(state) for event, state in HOOK_STATES.items()}
"""Pane state that each hook event implies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookReport:
    """One report of a client program."""

    state: PaneState
    detail: str
    at: datetime


class HookReports:
    """The newest report of every client session."""

    def __init__(self) -> None:
        self._newest: dict[str, HookReport] = {}
        self._prompts: dict[str, tuple[datetime, str]] = {}
        self._modes: dict[str, str] = {}

    def note(self, host_session: str, event: str, fields: Mapping[str, Any], now: datetime) -> None:
        """Record a hook event; events without meaning for typing change nothing."""
        if len(host_session) > MAX_NAME_CHARS:
            return
        if event in SESSION_ENDS:
            self._newest.pop(host_session, None)
            self._prompts.pop(host_session, None)
            self._modes.pop(host_session, None)
        elif event == "Notification" and fields.get("notification_type") == "permission_prompt":
            self._keep(host_session, HookReport(state=PaneState.DIALOG, detail="a permission prompt is open", at=now))
        elif event in STATES:
            tool = fields.get("tool_name")
            asks = isinstance(tool, str) and event == "PermissionRequest"
            detail = f"{event}: {str(tool)[:MAX_TOOL_CHARS]}" if asks else event
            self._keep(host_session, HookReport(state=STATES[event], detail=detail, at=now))
            if event in PROMPTS:
                self._prompts[host_session] = (now, str(fields.get("prompt", ""))[:MAX_PROMPT_CHARS])
        mode = fields.get("permission_mode")  # SessionStart and Notification carry none
        if isinstance(mode, str) and host_session in self._newest:
            self._modes[host_session] = mode[:MAX_NAME_CHARS]

    def of(self, host_session: str | None, now: datetime) -> HookReport | None:
        """Return the newest report of a session, if it is still valid."""
        report = self._newest.get(host_session or "")
        return report if report is not None and now - report.at < BELIEVED else None

    def has_heard(self, host_session: str | None) -> bool:
        """Return whether this session's hooks have reported since the coordinator started."""
        return (host_session or "") in self._newest

    def prompt_since(self, host_session: str | None, since: datetime) -> str:
        """Return the session's latest prompt if it is not older than `since`, else an empty string."""
        at, prompt = self._prompts.get(host_session or "", (since, ""))
        return prompt if at >= since else ""

    def mode_of(self, host_session: str | None) -> str:
        """Return the permission mode in a session's latest report that carried one; empty if none did."""
        return self._modes.get(host_session or "", "")

    def _keep(self, host_session: str, report: HookReport) -> None:
        self._newest.pop(host_session, None)  # reinsert at the end: the order is that of the latest reports
        self._newest[host_session] = report
        if len(self._newest) > MAX_SESSIONS:
            oldest = next(iter(self._newest))
            del self._newest[oldest]
            self._prompts.pop(oldest, None)
            self._modes.pop(oldest, None)
