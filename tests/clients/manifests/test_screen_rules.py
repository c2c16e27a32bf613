"""Screens by rules: idle only with an empty input line, its sign of rest, and nothing against it."""

from typing import Any

import pytest

from tests.clients.manifests.manifest_text import TEXT, manifest
from xats_tui.clients.manifests.screen_rules import explain
from xats_tui.core.model.panes import PaneReading, PaneState
from xats_tui.core.screen.ansi_grid import parse_screen

RULE = "─" * 40
IDLE = f"* done\n\n{RULE}\n>\n{RULE}\n ready"


def read(screen: str, x: int = 2, y: int = 3, text: str = TEXT, **formats: Any) -> PaneReading:
    """The reading of a screen with the cursor at a place."""
    rules = manifest(text).screen
    assert rules is not None
    return explain(rules, parse_screen(screen), {"cursor_x": x, "cursor_y": y, "pane_width": 40} | formats).reading


def test_an_empty_input_line_with_the_sign_of_rest_is_idle() -> None:
    assert read(IDLE).state is PaneState.IDLE


@pytest.mark.parametrize("typed", ["y", "fix the bug", "ready", "> ", "/", "Enter to choose"])
def test_a_text_in_it_is_a_draft(typed: str) -> None:
    reading = read(IDLE.replace(">", f"> {typed}"), x=2 + len(typed))
    assert (reading.state, (reading.composer or "").strip()) == (PaneState.DRAFT, typed.strip() or ">")


def test_spaces_and_empty_rows_are_a_draft() -> None:
    assert read(IDLE, x=5).state is PaneState.DRAFT
    assert read(IDLE.replace(">", ">\n"), y=4).state is PaneState.DRAFT


def test_a_placeholder_is_none_and_the_same_text_typed_is_one() -> None:
    assert read(IDLE.replace(">", "> \x1b[2mAsk me\x1b[0m")).state is PaneState.IDLE
    assert read(IDLE.replace(">", "> Ask me")).state is PaneState.DRAFT
    assert read(IDLE.replace(">", "> \x1b[2mAsk me\x1b[0m"), x=5).state is PaneState.DRAFT


def test_without_the_sign_of_rest_it_is_unknown() -> None:
    assert read(IDLE.replace(" ready", " busy?")).state is PaneState.UNKNOWN


def test_a_sign_against_it_counts_more_than_the_sign_of_rest() -> None:
    assert read(IDLE + "\n Enter to choose").state is PaneState.DIALOG
    assert read(IDLE.replace("* done", "* esc to stop")).state is PaneState.BUSY


def test_a_sign_that_a_narrow_screen_breaks_is_seen() -> None:
    assert read(IDLE.replace(" ready", " ready Enter to\n choose")).state is PaneState.DIALOG


def test_a_list_below_it_is_a_dialog_though_no_rule_knows_it() -> None:
    assert read(IDLE.replace(" ready", " ready\n (1/26)")).state is PaneState.DIALOG


def test_more_rows_below_it_than_a_footer_has_are_not_known() -> None:
    assert read(IDLE + "\n one\n two").state is PaneState.UNKNOWN


def test_a_dialog_counts_more_than_a_draft() -> None:
    reading = read(IDLE.replace(">", "> hello") + "\n Enter to choose", x=7)
    assert reading.state is PaneState.DIALOG


def test_a_draft_counts_more_than_work() -> None:
    assert read(IDLE.replace(">", "> hello").replace("* done", "esc to stop"), x=7).state is PaneState.DRAFT


def test_a_mode_that_runs_what_is_typed_is_a_draft() -> None:
    assert read(IDLE.replace("\n>", "\n!")).reason == "shell mode"


@pytest.mark.parametrize("place", [(0, 5), (2, 0), (0, 0)])
def test_a_cursor_elsewhere_is_not_idle(place: tuple[int, int]) -> None:
    assert read(IDLE, *place).state is not PaneState.IDLE


def test_a_cursor_alone_proves_nothing() -> None:
    for screen in ("", ">", f"{RULE}\n>\n", f"{RULE}\n\n{RULE}\n ready", "\n" * 30):
        assert read(screen, cursor_flag=1).state is PaneState.UNKNOWN


def test_a_rule_that_a_person_typed_does_not_end_the_draft() -> None:
    styled = f"\x1b[2m{RULE}\x1b[0m"
    screen = f"{styled}\n> first\n{RULE}\n>\n{styled}\n ready"
    assert read(screen, y=3).state is PaneState.DRAFT


def test_a_dialog_in_place_of_the_input_line_is_seen_and_quoted_text_is_not() -> None:
    assert read(f"* done\n{RULE}\n Allow this?\n Yes  No").state is PaneState.DIALOG
    assert read(IDLE.replace("* done", "* Allow this?")).state is PaneState.IDLE


def test_the_rule_with_the_highest_priority_decides() -> None:
    text = TEXT.replace('state = "busy"\n', 'state = "busy"\npriority = 900\n')
    screen = IDLE.replace("* done", "* esc to stop") + "\n Enter to choose"

    assert read(screen).state is PaneState.DIALOG
    assert read(screen, text=text).state is PaneState.BUSY


def test_only_the_lowest_of_the_rows_that_are_meant_counts() -> None:
    text = TEXT.replace("pattern = 'esc to stop'", "pattern = '^@'\namong = '^[@*]'")

    assert read(f"@ works\n* done\n{RULE}\n>\n{RULE}\n ready", text=text).state is PaneState.IDLE
    assert read(f"* done\n@ works\n{RULE}\n>\n{RULE}\n ready", text=text).state is PaneState.BUSY


def test_the_grounds_name_the_rule_and_its_row() -> None:
    rules = manifest().screen
    assert rules is not None

    grounds = explain(rules, parse_screen(IDLE + "\n Enter to choose"), {"cursor_x": 2, "cursor_y": 3})

    first = grounds.matches[0]
    assert (first.rule.number, first.row, first.text) == (2, 6, "Enter to choose")
    assert first.rule.line == TEXT[: TEXT.index("Enter to choose")].count("\n") - 2


def test_on_a_screen_without_colours_the_sign_of_an_empty_line_tells_a_placeholder() -> None:
    text = TEXT.replace('placeholder = ["dim"]', "placeholder = [\"grey\"]\nplaceholder_sign = 'for help'")
    screen = IDLE.replace(">", "> Ask me")

    assert read(screen + " ? for help", text=text).state is PaneState.IDLE
    assert read(screen, text=text).state is PaneState.DRAFT
    coloured = screen.replace("* done", "\x1b[31m* done\x1b[0m")
    assert read(coloured + " ? for help", text=text).state is PaneState.DRAFT


def test_a_drawn_cursor_counts_more_than_one_that_was_left_behind() -> None:
    text = TEXT.replace('cursor = "terminal"', 'cursor = "either"')
    drawn = IDLE.replace(">", "> \x1b[7m \x1b[0m")

    assert read(drawn, x=0, y=0, text=text).state is PaneState.IDLE
    assert read(IDLE.replace(">", ">    \x1b[7m \x1b[0m"), text=text).state is PaneState.DRAFT
    assert read(IDLE, text=text).state is PaneState.IDLE
    assert read(drawn, x=0, y=0).state is not PaneState.IDLE
