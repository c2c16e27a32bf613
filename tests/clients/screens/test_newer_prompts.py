"""Questions of newer programs' dialogs, and the dialogs in which a key would become text."""

import re
from typing import NamedTuple

import pytest

from tests.clients.screens.test_newer_captures import ALL, Capture
from tests.of_each import of_each
from xats_tui.clients.dialogs import NOT_KNOWN, read_prompt
from xats_tui.core.model.panes import Prompt
from xats_tui.core.screen.options import EDITING, TYPING


class Asked(NamedTuple):
    """Content of a dialog as a person reads it."""

    question: str
    """The beginning of it."""
    labels: list[str]
    """The beginnings of its options."""
    chosen: int = 1
    arrows: tuple[str, str] | None = None


UP_DOWN = ("Up", "Down")
ALLOW = 'Allow the xats MCP server to run tool "get_inbox"?'
FORM = ["Allow", "Allow for this session", "Always allow", "Cancel"]
AUTO = "Yes, and switch to auto mode"

ASKED = {
    "cl-120-dialog-nc": Asked("Bash command · x · touch made-1 · Do you want", ["Yes", "Yes, and always", AUTO, "No"]),
    "cl-60-dialog-permission": Asked(
        "Bash command · x · touch x · Do you want", ["Yes", "Yes, and always", AUTO, "No"]
    ),
    "cl-40-dialog": Asked("Bash command · x · touch x · Do you want", ["Yes", "Yes, and always", AUTO, "No"]),
    "cl-50-dialog-colourless": Asked("Bash command · x · touch x · Do", ["Yes", "Yes, and always", AUTO, "No"]),
    "cl-100-dialog-prefix": Asked("Bash command · builds · npm run", ["Yes", "Yes, and don’t ask again", AUTO, "No"]),
    "cl-mcp-dialog-inbox": Asked("Tool use · xats — Get Inbox Tool", ["Yes", "Yes, and don't ask again", "No"]),
    "cl-plan-dialog-exitplan": Asked("Exit plan mode? · Claude wants to exit", ["Yes, and switch to default", "No"]),
    "cl-120-dialog-plan-nc": Asked("Exit plan mode? · Claude wants to exit", ["Yes, and switch to default", "No"]),
    "cl-plan-bash": Asked("Bash command · x · touch x · Auto mode can't check", ["No", "Yes"], arrows=UP_DOWN),
    "cl-100-dialog-check-yes": Asked("Bash command · x · touch x", ["No", "Yes"], chosen=2, arrows=UP_DOWN),
    "cl-120-held-message-bypass-nc": Asked("Held message from another", ["Deny — drop", "Deliver"], arrows=UP_DOWN),
    "cl-120-offer-auto-mode-nc": Asked("Make auto mode your default", ["Yes, set auto", "No, keep"], arrows=UP_DOWN),
    "cl-bypass-dialog": Asked("WARNING: Claude Code running", ["No, exit", "Yes, I accept"], arrows=UP_DOWN),
    "cl-100-dialog-trust": Asked("Accessing workspace", ["No, exit", "Yes, I trust"], arrows=UP_DOWN),
    "cl-100-dialog-questions": Asked("Pick ☐ Many ✔ Submit", ["A", "B", "Type something.", "Chat about this"]),
    "cl-100-dialog-questions-review": Asked("Pick ☒ Many ✔ Submit", ["Submit answers", "Cancel"]),
    "cx-mcp-dialog-inbox": Asked(ALLOW, FORM),
    "cx-100-dialog-form": Asked(ALLOW, FORM),
    "cx-100-dialog-question": Asked("Which one?", ["A", "B", "None of the above"]),
    "cx-narrow50-dialog": Asked(
        "Would you like to run", ["Yes, proceed (y)", "Yes, and don't ask again", "No, and tell"]
    ),
    "oc-misc-dialog-always": Asked("Always allow · This will allow", ["Confirm", "Cancel"], arrows=("Left", "Right")),
}

EDITED = [one for one in ALL if "amend" in one.name and one.name not in {"cl-amend-enter", "cl-old197-amend-dialog"}]
EDITED += [one for one in ALL if one.name in {"cl-manual-dialog-tab", "cl-100-dialog-prefix-edited"}]

TYPED = [one for one in ALL if one.name.endswith(("question-typed", "question-note"))]

MENUS = [one for one in ALL if "-slash-" in one.name or "picker" in one.name or "-model" in one.name]


def named(name: str) -> Capture:
    return next(capture for capture in ALL if capture.name == name)


def asked_in(capture: Capture) -> Prompt:
    return read_prompt(capture.client, capture.screen, capture.formats)


@pytest.mark.parametrize("name", ASKED)
def test_a_dialog_is_read_with_its_question_and_its_options(name: str) -> None:
    prompt, expected = asked_in(named(name)), ASKED[name]

    assert prompt.question.startswith(expected.question), prompt.question
    labels = [option.label for option in prompt.options]
    assert len(labels) == len(expected.labels), labels
    assert all(label.startswith(begins) for label, begins in zip(labels, expected.labels, strict=True)), labels
    assert (prompt.chosen, prompt.arrows, prompt.why_not) == (expected.chosen, expected.arrows, "")


@pytest.mark.parametrize("name", ASKED)
def test_the_state_of_the_pane_says_what_is_asked_and_no_tip(name: str) -> None:
    reading = named(name).reading()

    assert reading.reason.startswith(f"asks: {ASKED[name].question[:80]}")
    assert "Tip:" not in reading.reason and "switch to auto mode" not in reading.reason


NO_PERMISSIONS = re.compile("plan-nc|exitplan|held|offer|bypass|trust|question|form|always|inbox")
LASTING = [name for name in ASKED if NO_PERMISSIONS.search(name)]


@pytest.mark.parametrize("name", LASTING)
def test_no_answer_to_what_is_no_plain_permission_counts_as_one_for_once(name: str) -> None:
    expected = {1, 3} if name == "cl-mcp-dialog-inbox" else set()
    assert asked_in(named(name)).once == expected


@of_each(EDITED)
def test_a_prompt_whose_answer_is_edited_takes_no_answer(capture: Capture) -> None:
    prompt = asked_in(capture)

    assert (prompt.options, prompt.why_not) == ((), EDITING)
    assert prompt.question.startswith("Bash command")


@of_each(TYPED)
def test_a_question_in_which_somebody_types_takes_no_answer(capture: Capture) -> None:
    prompt = asked_in(capture)

    assert (prompt.options, prompt.why_not) == ((), TYPING)
    assert "Which one?" in prompt.question or "And then?" in prompt.question


@of_each(MENUS)
def test_a_menu_that_a_person_has_opened_is_no_prompt(capture: Capture) -> None:
    prompt = asked_in(capture)

    assert (prompt.options, prompt.why_not) == ((), NOT_KNOWN)


def test_options_notes_are_told_apart_from_their_labels() -> None:
    options = asked_in(named("cx-100-dialog-form")).options

    assert [option.note for option in options][:2] == [
        "Run the tool and continue",
        "Run the tool and remember this choice for this session",
    ]


def test_several_answers_together_are_left_to_the_pane() -> None:
    prompt = asked_in(named("cl-100-dialog-questions-many"))

    assert (prompt.options, prompt.why_not) == ((), "several of its options can be chosen together")
    assert prompt.question.endswith("Which many?")
