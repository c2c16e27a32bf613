"""Attention as the operator's queue: one key leads there, and keys act on what needs a person wherever one is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.screens.looking import settled, shows, text
from tests.screens.sample.agents import QA
from tests.screens.sample.desk import desk
from tests.screens.sample.filled import FILLED
from tests.screens.sample.verbs import FixedVerbs
from xats_tui.app import XatsApp
from xats_tui.core.records import replace
from xats_tui.screens.actions import ACTION
from xats_tui.screens.modes.mode_screen import ModeScreen
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.widgets.tables import KeyedTable


@asynccontextmanager
async def watching(verbs: FixedVerbs, *keys: str) -> AsyncIterator[Pilot[Any]]:
    """The dashboard of the sample after these keys."""
    app = XatsApp(desk(verbs=verbs))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "asks: Bash command")
        await pilot.press(*keys)
        await settled(pilot)
        yield pilot


def chosen(pilot: Pilot[Any]) -> str | None:
    """The concern under the cursor, if the attention list has the focus."""
    focused = pilot.app.screen.focused
    return focused.chosen if isinstance(focused, KeyedTable) else None


async def test_one_key_leads_to_what_needs_a_person_and_on_and_round_and_esc_back() -> None:
    async with watching(FixedVerbs(), "5") as pilot:
        assert "! 7 need you" in text(pilot)
        await pilot.press("exclamation_mark")
        await settled(pilot)
        assert chosen(pilot) == "dialog/backend-shop-0001"
        await pilot.press("exclamation_mark")
        assert chosen(pilot) == "failed/qa-shop-0001"
        await pilot.press(*["exclamation_mark"] * 6)
        assert chosen(pilot) == "dialog/backend-shop-0001"
        await pilot.press("escape")
        await settled(pilot)
        assert isinstance(pilot.app.screen, ModeScreen) and pilot.app.screen.mode is Mode.TASKS


@pytest.mark.slow
async def test_keys_with_nothing_fitting_under_the_cursor_act_on_what_needs_a_person_and_name_it() -> None:
    verbs = FixedVerbs()
    async with watching(verbs) as pilot:  # the cursor is on the agent docs
        await pilot.press("a")
        await shows(pilot, "backend@shop asks")
        await settled(pilot)
        await pilot.press("escape", "7")
        await settled(pilot)
        await pilot.press("R")
        await shows(pilot, "Replay 1 failed wake?")
        await pilot.press("enter")
        await shows(pilot, "replayed 1 wake for qa")
        await pilot.press("6", "slash", *"nothing", "enter", "g")  # nothing at all is selected
        await settled(pilot)
    assert verbs.done == [("replay", ("8f3c0005-77aa-4d2e", QA.agent_id)), ("go", "docs-docs-0001")]


async def test_in_attention_a_key_is_the_remedy_of_its_row_or_else_of_the_first_that_it_fits() -> None:
    verbs = FixedVerbs()
    async with watching(verbs, "exclamation_mark") as pilot:
        await pilot.press("u")
        await shows(pilot, "release: no task is selected")
        await pilot.press(*["down"] * 3, "r")  # the operator's own mail: no wake is under the cursor
        await shows(pilot, "Replay 1 wake?")
        assert "qa 1×" in text(pilot) and not verbs.done
        await pilot.press("escape", "home")
        await pilot.press("R")  # all failed wakes: no task is under the cursor
        await shows(pilot, "Replay 1 failed wake?")
        await pilot.press("escape", "up", *["down"] * 5, "R")  # the task
        await shows(pilot, "Give “release notes” to")


@pytest.mark.slow
async def test_snoozed_things_are_counted_shown_on_demand_and_listed_again() -> None:
    async with watching(FixedVerbs(), "exclamation_mark", "Z") as pilot:
        await shows(pilot, "Attention 6 · 1 snoozed")
        assert chosen(pilot) == "failed/qa-shop-0001"
        await pilot.press("end", "enter", "end")
        await shows(pilot, "Z list again")
        await pilot.press("Z")
        await shows(pilot, "Attention 7")


@pytest.mark.slow
async def test_a_click_on_a_hint_does_what_it_says_for_its_row() -> None:
    verbs = FixedVerbs()
    async with watching(verbs) as pilot:
        line = next(row for row in text(pilot).split("\n") if "r replay" in row)
        await pilot.click("#attention KeyedTable", offset=(line.index("r replay") - 1, 1))
        await shows(pilot, "replayed 1 wake for qa")
    assert verbs.done == [("replay", ("8f3c0005-77aa-4d2e", QA.agent_id))]


@pytest.mark.slow
async def test_the_menu_names_what_a_key_would_turn_to() -> None:
    async with watching(FixedVerbs()) as pilot:
        await pilot.press("full_stop", *"answer")
        await shows(pilot, "backend@shop: Read the question this agent asks")


def test_only_what_helps_with_a_concern_looks_for_one() -> None:
    assert {action.id for action in ACTION.values() if action.seeks.__name__ != "never"} == {
        "answer",
        "go_to_pane",
        "reassign_task",
        "replay",
    }


async def test_that_agents_are_silenced_is_said_where_nothing_of_them_is_listed() -> None:
    quiet = replace(FILLED, roster=tuple(replace(entry, resting=True) for entry in FILLED.roster))
    app = XatsApp(desk(quiet))
    async with app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "Attention 4 · 7 on do not disturb")
        assert "failed: the pane is a shell" not in text(pilot)
