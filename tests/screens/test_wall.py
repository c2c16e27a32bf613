"""The wall: the screens of several agents side by side, as large as they can be, with nothing typed into them."""

import pytest

from tests.screens.looking import settled, shows, text, until
from tests.screens.sample.clock import NOW
from tests.screens.sample.desk import desk
from tests.screens.sample.source import FixedSource
from tests.screens.sample.teams import TEAMS, who
from tests.screens.sample.verbs import FixedVerbs
from tests.screens.states import NORMAL, SMALL, after, missing
from xats_tui.app import XatsApp
from xats_tui.core.records import replace
from xats_tui.screens.modes.wall import LEAST_CELLS, LEAST_ROWS, MAX_TILES, Arrangement, Wall, arrange


@pytest.mark.parametrize(
    ("number", "size", "expected"),
    [
        (2, (120, 36), Arrangement(2, 1, 2)),
        (2, (80, 20), Arrangement(2, 1, 2)),
        (3, (220, 56), Arrangement(2, 2, 3)),
        (15, (120, 36), Arrangement(3, 4, 12)),
        (15, (80, 20), Arrangement(2, 2, 4)),
        (12, (400, 100), Arrangement(4, 3, 12)),
        (1, (10, 3), Arrangement(1, 1, 1)),
    ],
)
def test_tiles_share_the_screen(number: int, size: tuple[int, int], expected: Arrangement) -> None:
    assert arrange(number, *size) == expected


def test_no_tile_is_too_small_and_none_is_without_a_place() -> None:
    for number in range(1, 20):
        for width in range(LEAST_CELLS, 300, 37):
            for height in range(LEAST_ROWS, 90, 11):
                made = arrange(number, width, height)
                assert width // made.columns >= LEAST_CELLS and height // made.rows >= LEAST_ROWS
                assert made.columns * (made.rows - 1) < made.shown <= made.columns * made.rows
                assert made.shown <= min(number, MAX_TILES)


async def test_the_wall_shows_the_marked_agents_and_leads_to_one() -> None:
    source, verbs = FixedSource(TEAMS), FixedVerbs()
    async with XatsApp(desk(source, verbs=verbs)).run_test(size=NORMAL) as pilot:
        await after("2", "down", "down", "down", "down", "space", "space", "w", words="backend@shop ✕ shell 4m")(pilot)
        assert not missing(pilot, ("qa@mobile ◆ dialog 3m", "Remove the build folder"))
        assert "docs@mobile" not in text(pilot)
        assert source.attended == {who(name).binding.pane for name in ("qa@mobile", "backend@shop")}  # type: ignore[union-attr]
        await pilot.press("right", "g")
        await until(pilot, lambda: ("go", who("backend@shop").agent_id) in verbs.done)
        await pilot.press("enter")
        await shows(pilot, "agent         backend@shop")
        assert "qa@mobile ◆ dialog 3m" not in text(pilot)


async def test_tiles_of_teams_that_begin_alike_are_told_apart() -> None:
    def renamed(team: str) -> str:
        return {"mobile": "payments-of-all-of-europe-north", "shop": "payments-of-all-of-europe-south"}.get(team, team)

    roster = tuple(replace(one, agent=replace(one.agent, team=renamed(one.agent.team))) for one in TEAMS.roster)
    async with XatsApp(desk(replace(TEAMS, roster=roster))).run_test(size=SMALL) as pilot:
        await after("2", "slash", *"backend", "enter", "w", words="backend@paym…urope-north ◐ busy 1m")(pilot)
        assert "backend@pay…urope-south ✕ shell 4m" in text(pilot)


async def test_a_wall_that_is_being_removed_is_drawn_without_its_tiles() -> None:
    async with XatsApp(desk(TEAMS)).run_test(size=NORMAL) as pilot:
        await after("2", "w", words="more panes not shown")(pilot)
        wall = pilot.app.screen.query_one(Wall)
        await wall.grid.remove_children()
        removal = wall.grid.remove()

        wall.show(TEAMS, TEAMS.roster, NOW)

        assert wall.chosen == ""
        await removal


async def test_a_wall_says_what_it_leaves_out_and_esc_leaves_it() -> None:
    async with XatsApp(desk(TEAMS)).run_test(size=SMALL, notifications=True) as pilot:
        await after("2", "w", words="11 more panes not shown")(pilot)
        await pilot.press("slash")
        await shows(pilot, "filter: not on the wall")
        await pilot.press("escape")
        await settled(pilot)
        assert not missing(pilot, ("Agents 15", "doing"))
