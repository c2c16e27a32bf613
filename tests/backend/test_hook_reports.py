"""Hook reports: the newest one is valid for a while, and their number is limited."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from xats_tui.backend.hook_reports import BELIEVED, MAX_NAME_CHARS, MAX_SESSIONS, HookReports
from xats_tui.clients.hook_table import MAX_ASKED_CHARS, MAX_TOLD_CHARS, told_model, told_tokens, told_tool
from xats_tui.clients.registry import PLAIN_HOOKS
from xats_tui.core.model.panes import PaneState

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def heard(*events: tuple[str, dict[str, Any]]) -> HookReports:
    """Return the reports after one session has sent these events."""
    reports = HookReports()
    for event, fields in events:
        reports.note("s", event, PLAIN_HOOKS, fields, NOW)
    return reports


@pytest.mark.parametrize(
    ("event", "fields", "state", "detail"),
    [
        ("UserPromptSubmit", {}, PaneState.BUSY, "UserPromptSubmit"),
        ("Stop", {}, PaneState.IDLE, "Stop"),
        ("PermissionRequest", {"tool_name": "Bash"}, PaneState.DIALOG, "PermissionRequest: Bash"),
        ("PermissionRequest", {"tool_name": ["Bash"]}, PaneState.DIALOG, "PermissionRequest"),
        (
            "Notification",
            {"notification_type": "permission_prompt", "message": "Claude needs your permission"},
            PaneState.DIALOG,
            "Notification: Claude needs your permission",
        ),
    ],
)
def test_an_event_says_what_the_program_does(event: str, fields: dict[str, Any], state: PaneState, detail: str) -> None:
    report = heard(("SessionStart", {}), (event, fields)).of("s", NOW)

    assert report is not None
    assert (report.state, report.detail) == (state, detail)


def test_an_event_that_says_nothing_about_typing_changes_nothing() -> None:
    reports = heard(("UserPromptSubmit", {}), ("Notification", {"notification_type": "other"}), ("Whatever", {}))

    assert reports.of("s", NOW) == heard(("UserPromptSubmit", {})).of("s", NOW)


def test_a_word_is_believed_for_a_while_and_not_after_the_session_has_ended() -> None:
    reports = heard(("UserPromptSubmit", {}))

    assert reports.of("s", NOW + BELIEVED - timedelta(milliseconds=1)) is not None
    assert reports.of("s", NOW + BELIEVED) is None
    assert heard(("UserPromptSubmit", {}), ("SessionEnd", {})).of("s", NOW) is None
    assert reports.of("another", NOW) is reports.of(None, NOW) is None


def test_whoever_posts_hooks_cannot_fill_the_memory() -> None:
    reports = heard()
    for number in range(MAX_SESSIONS + 1):
        reports.note(f"s{number}", "PermissionRequest", PLAIN_HOOKS, {"tool_name": "x" * 10_000}, NOW)
    reports.note("l" * (MAX_NAME_CHARS + 1), "Stop", PLAIN_HOOKS, {}, NOW)

    newest = reports.of(f"s{MAX_SESSIONS}", NOW)
    assert newest is not None
    assert len(newest.detail) == len("PermissionRequest: ") + MAX_ASKED_CHARS
    assert reports.of("s0", NOW) is None
    assert reports.of("s1", NOW) is not None
    assert reports.of("l" * (MAX_NAME_CHARS + 1), NOW) is None


def test_the_latest_mode_is_kept_while_events_without_one_come() -> None:
    reports = heard(("Stop", {"permission_mode": "plan"}), ("SessionStart", {}), ("Stop", {"permission_mode": 7}))
    assert reports.mode_of("s") == "plan"

    reports.note("s", "UserPromptSubmit", PLAIN_HOOKS, {"permission_mode": "default"}, NOW)
    assert reports.mode_of("s") == "default"

    reports.note("s", "SessionEnd", PLAIN_HOOKS, {"permission_mode": "default"}, NOW)
    assert reports.mode_of("s") == reports.mode_of(None) == ""


@pytest.mark.parametrize(
    ("fields", "tool", "model", "tokens"),
    [
        ({}, "", "", None),
        ({"tool_name": "Bash", "tool_input": {"command": "ls\n-l"}, "model": "m1"}, "Bash: ls -l", "m1", None),
        ({"toolName": "edit", "model": {"id": "m2"}}, "edit", "m2", None),
        ({"tool_name": 7, "model": ["m"], "input_tokens": True}, "", "", None),
        ({"llm_response": {"usageMetadata": {"totalTokenCount": 48_211}}}, "", "", 48_211),
        ({"input_tokens": 7_000, "context_limit": 9}, "", "", 7_000),
    ],
)
def test_only_what_an_event_says_of_tool_model_and_tokens_is_told(
    fields: dict[str, Any], tool: str, model: str, tokens: int | None
) -> None:
    assert (told_tool(fields), told_model(fields), told_tokens(fields)) == (tool, model, tokens)


def test_a_long_command_is_cut_with_a_sign() -> None:
    told = told_tool({"tool_name": "Bash", "tool_input": {"command": "x" * 10_000}})
    assert (len(told), told[-1]) == (MAX_TOLD_CHARS, "…")


@pytest.mark.parametrize("counted", [-1, 10**4_000, True, 1.5], ids=["less", "more", "a word", "part"])
def test_a_number_that_no_conversation_reaches_is_no_count(counted: object) -> None:
    assert told_tokens({"input_tokens": counted}) is None
