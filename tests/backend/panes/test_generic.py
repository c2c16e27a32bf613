"""Programs that nothing is known of: only a bare prompt before the cursor may be typed at."""

from typing import Any

import pytest

from xats_tui.backend.model.agents import Client
from xats_tui.backend.model.panes import PaneReading, PaneState
from xats_tui.backend.panes import read_pane

WIDTH = 40


def read(screen: str, x: int, y: int = 0, **formats: Any) -> PaneReading:
    """The reading of a screen with the cursor at a place."""
    return read_pane(Client.CUSTOM, screen, {"cursor_x": x, "cursor_y": y, "pane_width": WIDTH} | formats)


@pytest.mark.parametrize("prompt", ["> ", "bob> ", "❯ ", "$ ", ">>> ", "~/src λ ", "user@host:~# ", "% "])
def test_a_bare_prompt_is_idle(prompt: str) -> None:
    assert read(prompt, len(prompt)).state is PaneState.IDLE


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
