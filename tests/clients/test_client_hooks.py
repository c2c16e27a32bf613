"""The hooks of each client: events as the real programs sent them, and what they mean."""

from typing import Any

import pytest

from xats_tui.clients.hook_table import HookAnswer, HookEvent, HookMeaning, HookTable, text_at
from xats_tui.clients.registry import CLIENTS, PLAIN_HOOKS, hook_table

Fields = dict[str, Any]

ASKED_BY_GEMINI = {
    "session_id": "5bfa4ab7",
    "hook_event_name": "Notification",
    "notification_type": "ToolPermission",
    "message": "Tool Confirm Shell Command requires execution",
    "details": {"type": "exec", "title": "Confirm Shell Command", "command": "touch x", "rootCommand": "touch"},
}

SENT: list[tuple[str, str, Fields, HookMeaning | None, str]] = [
    ("gemini", "SessionStart", {"session_id": "s", "source": "startup"}, HookMeaning.SESSION_BEGINS, ""),
    ("gemini", "BeforeAgent", {"session_id": "s", "prompt": "p"}, HookMeaning.TURN_BEGINS, ""),
    ("gemini", "Notification", ASKED_BY_GEMINI, HookMeaning.ASKS, "touch x"),
    ("gemini", "AfterTool", {"session_id": "s", "tool_name": "run_shell_command"}, HookMeaning.TOOL_RAN, ""),
    ("gemini", "AfterAgent", {"session_id": "s", "stop_hook_active": False}, HookMeaning.TURN_ENDS, ""),
    ("gemini", "PreCompress", {"session_id": "s"}, None, ""),
    ("qwen", "Notification", {"session_id": "s", "notification_type": "idle_prompt"}, HookMeaning.RESTS, ""),
    ("qwen", "Notification", {"session_id": "s", "notification_type": "permission_prompt"}, HookMeaning.ASKS, ""),
    ("qwen", "Stop", {"session_id": "s", "permission_mode": "default"}, HookMeaning.TURN_ENDS, ""),
    ("copilot", "userPromptSubmitted", {"sessionId": "s", "prompt": "p"}, HookMeaning.TURN_BEGINS, ""),
    ("copilot", "postToolUse", {"sessionId": "s", "toolName": "bash"}, HookMeaning.TOOL_RAN, ""),
    ("copilot", "agentStop", {"sessionId": "s", "stopReason": "end_turn"}, HookMeaning.TURN_ENDS, ""),
    ("droid", "Notification", {"session_id": "s", "notification_type": "elicitation_dialog"}, HookMeaning.ASKS, ""),
    ("cline", "TaskComplete", {"taskId": "t", "sessionContext": {"rootSessionId": "s"}}, HookMeaning.RESTS, ""),
    ("cursor-cli", "stop", {"conversation_id": "s", "status": "completed"}, HookMeaning.TURN_ENDS, ""),
    ("cursor-cli", "stop", {"conversation_id": "s", "status": "aborted"}, HookMeaning.RESTS, ""),
    ("kimi", "PermissionRequest", {"session_id": "s", "tool_name": "Bash"}, HookMeaning.ASKS, "Bash"),
    ("claude-code", "Notification", {"session_id": "s", "notification_type": "idle_prompt"}, None, ""),
    ("codex", "Interrupt", {"session_id": "s"}, HookMeaning.RESTS, ""),
]


@pytest.mark.parametrize(("client", "event", "fields", "meaning", "asked"), SENT)
def test_an_event_means_what_its_client_does(
    client: str, event: str, fields: Fields, meaning: HookMeaning | None, asked: str
) -> None:
    table = hook_table(client)
    assert table is not None

    assert table.meaning(event, fields) is meaning
    assert text_at(fields, table.session)
    if meaning is HookMeaning.ASKS:
        assert table.asked(fields) == asked


@pytest.mark.parametrize("client", [client for client, spec in CLIENTS.items() if spec.hooks])
def test_every_table_tells_when_a_turn_begins_and_when_it_is_over(client: str) -> None:
    table = hook_table(client)
    assert table is not None
    means = {event.means for event in table.events if event.is_set_up}

    assert HookMeaning.TURN_BEGINS in means
    assert means & {HookMeaning.TURN_ENDS, HookMeaning.RESTS}
    assert (HookMeaning.TURN_ENDS in means) == (table.answer is not None)


def test_a_line_that_names_no_client_is_read_as_before_and_one_of_an_unknown_client_not_at_all() -> None:
    assert hook_table("") is PLAIN_HOOKS
    assert PLAIN_HOOKS.meaning("Stop", {}) is HookMeaning.TURN_ENDS
    assert hook_table("nobody") is hook_table("opencode") is None


@pytest.mark.parametrize(
    ("answer", "output"),
    [
        (HookAnswer.BLOCK, {"decision": "block", "reason": "hint"}),
        (HookAnswer.FOLLOW_UP, {"followup_message": "hint"}),
        (HookAnswer.CONTEXT, {"hookSpecificOutput": {"hookEventName": "End", "additionalContext": "hint"}}),
        (
            HookAnswer.DENY,
            {"hookSpecificOutput": {"permissionDecision": "deny", "permissionDecisionReason": "hint"}},
        ),
        (None, {}),
    ],
)
def test_a_hint_is_handed_over_in_the_clients_own_form(answer: HookAnswer | None, output: Fields) -> None:
    table = HookTable(events=(HookEvent(name="End", means=HookMeaning.TURN_ENDS),), answer=answer)

    assert table.answered("End", "hint") == output


@pytest.mark.parametrize(
    ("client", "fields", "continued"),
    [
        ("gemini", {"stop_hook_active": True}, True),
        ("gemini", {"stop_hook_active": False}, False),
        ("cursor-cli", {"loop_count": 1}, True),
        ("cursor-cli", {"loop_count": 0}, False),
        ("copilot", {}, False),
    ],
)
def test_a_turn_that_a_hook_began_is_known(client: str, fields: Fields, continued: bool) -> None:
    table = hook_table(client)
    assert table is not None and table.is_continued(fields) is continued


def test_fields_of_another_shape_say_nothing() -> None:
    assert text_at({"a": {"b": 7}}, "a.b") == text_at({"a": "x"}, "a.b") == text_at({}, "a") == ""
