"""A walk through the table of actions: every key leads to one action, and every action can be found."""

from itertools import combinations

from tests.screens.looking import shows, text
from tests.screens.sample import FILLED, FixedSource, FrozenClock
from xats_tui.app import XatsApp
from xats_tui.screens.actions import ACTIONS, Mode, Panel, Situation, possible
from xats_tui.screens.dialogs import Help
from xats_tui.screens.palette import ActionCommands


def test_no_two_actions_of_a_mode_and_panel_share_a_key() -> None:
    for one, other in combinations(ACTIONS, 2):
        if one.modes & other.modes and one.panels & other.panels:
            assert not set(one.key.split(",")) & set(other.key.split(",")), (one.id, other.id)


def test_every_action_says_what_it_does_in_one_sentence() -> None:
    assert all(action.help.endswith(".") and action.help.count(". ") == 0 for action in ACTIONS)


def test_the_footer_has_only_what_can_be_done_now() -> None:
    nothing_chosen = Situation(mode=Mode.LIVE, panel=Panel.PANE)
    ids = {action.id for action in possible(nothing_chosen)}
    assert not ids & {"open", "copy_id", "filter", "back"}


async def test_every_action_is_in_the_help_and_in_the_palette() -> None:
    app = XatsApp(FixedSource(FILLED), FrozenClock())
    async with app.run_test(size=(120, 50)) as pilot:
        await shows(pilot, "backend")
        palette = [str(hit.prompt) async for hit in ActionCommands(app.screen).discover()]
        await pilot.press("question_mark")
        assert isinstance(app.screen, Help)
        await shows(pilot, "last row")
        listed = text(pilot)
    for action in ACTIONS:
        assert any(action.title in line for line in palette)
        assert action.shown_key in listed
        assert action.help in listed


async def test_what_cannot_be_done_is_answered_with_the_reason() -> None:
    app = XatsApp(FixedSource(FILLED), FrozenClock())
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "backend")
        await pilot.press("tab", "slash")
        await shows(pilot, "filter: not in pane")


async def test_an_action_is_done_from_the_palette() -> None:
    app = XatsApp(FixedSource(FILLED), FrozenClock())
    async with app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "backend")
        await pilot.press("ctrl+p")
        await pilot.press(*"zoom", "enter", "enter")
        await shows(pilot, "esc back")
