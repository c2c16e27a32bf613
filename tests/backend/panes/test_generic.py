"""Programs that nothing is known of: only a bare prompt before the cursor may be typed at."""

from typing import Any

import pytest

from xats_tui.backend.panes import read_pane
from xats_tui.core.model.labels import CUSTOM
from xats_tui.core.model.panes import PaneReading, PaneState

WIDTH = 40


def read(screen: str, x: int, y: int = 0, **formats: Any) -> PaneReading:
    """The reading of a screen with the cursor at a place."""
    return read_pane(CUSTOM, screen, {"cursor_x": x, "cursor_y": y, "pane_width": WIDTH} | formats)


@pytest.mark.parametrize("prompt", ["> ", "bob> ", "❯ ", "$ ", ">>> ", "user@host:~# ", "% "])
def test_a_bare_prompt_is_idle(prompt: str) -> None:
    assert read(prompt, len(prompt)).state is PaneState.IDLE


@pytest.mark.parametrize("line", ["make it 100%", "100% ", "3,50 $", "rewrite it in C#", "~/src λ "])
def test_a_line_that_may_be_a_draft_without_a_prompt_is_unknown(line: str) -> None:
    assert read(line, len(line)).state is PaneState.UNKNOWN


def test_a_prompt_of_several_words_is_one_if_it_stood_before_entered_lines() -> None:
    assert read("~/src λ ls\na  b\n\n~/src λ ", 8, 3).state is PaneState.IDLE


@pytest.mark.parametrize("line", ["# ", "$ ", "100% "])
def test_the_next_row_of_a_draft_is_no_prompt(line: str) -> None:
    assert read(f"> fix the heading\n{line}", len(line), 1).state is PaneState.UNKNOWN


def test_a_prompt_under_entered_lines_is_idle() -> None:
    assert read("> hello\n> ", 2, 1).state is PaneState.IDLE


def test_a_prompt_under_output_is_idle() -> None:
    assert read("built 3 files\n\nbob> ", 5, 2).state is PaneState.IDLE


@pytest.mark.parametrize(
    "draft", ["bob> h", "bob> hello", "> fix the tests", "❯ x ", "Password: ", "Continue? [y/N] ", "Overwrite it? "]
)
def test_anything_typed_or_asked_is_a_draft(draft: str) -> None:
    assert read(draft, len(draft)).state is PaneState.DRAFT


@pytest.mark.parametrize("draft", ["bob> make it 100%", "bob> echo x >", "$ echo $", "> #", "❯ a ❯ ", "bob>>fix >"])
def test_a_draft_that_ends_like_a_prompt_is_still_a_draft(draft: str) -> None:
    assert read(draft, len(draft)).state is PaneState.DRAFT


@pytest.mark.parametrize("draft", ["bob>   ", "❯    ", "│ >    "])
def test_spaces_that_were_typed_are_a_draft(draft: str) -> None:
    assert read(draft.rstrip(), len(draft)).state is PaneState.DRAFT


def test_text_behind_the_cursor_is_a_draft_too() -> None:
    assert read("bob> hello", 5).state is PaneState.DRAFT


def test_a_faint_placeholder_behind_the_cursor_is_no_draft() -> None:
    assert read("> \x1b[2mAsk anything\x1b[0m", 2).state is PaneState.IDLE


def test_the_frame_of_a_box_is_no_draft() -> None:
    assert read("│ >                          │", 4).state is PaneState.IDLE


def test_a_draft_that_wraps_is_seen_from_its_last_row() -> None:
    draft = "bob> " + "word " * 9 + ">"
    rows = "\n".join(draft[start : start + WIDTH] for start in range(0, len(draft), WIDTH))
    reading = read(rows, len(draft) - WIDTH, 1)

    assert reading.state is PaneState.DRAFT
    assert "".join((reading.composer or "").split()) == draft.replace(" ", "")


def test_the_composer_holds_prompt_and_text() -> None:
    assert read("bob> [xats] 1 new message", 25).composer == "bob> [xats] 1 new message"


@pytest.mark.parametrize(
    ("formats", "state"),
    [
        ({"pane_dead": 1}, PaneState.DEAD),
        ({"pane_in_mode": 1}, PaneState.COPY_MODE),
        ({"pane_dead": 1, "pane_in_mode": 1}, PaneState.DEAD),
    ],
)
def test_what_tmux_says_comes_before_the_screen(formats: dict[str, int], state: PaneState) -> None:
    assert read("> ", 2, **formats).state is state


def test_every_reading_says_why() -> None:
    for screen, x in (("> ", 2), ("> x", 3), ("> x", 2), ("", 0)):
        assert read(screen, x).reason


RULE = "─" * WIDTH

ANSWER = "● Next:\n1. run the tests\n2. commit\n"


def test_a_list_in_the_conversation_is_no_question() -> None:
    assert read(f"{ANSWER}\n{RULE}\n❯ \n{RULE}\n ? help", 2, 5).state is PaneState.IDLE
    assert read(f"{ANSWER}\n{RULE}\n> ", 2, 5).state is PaneState.IDLE


