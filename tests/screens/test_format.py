"""Formatting of values: no control sequences, and no cut without a sign."""

import tracemalloc
import unicodedata
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from xats_tui.screens.widgets.ansi import pane_lines
from xats_tui.screens.widgets.format import (
    ARROW,
    CUT,
    MAX_LINE_CHARS,
    WIDTHLESS,
    age,
    cut,
    cut_names,
    many_lines,
    one_line,
)

FOREIGN = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\x00\x07\x1b\x7f\x9b\r\n\t\u202e\u200f\u2066\ufe0f[]/漢🙂אב"),
    ),
    max_size=60,
)
OBEYED = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(FOREIGN)
def test_one_line_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    assert not any(unicodedata.category(character) in OBEYED for character in one_line(text))


def test_of_a_long_text_only_the_line_is_kept() -> None:
    tracemalloc.start()
    try:
        for number in range(20):
            assert one_line(f"{number:0100000}").endswith(CUT)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < 100_000


@given(FOREIGN)
def test_many_lines_hold_nothing_but_newlines_that_a_terminal_obeys(text: str) -> None:
    drawn = many_lines(text).replace("\n", "")
    assert not any(unicodedata.category(character) in OBEYED for character in drawn)


@given(FOREIGN)
def test_a_captured_pane_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    plain = "".join(line.plain for line in pane_lines(text))
    assert not any(unicodedata.category(character) in OBEYED for character in plain)


@given(FOREIGN, st.integers(1, 20))
def test_what_is_cut_fits_and_has_a_sign(text: str, width: int) -> None:
    line = one_line(text)
    short = cut(line, width)
    assert cell_len(short) <= width
    assert short == line or short.endswith(CUT)


@given(st.lists(FOREIGN, min_size=1, max_size=3), st.integers(0, 60))
def test_names_that_are_cut_fit_and_have_a_sign(names: list[str], width: int) -> None:
    line = ARROW.join(map(one_line, names))
    short = cut_names(line, width)
    assert cell_len(short) <= width
    assert short == line or CUT in short or not width


@pytest.mark.parametrize(
    ("names", "width", "short"),
    [
        ("backend@payments-north", 22, "backend@payments-north"),
        ("backend@payments-north", 15, "backend…s-north"),
        ("worker-of-the-north-10", 12, "worker…th-10"),
        ("qa@shop → backend@payments-north", 25, "qa@shop → backend…s-north"),
        ("backend@payments-north → backend@payments-south", 25, "backe…north → backe…south"),
        ("wake → backend@payments-north", 22, "wake → backend…s-north"),
        ("backend@payments-north → backend@payments-south", 11, "backend@pa…"),
        ("翻訳者@翻訳チーム北", 12, "翻訳者…ム北"),
    ],
)
def test_names_are_cut_in_the_middle_so_that_those_that_begin_alike_stay_distinct(
    names: str, width: int, short: str
) -> None:
    assert cut_names(names, width) == short


@pytest.mark.parametrize("shown", ["👍🏽", "❤️", "✔︎", "👩🏿‍🚀"])
def test_what_terminals_draw_at_different_widths_is_left_out(shown: str) -> None:
    assert not set(one_line(shown)) & WIDTHLESS


def test_a_very_long_line_is_cut_with_a_sign_before_it_is_looked_at() -> None:
    assert one_line("x" * 10_000) == "x" * MAX_LINE_CHARS + CUT


def test_colours_of_a_pane_are_kept_and_other_sequences_are_drawn() -> None:
    (line,) = pane_lines("\x1b[31mred\x1b[0m \x1b]8;;http://example.com\x07link\x1b[2J")
    assert line.plain == "red ␛]8;;http://example.com␇link␛[2J"
    assert [str(span.style) for span in line.spans] == ["color(1)"]


@pytest.mark.parametrize(
    ("seconds", "short", "precise"),
    [
        (0, "0s", "0s"),
        (59, "59s", "59s"),
        (192, "3m", "3m12s"),
        (8040, "2h14m", "2h14m"),
        (35_999, "9h59m", "9h59m"),
        (46_500, "12h", "12h55m"),
        (86_399, "23h", "23h59m"),
        (273600, "3d", "3d4h"),
    ],
)
def test_ages_are_short_and_precise_on_request(seconds: int, short: str, precise: str) -> None:
    assert age(timedelta(seconds=seconds)) == short
    assert len(short) <= 5  # cells of its column
    assert age(timedelta(seconds=seconds), precise=True) == precise
