"""Questions of the dialogs on captured screens; nothing else is taken for an answerable prompt."""

import re

import pytest

from tests.backend.panes.test_read_pane import ALL, Capture
from tests.of_each import of_each
from xats_tui.backend.panes import read_pane
from xats_tui.clients.dialogs import read_prompt
from xats_tui.core.model.labels import CUSTOM, ClientId
from xats_tui.core.model.panes import PaneState, Prompt

CODEX_LABELS = ["Yes, proceed (y)", "No, and tell Codex what to do differently (esc)"]
OPENCODE_LABELS = ["Allow once", "Allow always", "Reject"]

PERMISSIONS = [capture for capture in ALL if re.search(r"dialog$|-file$|-always$", capture.name)]
PERMISSIONS = [capture for capture in PERMISSIONS if capture.state == "dialog"]
OWN_ANSWERS = [capture for capture in ALL if re.search(r"question-(own|typed)$", capture.name)]
QUESTIONS = [capture for capture in ALL if capture.name.endswith("-question")]
OTHERS = [capture for capture in ALL if capture not in [*PERMISSIONS, *OWN_ANSWERS, *QUESTIONS]]


def read(capture: Capture) -> Prompt:
    return read_prompt(capture.client, capture.screen, capture.formats)


def named(name: str) -> Capture:
    return next(capture for capture in ALL if capture.name == name)


@of_each(PERMISSIONS)
def test_a_permission_prompt_is_read_with_its_options(capture: Capture) -> None:
    prompt = read(capture)
    labels = [option.label for option in prompt.options]
    assert [option.number for option in prompt.options] == [1, 2, 3]
    assert prompt.why_not == ""
    assert "touch" in prompt.question or "new.txt" in prompt.question
    match capture.client:
        case "claude-code":
            assert labels[0] == "Yes" and labels[1].startswith("Yes, ") and labels[2].startswith("No")
        case "codex":
            assert [labels[0], labels[2]] == CODEX_LABELS and "don't ask again" in labels[1]
        case _:
            assert labels == OPENCODE_LABELS
    assert prompt.arrows == (("Left", "Right") if capture.client == "opencode" else None)
    assert prompt.chosen == (2 if capture.name.endswith("-always") else 1)


@of_each(PERMISSIONS)
def test_what_allows_or_refuses_one_use_is_told_from_what_lasts(capture: Capture) -> None:
    prompt = read(capture)
    last = {3} if prompt.options[2].label != "Nooject" else set()  # half redrawn: not recognised
    assert prompt.once == {1} | last


def test_a_question_of_the_model_is_no_permission_however_it_is_worded() -> None:
    capture = named("claude-code-100-question")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", capture.screen)
    posing = plain.replace("Which one?", "Do you want to proceed?").replace("1. A", "1. Yes").replace("the first", "")
    prompt = read_prompt("claude-code", posing, capture.formats)
    assert prompt.options[0].label == "Yes" and "Do you want to proceed?" in prompt.question
    assert prompt.once == frozenset()


@of_each(QUESTIONS)
def test_a_question_is_read_and_an_answer_of_ones_own_is_left_to_the_pane(capture: Capture) -> None:
    prompt = read(capture)
    assert [(option.label, option.note) for option in prompt.options[:2]] == [("A", "the first"), ("B", "the second")]
    assert [option.needs_typing for option in prompt.options][:3] == [False, False, True]
    assert "Which one?" in prompt.question


@of_each(OWN_ANSWERS)
def test_a_question_in_which_somebody_types_has_no_options(capture: Capture) -> None:
    prompt = read(capture)
    assert (prompt.options, prompt.why_not) == ((), "somebody is typing an answer of their own")


@of_each(OTHERS)
def test_no_other_screen_can_be_answered(capture: Capture) -> None:
    assert read(capture).options == ()


def test_a_long_option_is_read_whole() -> None:
    option = read(named("codex-60-dialog")).options[1]
    assert f"{option.label} {option.note}" == "Yes, and don't ask again for commands that start with `touch x` (p)"


def test_a_prompt_is_the_same_whichever_option_is_chosen_and_another_when_a_word_of_it_differs() -> None:
    capture = named("claude-code-200-dialog")
    one = read(capture)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", capture.screen)
    moved = plain.replace(" ❯ 1. Yes", "   1. Yes").replace("   2. Yes", " ❯ 2. Yes")
    other = read_prompt("claude-code", moved, capture.formats)
    assert one == other and other.chosen == 2
    changed = plain.replace("   touch x", "   touch y")
    assert read_prompt("claude-code", changed, capture.formats) != one


def test_what_stands_above_a_prompt_does_not_make_it_another() -> None:
    capture = named("codex-200-dialog")
    busier = capture.screen.replace("hello from the model", "something else")
    assert read_prompt("codex", busier, capture.formats) == read(capture)


@pytest.mark.parametrize("name", ["claude-code-200-dialog", "codex-200-dialog", "opencode-60-dialog"])
def test_a_prompt_whose_beginning_is_off_the_screen_cannot_be_answered(name: str) -> None:
    capture = named(name)
    rows = capture.screen.split("\n")
    asked = read(capture).text.split("\n")
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", row) for row in rows]
    below_title = max(row for row, text in enumerate(plain) if text.strip(" ┃").startswith(asked[0].strip(" ┃"))) + 1
    assert read_prompt(capture.client, "\n".join(rows[below_title:]), capture.formats).options == ()


def test_options_within_a_command_are_not_those_of_the_prompt() -> None:
    capture = named("claude-code-200-dialog")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", capture.screen)
    drawn = plain.replace("   touch x\n", " ❯ 1. Harmless\n   2. More harmless\n   3. Nothing\n   rm -rf build\n")
    prompt = read_prompt("claude-code", drawn, capture.formats)
    assert prompt.options[0].label == "Yes"
    assert "Harmless" in prompt.text


def test_options_of_which_several_can_be_chosen_are_left_to_the_pane() -> None:
    capture = named("claude-code-100-question")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", capture.screen)
    boxes = plain.replace("1. A", "1. [ ] A").replace("2. B", "2. [ ] B")
    prompt = read_prompt("claude-code", boxes, capture.formats)
    assert (prompt.options, prompt.why_not) == ((), "several of its options can be chosen together")


@pytest.mark.parametrize("client", [None, CUSTOM])
def test_a_program_that_is_not_known_cannot_be_answered(client: ClientId | None) -> None:
    prompt = read_prompt(client, " ❯ 1. Yes\n   2. No\n", {})
    assert prompt.options == () and "not one that can be answered" in prompt.why_not


def test_the_state_of_a_pane_says_what_is_asked() -> None:
    capture = named("claude-code-200-dialog")
    reading = read_pane(capture.client, capture.screen, capture.formats)
    assert reading.state is PaneState.DIALOG
    assert reading.reason == "asks: Bash command · touch x · x · Do you want to proceed?"
