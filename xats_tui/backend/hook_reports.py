"""Reports of agents' client programs about themselves: their hooks announce turns and dialogs.

Only the newest report of each session is kept, in memory, because a client reports again soon.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from xats_tui.clients.hook_table import HookMeaning, HookTable, text_at
from xats_tui.clients.registry import hook_table
from xats_tui.core.model.agents import Agent
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
STATES: Mapping[HookMeaning, PaneState] = {
    HookMeaning.SESSION_BEGINS: PaneState.IDLE,
    HookMeaning.TURN_BEGINS: PaneState.BUSY,
    HookMeaning.WORKS: PaneState.BUSY,
    HookMeaning.ASKS: PaneState.DIALOG,
    HookMeaning.TOOL_RAN: PaneState.BUSY,
    HookMeaning.RESTS: PaneState.IDLE,
    HookMeaning.TURN_ENDS: PaneState.IDLE,
}
"""Pane state that an event with each meaning implies."""


class HookReport(Struct, frozen=True, kw_only=True):
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
        self._attributed: dict[str, str] = {}
        """By agent id, the session that its process was last seen to report."""

    def note(
        self, host_session: str, event: str, table: HookTable, fields: Mapping[str, Any], now: datetime
    ) -> HookReport | None:
        """Record a hook event; return it as a report, or None if it tells no state."""
        meaning = table.meaning(event, fields)
        if meaning is None or len(host_session) > MAX_NAME_CHARS:
            return None
        if meaning is HookMeaning.SESSION_ENDS:
            self._forget(host_session)
            return None
        asked = table.asked(fields) if meaning is HookMeaning.ASKS else ""
        report = HookReport(state=STATES[meaning], detail=f"{event}: {asked}" if asked else event, at=now)
        self._keep(host_session, report)
        if meaning is HookMeaning.TURN_BEGINS:
            self._prompts[host_session] = (now, text_at(fields, table.prompt)[:MAX_PROMPT_CHARS])
        mode = fields.get("permission_mode")  # not every event carries one
        if isinstance(mode, str):
            self._modes[host_session] = mode[:MAX_NAME_CHARS]
        return report

    def attribute(self, host_session: str, agent_id: str) -> None:
        """Note that an agent's process has reported this session."""
        self._attributed.pop(agent_id, None)
        self._attributed[agent_id] = host_session[:MAX_NAME_CHARS]
        if len(self._attributed) > MAX_SESSIONS:
            del self._attributed[next(iter(self._attributed))]

    def of(self, host_session: str | None, now: datetime) -> HookReport | None:
        """Return the newest report of a session, if it is still valid."""
        report = self._newest.get(host_session or "")
        return report if report is not None and now - report.at < BELIEVED else None

    def of_agent(self, agent: Agent, now: datetime) -> HookReport | None:
        """Return the newest report of an agent's sessions, if it is still valid."""
        found = [report for one in self._sessions_of(agent) if (report := self.of(one, now))]
        return max(found, key=lambda report: report.at, default=None)

    def has_heard(self, agent: Agent) -> bool:
        """Return whether an agent's hooks have reported since the coordinator started."""
        return any(one in self._newest for one in self._sessions_of(agent))

    def takes_hints(self, agent: Agent) -> bool:
        """Return whether an agent's hooks report, and take a hint at the end of a turn."""
        table = hook_table(agent.client) if agent.client else None
        return table is not None and table.answer is not None and self.has_heard(agent)

    def prompt_since(self, host_session: str | None, since: datetime) -> str:
        """Return the session's latest prompt if it is not older than `since`, else an empty string."""
        at, prompt = self._prompts.get(host_session or "", (since, ""))
        return prompt if at >= since else ""

    def prompt_of_agent(self, agent: Agent, since: datetime) -> str:
        """Return the latest prompt of an agent's sessions if it is not older than `since`, else an empty string."""
        return next((prompt for one in self._sessions_of(agent) if (prompt := self.prompt_since(one, since))), "")

    def mode_of(self, host_session: str | None) -> str:
        """Return the permission mode in a session's latest report that carried one; empty if none did."""
        return self._modes.get(host_session or "", "")

    def _sessions_of(self, agent: Agent) -> tuple[str, ...]:
        """Return the sessions that an agent's hooks report, the one that its process was seen to report first."""
        known = (self._attributed.get(agent.agent_id), agent.host_session)
        return tuple(dict.fromkeys(one for one in known if one))

    def _keep(self, host_session: str, report: HookReport) -> None:
        self._newest.pop(host_session, None)  # reinsert at the end: the order is that of the latest reports
        self._newest[host_session] = report
        if len(self._newest) > MAX_SESSIONS:
            self._forget(next(iter(self._newest)))

    def _forget(self, host_session: str) -> None:
        self._newest.pop(host_session, None)
        self._prompts.pop(host_session, None)
        self._modes.pop(host_session, None)