@pytest.mark.parametrize(
    ("screen", "row"),
    [
        (f"{ANSWER}> ", 3),
        (f"Which?\n 1) pg\n 2) my\n {RULE[:-2]}\n ❯\n {RULE[:-2]}", 4),
        (f"{RULE}\n❯ \n{RULE}\n  [a] pg\n  [b] my", 1),
        (f"{RULE}\n❯ \n{RULE}\n  (1/26)", 1),
        (f"{RULE}\n❯ \n{RULE}\n enter accept · esc cancel", 1),
        (f"{RULE}\n❯ \n{RULE}\n press enter when ready", 1),
        ("Overwrite orders.py? (y/n)\n> ", 1),
    ],
)
def test_what_looks_like_a_list_of_options_or_asks_for_a_key_is_a_dialog(screen: str, row: int) -> None:
    assert read(screen, 2, row).state is PaneState.DIALOG


@pytest.mark.parametrize(
    "prompt",
    [
        "Delete all files? (y/N) > ",
        "Continue [Y/n]> ",
        "? Name of the branch > ",
        "mv: overwrite 'a'? > ",
        "Proceed?  [Yes]  [No]\n> ",
        "│ Apply patch?   │\n│ ‹Yes›   ‹No›   │\n> ",
        "Trust it?\n\n ● Yes\n ○ No\n\n❯ ",
        "Menu\n → New chat\n   Resume\n   Quit\n\n> ",
        "Model\n \x1b[7m sonnet \x1b[0m\n  opus\n  haiku\n> ",
    ],
)
def test_a_prompt_that_asks_or_stands_under_things_to_pick_is_a_dialog(prompt: str) -> None:
    assert read(prompt, len(prompt.rsplit("\n")[-1]), prompt.count("\n")).state is PaneState.DIALOG


def test_a_prompt_directly_below_a_question_may_be_the_field_for_its_answer() -> None:
    assert read("What should it do instead?\n❯ ", 2, 1).state is PaneState.UNKNOWN
    assert read("> Shall I go on?\n> ", 2, 1).state is PaneState.UNKNOWN
    assert read("qa> hello\nShall I go on?\nqa> ", 4, 2).state is PaneState.IDLE
    assert read("Shall I go on?\n\n❯ ", 2, 2).state is PaneState.IDLE
    assert read(f"Shall I go on?\n{RULE}\n❯ \n{RULE}", 2, 2).state is PaneState.IDLE


@pytest.mark.parametrize(
    "said",
    [
        "→ Read a.py\n  12 lines",
        "● done\n● tested",
        "\x1b[7m Agent 1.0 \x1b[0m\n\nhello",
        "use <select> or <open> tags",
        "~/src [!?] on main",
    ],
)
def test_marks_that_conversations_show_are_no_question(said: str) -> None:
    assert read(f"{said}\n\n❯ ", 2, said.count("\n") + 2).state is PaneState.IDLE


@pytest.mark.parametrize(
    "footer", [" enter send · esc clear", " esc esc edit prompt", " shift+enter newline", " ? help · tab next tab"]
)
def test_what_keys_do_in_a_composer_is_no_question(footer: str) -> None:
    assert read(f"{RULE}\n❯ \n{RULE}\n{footer}", 2, 1).state is PaneState.IDLE


@pytest.mark.parametrize(
    "row", [" ⠙ Thinking...", " ◉ Working · 12 B esc esc interrupt", "  .  Words (3s · esc to cancel)", " ◐ Compacting"]
)
def test_work_that_goes_on_is_no_idleness(row: str) -> None:
    assert read(f"{RULE}\n❯ \n{RULE}\n{row}", 2, 1).state is PaneState.BUSY


def test_a_hidden_cursor_proves_nothing() -> None:
    assert read("bob> ", 5, cursor_flag=0).state is PaneState.UNKNOWN
    assert read("bob> ", 5, 9).state is PaneState.UNKNOWN


def test_an_empty_line_without_a_prompt_proves_nothing() -> None:
    assert read("ready\n", 0, 1).state is PaneState.UNKNOWN


def test_a_grey_text_behind_the_cursor_is_a_placeholder_unless_the_screen_is_written_in_that_grey() -> None:
    grey, plain = "\x1b[38;2;131;137;140m", "\x1b[0m"
    placeholder = f"{RULE}\n❯ {grey}Ask anything...{plain}\n{RULE}"

    assert read(f"done and more words\n\n{placeholder}", 2, 3).state is PaneState.IDLE
    assert read(f"{grey}done and more words{plain}\n\n{placeholder}", 2, 3).state is PaneState.DRAFT
    assert read(f"done and more words\n\n{RULE}\n❯ \x1b[38;2;237;241;242mAsk\x1b[0m", 2, 3).state is PaneState.DRAFT
