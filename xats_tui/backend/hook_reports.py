"""What the hosts of agents say of themselves: Claude Code's hooks announce turns and dialogs.

It keeps the newest word of each host's session and judges nothing.  Held in memory: a host speaks again soon enough.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from xats_tui.core.model.panes import PaneState

BELIEVED = timedelta(minutes=10)
"""How long a word is believed: an interrupted turn ends without one."""

SCREEN_WINS_AFTER = timedelta(seconds=5)
"""A screen that has been idle and unchanged so long is believed against an older word: a program at work moves."""

MAX_SESSIONS = 1_000
"""Host sessions that are remembered; of more, those that spoke last: whoever may post a hook may name any."""

MAX_NAME_CHARS = 200
"""Characters of a session's id; a longer one is nobody's."""
MAX_PROMPT_CHARS = 2_000
"""Characters of a prompt that are kept."""
MAX_TOOL_CHARS = 100
"""Characters of a tool's name that are kept."""

STATES = {
    "SessionStart": PaneState.IDLE,
    "UserPromptSubmit": PaneState.BUSY,
    "PreToolUse": PaneState.BUSY,
    "PostToolUse": PaneState.BUSY,
    "PermissionRequest": PaneState.DIALOG,
    "Stop": PaneState.IDLE,
}
"""What a hook's event means for the one who would type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookReport:
    """One word of a host."""

    state: PaneState
    detail: str
    at: datetime


class HookReports:
    """The newest report of every host session."""

    def __init__(self) -> None:
        self._newest: dict[str, HookReport] = {}
        self._prompts: dict[str, tuple[datetime, str]] = {}

    def note(self, host_session: str, event: str, fields: Mapping[str, Any], now: datetime) -> None:
        """Take down a hook's event; an event that says nothing about typing changes nothing."""
        if len(host_session) > MAX_NAME_CHARS:
            return
        if event == "SessionEnd":
            self._newest.pop(host_session, None)
            self._prompts.pop(host_session, None)
        elif event == "Notification" and fields.get("notification_type") == "permission_prompt":
            self._keep(host_session, HookReport(state=PaneState.DIALOG, detail="a permission prompt is open", at=now))
        elif event in STATES:
            tool = fields.get("tool_name")
            asks = isinstance(tool, str) and event == "PermissionRequest"
            detail = f"{event}: {str(tool)[:MAX_TOOL_CHARS]}" if asks else event
            self._keep(host_session, HookReport(state=STATES[event], detail=detail, at=now))
            if event == "UserPromptSubmit":
                self._prompts[host_session] = (now, str(fields.get("prompt", ""))[:MAX_PROMPT_CHARS])

    def of(self, host_session: str | None, now: datetime) -> HookReport | None:
        """The newest word of a session, if it is still believed."""
        report = self._newest.get(host_session or "")
        return report if report is not None and now - report.at < BELIEVED else None

    def prompt_since(self, host_session: str | None, since: datetime) -> str:
        """What a session says that it was last prompted with, if that is not older; else nothing."""
        at, prompt = self._prompts.get(host_session or "", (since, ""))
        return prompt if at >= since else ""

    def _keep(self, host_session: str, report: HookReport) -> None:
        self._newest.pop(host_session, None)
        self._newest[host_session] = report
        if len(self._newest) > MAX_SESSIONS:
            oldest = next(iter(self._newest))
            del self._newest[oldest]
            self._prompts.pop(oldest, None)
