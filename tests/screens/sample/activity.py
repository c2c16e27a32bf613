"""The log of the sample: events, the operator's acts, tmux commands, sessions."""

from tests.screens.sample.agents import BACKEND, DOCS, FRONTEND, PLANNER, QA, REVIEWER
from tests.screens.sample.clock import ago
from tests.screens.sample.wakes import WAKES
from xats_tui.core.model.activity import Activity, LoggedEvent
from xats_tui.core.model.agents import (
    OPERATOR_NAME,
)
from xats_tui.core.model.health import SessionEntry
from xats_tui.core.model.panes import PaneRef, TmuxCommand

EVENTS = tuple(
    LoggedEvent(
        event_id=number,
        at=ago(minutes=minutes),
        kind=kind,
        team=who.team,
        actor_id=who.agent_id,
        actor_name=who.name,
        others=tuple(other.agent_id for other in others),
        about=about or str(number),
        detail=detail,
    )
    for number, minutes, kind, who, others, about, detail in (
        (9, 0.1, "message_sent", FRONTEND, (BACKEND,), "", "API changed?"),
        (8, 0.3, "contract_registered", BACKEND, (), "orders", "orders v4"),
        (7, 3, "message_sent", PLANNER, (BACKEND, FRONTEND, QA, REVIEWER), "", "Stand-up"),
        (6, 12, "task_claimed", BACKEND, (), "t-41", "migrate the orders table"),
        (5, 22, "task_completed", FRONTEND, (), "t-39", "cart totals"),
    )
)


ACTS = tuple(
    Activity(
        activity_id=number,
        at=ago(minutes=minutes),
        actor=OPERATOR_NAME,
        verb=verb,
        agent_id=who.agent_id,
        message_id=message_id,
        detail=detail,
    )
    for number, minutes, verb, who, message_id, detail in (
        (4, 3.5, "replay", QA, WAKES[2].message_id, "tried again"),
        (3, 12, "poke", FRONTEND, None, "submitted: the composer is empty again"),
        (2, 30, "do not disturb", DOCS, None, f"agent:{DOCS.agent_id} until 2026-11-22 14:03"),
        (1, 75, "force", BACKEND, "8f3c0001-77aa-4d2e", "forced"),
    )
)


COMMANDS = (
    TmuxCommand(number=2, at=ago(seconds=22), pane=PaneRef("", "%4"), what="pressed Enter"),
    TmuxCommand(number=1, at=ago(seconds=23), pane=PaneRef("", "%4"), what="pasted 58 characters"),
)


SESSIONS = tuple(
    SessionEntry(
        session_id=f"5e55{number}0000-0000",
        client=client,
        agent_id=who.agent_id if who else None,
        opened_at=ago(minutes=minutes),
        last_call_at=ago(seconds=called) if called else None,
        has_stream=has_stream,
    )
    for number, (client, who, minutes, called, has_stream) in enumerate(
        (
            ("claude-code 2.1.0", BACKEND, 130, 190, True),
            ("codex-mcp-client 0.98.0", FRONTEND, 120, 6, True),
            ("opencode 1.2", DOCS, 55, 660, False),
            ("", None, 2, None, False),
        )
    )
)
