"""A walk through the table of actions: every key leads to one action, and every action can be found and carried out."""

from itertools import combinations

import pytest

from tests.screens.looking import shows, slow, text, until
from tests.screens.sample.desk import desk
from tests.screens.sample.verbs import FixedVerbs
from xats_tui.app import SCREENS, XatsApp
from xats_tui.screens.actions import ACTION, ACTIONS, AIMS, offered, possible
from xats_tui.screens.actions.situation import Situation
from xats_tui.screens.dialogs.asking import Pick
from xats_tui.screens.dialogs.overlays import Help
from xats_tui.screens.dialogs.palette import ActionCommands
from xats_tui.screens.modes.mode_screen import ModeScreen
from xats_tui.screens.modes.places import Mode, Panel


def test_no_two_actions_of_a_mode_and_panel_share_a_key_unless_one_gives_way() -> None:
    for one, other in combinations(ACTIONS, 2):
        gives_way = one.gives_way_to == other.id or other.gives_way_to == one.id
        if one.modes & other.modes and one.panels & other.panels and not gives_way:
            assert not set(one.key.split(",")) & set(other.key.split(",")), (one.id, other.id)


def test_every_action_says_what_it_does_in_one_sentence() -> None:
    for action in ACTIONS:
        assert action.help.endswith(".") and action.help.count(". ") == 0, action.id
        assert len(action.title) <= 16, action.id


def test_every_action_is_carried_out_by_the_screens_of_its_modes() -> None:
    for screen in SCREENS:
        for action in ACTIONS:
            if screen.mode in action.modes:
                assert hasattr(screen, f"action_{(action.call or action.id).partition('(')[0]}"), action.id


def test_the_footer_has_only_what_can_be_done_now() -> None:
    nothing_chosen = Situation(mode=Mode.LIVE, panel=Panel.PANE)
    ids = {action.id for action in possible(nothing_chosen)}
    assert not ids & {"open", "copy_id", "filter", "back", "replay", "poke"}


@pytest.mark.parametrize("mode", Mode)
def test_in_read_only_mode_nothing_that_changes_is_possible(mode: Mode) -> None:
    reasons = {action.id: reason for action, reason in offered(Situation(mode=mode, read_only=True)) if action.changes}
    assert set(reasons.values()) <= {"read-only mode"}


@pytest.mark.parametrize("mode", [Mode.LIVE, *map(slow, list(Mode)[1:])])
async def test_every_action_is_in_the_help_and_in_the_palette(mode: Mode) -> None:
    app = XatsApp(desk())
    async with app.run_test(size=(120, 110)) as pilot:
        await shows(pilot, "backend")
        await pilot.press(mode.digit)
        await until(pilot, lambda: isinstance(app.screen, ModeScreen) and app.screen.mode is mode)
        palette = [str(hit.prompt) async for hit in ActionCommands(app.screen).discover()]
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, Help))
        await shows(pilot, "last row")
        listed = text(pilot)
    for action in ACTIONS:
        assert any(action.title in line for line in palette)
        if mode in action.modes:
            assert action.shown_key in listed
            assert action.help[:60] in listed


async def test_what_cannot_be_done_is_answered_with_the_reason() -> None:
    app = XatsApp(desk())
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "backend")
        await pilot.press("tab", "slash")
        await shows(pilot, "filter: not in pane")


@pytest.mark.slow
async def test_an_action_is_done_from_the_palette() -> None:
    app = XatsApp(desk())
    async with app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "backend")
        await pilot.press("ctrl+p")
        await pilot.press(*"zoom", "enter", "enter")
        await shows(pilot, "esc back")


@pytest.mark.slow
async def test_the_menu_offers_what_is_possible_and_says_why_the_rest_is_not() -> None:
    verbs = FixedVerbs()
    app = XatsApp(desk(verbs=verbs))
    async with app.run_test(size=(120, 60), notifications=True) as pilot:
        await shows(pilot, "backend")
        await pilot.press("4", "full_stop")
        await until(pilot, lambda: isinstance(app.screen, Pick))
        await shows(pilot, "not now: the wake is over")
        await pilot.press(*"replay", "enter")
        await shows(pilot, "replayed 1 wake")
    assert verbs.done == [("replay", ("8f3c0005-77aa-4d2e", "qa-shop-0001"))]


def test_every_action_that_the_help_sorts_is_in_the_table() -> None:
    assert {action_id for ids in AIMS.values() for action_id in ids} <= set(ACTION)
    assert sum(map(len, AIMS.values())) == len(frozenset().union(*AIMS.values()))
