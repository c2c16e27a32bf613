"""Claude Code's input line where no capture shows it: suggestions, colourless terminals, drafts of every width."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xats_tui.backend.panes import read_pane
from xats_tui.core.model.panes import PaneReading, PaneState

RULE = "─"
EMPTY_FOOTER = "  ? for shortcuts"

WORDS = st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30), min_size=1)


def read(rows: list[str], *, cursor: tuple[int, int], footer: str = "", width: int = 80) -> PaneReading:
    """The reading of an input line with these rows, the cursor counted from its first one."""
    inside = ["❯\u00a0" + rows[0], *("  " + row for row in rows[1:])]
    screen = "\n".join(["● done", "", RULE * width, *inside, RULE * width, footer, "", ""])
    column, row = cursor
    return read_pane("claude-code", screen, {"cursor_x": column, "cursor_y": row + 3, "pane_width": width})


def test_a_faint_suggestion_is_no_draft() -> None:
    reading = read(['\x1b[7mT\x1b[0;2mry "edit x"\x1b[0m'], cursor=(2, 0), footer=EMPTY_FOOTER)

    assert (reading.state, reading.composer) == (PaneState.IDLE, "")


def test_a_suggestion_in_a_terminal_that_shows_nothing_faint_is_known_by_the_footer() -> None:
    suggestion = ['\x1b[7mT\x1b[0mry "fix lint errors"']

    assert read(suggestion, cursor=(2, 0), footer=EMPTY_FOOTER).state is PaneState.IDLE
    assert read(suggestion, cursor=(2, 0)).state is PaneState.DRAFT


def test_text_before_a_faint_completion_is_a_draft() -> None:
    reading = read(["/mo\x1b[7md\x1b[0;2mel\x1b[0m"], cursor=(5, 0))

    assert reading.state is PaneState.DRAFT


@pytest.mark.parametrize("mark", ["!", "#"])
def test_another_mark_is_not_for_prompts(mark: str) -> None:
    screen = "\n".join([RULE * 80, f"{mark}\u00a0\x1b[7m \x1b[0m", RULE * 80, EMPTY_FOOTER])

    reading = read_pane("claude-code", screen, {"cursor_x": 2, "cursor_y": 1, "pane_width": 80})

    assert reading.state is PaneState.DRAFT


def test_an_input_line_that_a_former_run_left_behind_is_not_idle() -> None:
    screen = "\n".join([RULE * 80, "❯\u00a0\x1b[7m \x1b[0m", RULE * 80, EMPTY_FOOTER, "$ claude", ""])

    reading = read_pane("claude-code", screen, {"cursor_x": 0, "cursor_y": 5, "pane_width": 80})

    assert reading.state is PaneState.UNKNOWN


@given(words=WORDS, width=st.integers(60, 250))
def test_a_draft_is_read_whole_at_every_width(words: list[str], width: int) -> None:
    rows = textwrap.wrap(" ".join(words), width - 4)

    reading = read(rows, cursor=(2 + len(rows[-1]), len(rows) - 1), width=width)

    assert reading.state is PaneState.DRAFT
    assert "".join((reading.composer or "").split()) == "".join(words)
