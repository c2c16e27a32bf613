"""A walk through the table of actions on the screens themselves: every key, in every mode and panel."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.screens.looking import settled, shows, slow, text, until
from tests.screens.sample.desk import desk
from tests.screens.sample.filled import EMPTY, FILLED
from tests.screens.sample.verbs import FixedVerbs
from xats_tui.app import SCREENS, XatsApp
from xats_tui.screens.actions import ACTIONS, offered
from xats_tui.screens.actions.action import Action
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.dialogs.asking import Pick
from xats_tui.screens.modes.mode_screen import ModeScreen
from xats_tui.screens.modes.places import Mode, Panel
from xats_tui.screens.widgets.tables import KeyedTable

LEAVES_NO_TRACE = {"go", "alert", "save", "since"}
"""Verbs that read, move the operator's own view, tell the operator something, or write a file of the operator's."""

TALL = (120, 150)
"""A screen on which a menu has a place for everything."""


@asynccontextmanager
async def opened(
    mode: Mode, snapshot: Snapshot = FILLED, size: tuple[int, int] = (120, 40), **fields: Any
) -> AsyncIterator[tuple[Pilot[Any], ModeScreen]]:
    app = XatsApp(desk(snapshot, **fields))
    async with app.run_test(size=size, notifications=True) as pilot:
        await shows(pilot, "xats :9100")
        await pilot.press(mode.digit)
        await until(pilot, lambda: isinstance(app.screen, ModeScreen) and app.screen.mode is mode)
        await settled(pilot)
        assert isinstance(app.screen, ModeScreen)
        yield pilot, app.screen


def keys_of(action: Action) -> list[str]:
    return action.key.split(",")


def places(mode: Mode) -> Iterator[Panel | None]:
    """The panels of a mode."""
    yield from Panel if mode is Mode.LIVE else [None]


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: str(screen.mode))
def test_no_key_of_a_mode_means_two_things_in_the_same_place(screen: type[ModeScreen]) -> None:
    tables = {binding.key for binding in KeyedTable.BINDINGS if not isinstance(binding, tuple)}
    for panel in places(screen.mode):
        here = [one for one in ACTIONS if screen.mode in one.modes and (panel is None or panel in one.panels)]
        known = {action.id for action in here}
        here = [action for action in here if action.gives_way_to not in known]
        taken = [key for action in here for key in keys_of(action)]
        assert len(taken) == len(set(taken)), (panel, sorted(key for key in taken if taken.count(key) > 1))
        assert not tables & set(taken), panel


in_every_mode = pytest.mark.parametrize("mode", [mode if mode is Mode.WAKES else slow(mode) for mode in Mode])


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("snapshot", [FILLED, EMPTY], ids=["filled", "empty"])
@in_every_mode
async def test_the_menu_has_every_action_of_a_mode_and_the_reason_where_it_cannot_be_done(
    mode: Mode, snapshot: Snapshot
) -> None:
    async with opened(mode, snapshot, TALL) as (pilot, screen):
        situation = screen.situation()
        offers = [
            (action, screen.explain(action, situation)) for action, _ in offered(situation) if action.id != "menu"
        ]
        await pilot.press("full_stop")
        await until(pilot, lambda: isinstance(pilot.app.screen, Pick))
        await settled(pilot)
        listed = text(pilot).splitlines()
    assert {action.id for action in ACTIONS if action.applies(situation)} == {"menu", *(it.id for it, _ in offers)}
    for action, (told, reason) in offers:
        lines = [line for line in listed if action.title in line]
        assert lines, action.id
        turns = reason is None and action.reason(situation) is not None  # to another agent, which is named
        expected = f"not now: {reason}" if reason else told.partition(":")[0] if turns else ""
        assert any(expected in line for line in lines), (action.id, expected)


@pytest.mark.first_variant_quick
@in_every_mode
async def test_a_key_pressed_in_vain_says_why_unless_it_is_pressed_by_habit(mode: Mode) -> None:
    async with opened(mode, EMPTY) as (pilot, screen):
        vain = [(action, reason) for action, reason in offered(screen.situation()) if reason and not action.quiet]
        for action, reason in vain:
            await pilot.press(keys_of(action)[0])
            await shows(pilot, f"{action.title}: {reason}"[:40])


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("mode", Mode)
async def test_in_read_only_mode_no_key_changes_anything(mode: Mode) -> None:
    verbs = FixedVerbs(read_only=True)
    async with opened(mode, verbs=verbs) as (pilot, screen):
        for _ in range(3 if mode is Mode.LIVE else 1):  # what needs attention, the agents, and one list more
            for action in ACTIONS:
                if mode in action.modes and action.id not in {"quit", "next_panel", "previous_panel"}:
                    await _press_and_agree(pilot, screen, action)
            await pilot.press("tab")
    assert {done[0] for done in verbs.done} <= LEAVES_NO_TRACE


@pytest.mark.slow
@in_every_mode
async def test_in_read_only_mode_all_that_changes_something_is_refused_for_that_reason(mode: Mode) -> None:
    async with opened(mode, verbs=FixedVerbs(read_only=True)) as (pilot, screen):
        refused = [action for action, _ in offered(screen.situation()) if action.changes]
        assert all(action.reason(screen.situation()) == "read-only mode" for action in refused)
        for action in refused:
            await pilot.press(keys_of(action)[0])
            assert pilot.app.screen is screen, action.id
        if refused:
            await shows(pilot, "read-only mode")


async def _press_and_agree(pilot: Pilot[Any], screen: ModeScreen, action: Action) -> None:
    """Press an action's key, say yes to whatever is asked, and come back."""
    await pilot.press(keys_of(action)[0])
    await pilot.pause()
    if not isinstance(pilot.app.screen, ModeScreen):
        await pilot.press("tab", "enter")
        await pilot.pause()
    while not isinstance(pilot.app.screen, ModeScreen):
        pilot.app.pop_screen()
        await pilot.pause()
    screen.show_prompt(is_open=False)
    if pilot.app.screen is not screen:
        await pilot.press(screen.mode.digit)
        await until(pilot, lambda: pilot.app.screen is screen)
    screen.focus_list()
