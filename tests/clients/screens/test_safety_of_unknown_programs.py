"""The table of what would be typed into seven programs if nothing were known of them: never where it would do harm.

Each cell is a situation of a program, with all captures of it; the generic reader reads them, as for a program that is
not in the registry.
"""

import pytest

from tests.clients.screens.test_newer_captures import ALL, WITH_MANIFEST, Capture
from xats_tui.core.model.labels import CUSTOM
from xats_tui.core.model.panes import PaneState

SITUATIONS = {
    "draft": ("-draft", "-like-placeholder"),
    "permission": ("-dialog",),
    "question": ("-dialog-question", "-dialog-reject"),
    "menu": ("-menu", "-picker", "-model", "-settings", "-question-mark"),
    "busy": ("-busy",),
    "shell mode": ("-shell",),
}
"""Parts of the captures' names in each situation."""

NONE = {
    ("pi", "permission"): "it asks for no permissions",
    ("pi", "question"): "its model has no questions",
    ("kl", "shell mode"): "not captured",
}
"""Cells without captures, and why."""

TABLE = [(program, situation) for program in WITH_MANIFEST for situation in SITUATIONS]


def captured(program: str, situation: str) -> list[Capture]:
    """The captures of a cell."""
    of_program = [one for one in ALL if one.name[:2] == program]
    found = [one for one in of_program if any(part in one.name for part in SITUATIONS[situation])]
    if situation == "permission":
        return [one for one in found if not any(part in one.name for part in SITUATIONS["question"])]
    return found


@pytest.mark.parametrize(("program", "situation"), TABLE)
def test_an_unknown_program_is_typed_into_only_where_it_does_no_harm(program: str, situation: str) -> None:
    captures = captured(program, situation)
    assert bool(captures) != ((program, situation) in NONE)
    states = {one.name: one.reading(CUSTOM).state for one in captures}
    assert PaneState.IDLE not in states.values(), states
