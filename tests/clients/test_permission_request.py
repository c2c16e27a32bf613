"""Claude Code's permission hook: what its event asks, and the output that each answer makes."""

import json
from typing import Any

import pytest

from xats_tui.clients.claude_code.permission_request import DENIED, MAX_TEXT_CHARS, read_request
from xats_tui.clients.permission_hooks import HookQuestion
from xats_tui.core.model.client_states import DialogKind, Effect

DIRECTORY = {"type": "addDirectories", "directories": ["/work"], "destination": "session"}
MODE = {"type": "setMode", "mode": "acceptEdits", "destination": "session"}
RULE = {
    "type": "addRules",
    "rules": [{"toolName": "WebFetch", "ruleContent": "domain:example.org"}],
    "behavior": "allow",
    "destination": "localSettings",
}


def asked(tool: str, suggestions: object = (), **given: Any) -> HookQuestion:
    return read_request({"tool_name": tool, "tool_input": given, "permission_suggestions": list(suggestions)})  # type: ignore[call-overload]


def decision(question: HookQuestion, number: int, words: str = "") -> Any:
    output = question.output(question.options[number - 1], words)["hookSpecificOutput"]
    assert output["hookEventName"] == "PermissionRequest"
    return output["decision"]


def test_a_command_is_allowed_once_or_denied() -> None:
    question = asked("Bash", command="touch x", description="make a file")

    assert (question.kind, question.tool, question.subject) == (DialogKind.PERMISSION, "Bash", "touch x")
    assert question.text == "command: touch x\ndescription: make a file"
    assert [(one.label, one.effect) for one in question.options] == [
        ("Yes", Effect.ALLOW),
        ("No", Effect.DENY),
        ("No, and say why", Effect.DENY),
    ]
    assert decision(question, 1) == {"behavior": "allow"}
    assert decision(question, 2) == {"behavior": "deny", "message": DENIED}
    assert question.options[2].needs_typing and decision(question, 3, " use make ") == {
        "behavior": "deny",
        "message": "use make",
    }


def test_each_suggested_permission_is_an_answer_of_its_own() -> None:
    question = asked("Bash", (DIRECTORY, MODE, RULE), command="touch x")

    labels = [option.label for option in question.options]
    assert labels == [
        "Yes",
        "Yes, and allow access to /work for this session",
        "Yes, and switch to mode acceptEdits for this session",
        "Yes, and always allow WebFetch(domain:example.org) in this project, for you",
        "No",
        "No, and say why",
    ]
    assert [option.effect for option in question.options[1:4]] == [Effect.ALLOW_ALWAYS] * 3
    assert decision(question, 2) == {"behavior": "allow", "updatedPermissions": [DIRECTORY]}
    assert decision(question, 4) == {"behavior": "allow", "updatedPermissions": [RULE]}


@pytest.mark.parametrize(
    "suggestion",
    [
        {"type": "somethingNew", "destination": "session"},
        {**RULE, "behavior": "deny"},
        {**DIRECTORY, "destination": "elsewhere"},
        {"type": "addRules", "rules": [], "behavior": "allow", "destination": "session"},
        "text",
    ],
)
def test_a_suggestion_that_is_not_understood_is_not_offered(suggestion: object) -> None:
    question = asked("Bash", [suggestion], command="touch x")

    assert [option.label for option in question.options] == ["Yes", "No", "No, and say why"]


def test_a_changed_file_is_shown_as_a_diff() -> None:
    edited = asked("Edit", file_path="/work/a.py", old_string="one\ntwo", new_string="one\nTWO")
    written = asked("Write", file_path="/work/a.py", content="one\n")

    assert edited.subject == "/work/a.py"
    assert edited.text.splitlines()[2:] == ["@@ -1,2 +1,2 @@", " one", "-two", "+TWO"]
    assert written.text.splitlines()[3:] == ["+one"]


def test_a_question_of_the_model_is_answered_by_its_label_or_in_words() -> None:
    given = {
        "questions": [
            {
                "question": "Which colour?",
                "options": [{"label": "Red", "description": "warm"}, {"label": "Blue", "description": "cold"}],
                "multiSelect": False,
            }
        ]
    }
    question = asked("AskUserQuestion", **given)

    assert (question.kind, question.tool, question.subject) == (DialogKind.QUESTION, "", "Which colour?")
    assert [(one.label, one.note) for one in question.options] == [
        ("Red", "warm"),
        ("Blue", "cold"),
        ("Something else", ""),
    ]
    answered = {"behavior": "allow", "updatedInput": {**given, "answers": {"Which colour?": "Blue"}}}
    assert decision(question, 2) == answered
    assert decision(question, 3, " teal ")["updatedInput"]["answers"] == {"Which colour?": "teal"}


@pytest.mark.parametrize("more", [{"multiSelect": True}, {"options": []}])
def test_a_question_that_the_hook_cannot_answer_is_left_to_the_pane(more: dict[str, Any]) -> None:
    question = {"question": "Which?", "options": [{"label": "a"}], "multiSelect": False}

    assert asked("AskUserQuestion", questions=[question | more]).options == ()
    assert asked("AskUserQuestion", questions=[question, question]).options == ()


def test_a_plan_is_left_to_the_pane() -> None:
    assert asked("ExitPlanMode", plan="1. do it").options == ()


def test_a_huge_input_is_cut() -> None:
    question = asked("Bash", command="x" * 100_000)

    assert len(question.text) < MAX_TEXT_CHARS + 100 and "more characters" in question.text
    assert len(question.subject) <= 300


@pytest.mark.parametrize(
    "fields", [{}, {"tool_name": 7, "tool_input": []}, {"tool_input": {"questions": "?"}, "permission_suggestions": {}}]
)
def test_an_event_of_another_shape_is_read_all_the_same(fields: dict[str, Any]) -> None:
    question = read_request(fields)

    assert json.dumps(question.output(question.options[0], "")) and "\n" not in question.subject
