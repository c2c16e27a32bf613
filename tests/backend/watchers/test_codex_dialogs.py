"""Each request of Codex for a decision is a dialog that says what is asked, or one that only the window answers."""

from datetime import UTC, datetime
from typing import Any

from xats_tui.backend.transports.json_rpc_stream import Incoming
from xats_tui.backend.watchers.codex_dialogs import (
    COMMAND,
    FILES,
    FORM,
    MAX_CHARS,
    PERMISSIONS,
    QUESTION,
    Request,
    request_of,
)
from xats_tui.core.model.client_states import DialogKind, Effect

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

CHANGE = {"path": "/p/new.txt", "kind": {"type": "add"}, "diff": "one\ntwo\n"}

TOOL: dict[str, Any] = {
    "serverName": "xats",
    "mode": "form",
    "_meta": {
        "codex_approval_kind": "mcp_tool_call",
        "persist": ["session", "always"],
        "tool_name": "send_message",
        "tool_params": {"body": "hello"},
    },
    "message": 'Allow the xats MCP server to run tool "send_message"?',
    "requestedSchema": {"type": "object", "properties": {}},
}


def asked(method: str, item: dict[str, Any] | None = None, *, request_id: int = 0, **params: Any) -> Request:
    known = {"threadId": "t", "turnId": "turn", **params}
    message = Incoming(method=method, params=known, request_id=request_id, at_ms=None)
    return request_of(message, item or {}, "agent", NOON)


def labels(request: Request) -> list[str]:
    return [option.label for option in request.dialog.options]


def test_files_are_asked_about_with_their_diff() -> None:
    request = asked(FILES, {"changes": [CHANGE]}, itemId="call", reason="outside the folder")
    assert request.dialog.subject == "/p/new.txt"
    assert request.dialog.text == "Reason: outside the folder\nadd /p/new.txt\none\ntwo"
    assert [reply["decision"] for reply in request.replies] == ["accept", "acceptForSession", "decline", "cancel"]


def test_nobody_is_asked_to_allow_changes_that_are_not_shown() -> None:
    assert asked(FILES, itemId="call").dialog.options == ()


def test_a_tool_of_a_server_is_asked_about_with_its_arguments() -> None:
    request = asked(FORM, **TOOL)
    assert (request.dialog.tool, request.dialog.kind) == ("xats: send_message", DialogKind.PERMISSION)
    assert "hello" in request.dialog.text
    assert [(option.label, option.effect) for option in request.dialog.options] == [
        ("Allow", Effect.ALLOW),
        ("Allow for this session", Effect.ALLOW_ALWAYS),
        ("Always allow", Effect.ALLOW_ALWAYS),
        ("Cancel this call", Effect.DENY),
    ]
    assert [(reply["action"], reply["_meta"]) for reply in request.replies] == [
        ("accept", None),
        ("accept", {"persist": "session"}),
        ("accept", {"persist": "always"}),
        ("cancel", None),
    ]


def test_a_form_of_a_server_is_left_to_the_window() -> None:
    request = asked(FORM, serverName="other", mode="form", _meta=None, message="Your name?", requestedSchema={})
    assert request.dialog.subject == "Your name?" and request.dialog.options == ()


def test_a_question_is_answered_by_the_label_of_a_choice() -> None:
    choices = [{"label": "A", "description": "first"}, {"label": "B", "description": "second"}]
    request = asked(QUESTION, questions=[{"id": "q1", "question": "Which one?", "options": choices}])
    assert request.dialog.kind is DialogKind.QUESTION and labels(request) == ["A", "B"]
    assert request.replies[1] == {"answers": {"q1": {"answers": ["B"]}}}


def test_several_questions_and_secrets_are_left_to_the_window() -> None:
    choices = [{"label": "A"}]
    one, two = ({"id": str(number), "question": "?", "options": choices} for number in (1, 2))
    assert asked(QUESTION, questions=[one, two]).dialog.options == ()
    assert asked(QUESTION, questions=[one | {"isSecret": True}]).dialog.options == ()


def test_more_permissions_are_left_to_the_window() -> None:
    assert asked(PERMISSIONS, permissions={"network": {}}, cwd="/p", reason="why").dialog.options == ()


def test_a_decision_that_is_not_known_is_no_option() -> None:
    request = asked(COMMAND, command="x", availableDecisions=["accept", "acceptForEver", {"more": 1}, 7])
    assert labels(request) == ["Yes, proceed"]


def test_without_a_list_of_decisions_all_that_every_server_knows_are_offered() -> None:
    assert len(asked(COMMAND, command="x").dialog.options) == 4


def test_two_requests_are_never_the_same_dialog() -> None:
    requests = [
        asked(COMMAND, itemId="call", startedAtMs=1),
        asked(COMMAND, itemId="call", startedAtMs=2),
        asked(COMMAND, itemId="other", startedAtMs=1),
        asked(COMMAND, itemId="call", startedAtMs=1, request_id=1),
        asked(COMMAND, itemId="call", startedAtMs=1, turnId="next"),
    ]
    assert len({request.dialog.id for request in requests}) == len(requests)


def test_what_is_not_understood_is_still_a_dialog() -> None:
    nonsense: dict[str, Any] = {
        "commandActions": 7,
        "command": ["x"],
        "cwd": 3,
        "startedAtMs": "soon",
        "availableDecisions": None,
    }
    assert asked(COMMAND, **nonsense).dialog.opened_at == NOON
    assert asked(FILES, {"changes": [{"path": None, "kind": 3, "diff": None}]}).dialog.subject == "changes of files"
    assert asked(QUESTION, questions="?").dialog.options == ()
    assert asked(FORM, _meta={"codex_approval_kind": "mcp_tool_call", "persist": 1}).dialog.options


def test_a_very_long_diff_is_cut_and_says_so() -> None:
    text = asked(FILES, {"changes": [CHANGE | {"diff": "x" * (2 * MAX_CHARS)}]}).dialog.text
    assert len(text) < MAX_CHARS + 100 and text.endswith("[cut here: the window shows all of it]")
