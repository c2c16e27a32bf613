"""Cells, attributes and wrapped lines of a captured screen."""

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xats_tui.core.screen.ansi_grid import CellStyle, is_grey, join_wrapped, parse_screen

WORDS = st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12), min_size=1)


def test_attributes_go_on_in_the_next_row() -> None:
    first, second = parse_screen("\x1b[2mfaint\nstill\x1b[22m not")

    assert all(cell.dim for cell in first.cells)
    assert [cell.dim for cell in second.cells] == [True] * 5 + [False] * 4


def test_colours_are_not_taken_for_attributes() -> None:
    (line,) = parse_screen("\x1b[38;5;2;48;2;7;7;2mx")

    assert line.cells[0].style == CellStyle(foreground="5;2", background="2;7;7;2")


@pytest.mark.parametrize("grey", ["90", "5;8", "5;102", "5;145", "5;241", "2;131;137;140"])
def test_a_grey_is_one_in_every_way_to_name_a_colour(grey: str) -> None:
    assert is_grey(grey)


@pytest.mark.parametrize("other", ["", "31", "5;1", "5;15", "5;16", "5;111", "5;231", "5;232", "2;255;255;255"])
def test_white_black_and_colours_are_no_greys(other: str) -> None:
    assert not is_grey(other)


def test_a_wide_character_takes_two_cells_and_a_combining_one_none() -> None:
    (line,) = parse_screen("漢e\u0301x")

    assert [(cell.text, cell.column) for cell in line.cells] == [("漢", 0), ("e\u0301", 2), ("x", 3)]


def test_the_style_of_spaces_that_tmux_cut_off_is_known() -> None:
    (line,) = parse_screen("❯\u00a0\x1b[7m")

    assert line.end.reverse


def test_a_line_that_was_wrapped_is_one_again() -> None:
    assert join_wrapped(["the quick brown", "fox"], 17) == "the quick brown fox"


def test_lines_that_were_typed_stay_lines() -> None:
    assert join_wrapped(["one", "two"], 80) == "one\ntwo"


def test_a_word_that_was_too_long_for_a_row_is_one_again() -> None:
    assert join_wrapped(["abcdef", "ghi"], 6) == "abcdefghi"


@given(words=WORDS, width=st.integers(20, 100))
def test_no_character_is_lost_or_added_by_wrapping(words: list[str], width: int) -> None:
    text = " ".join(words)

    assert "".join(join_wrapped(textwrap.wrap(text, width), width).split()) == "".join(text.split())
