"""One team at a time: every list, the counts and the header; nothing urgent of another team goes unmentioned."""

import pytest

from tests.screens.looking import settled, shows, text
from tests.screens.sample.clock import NOW
from tests.screens.sample.desk import desk
from tests.screens.sample.filled import FILLED
from tests.screens.sample.teams import TEAMS, who
from tests.screens.states import NORMAL, SMALL, after, missing
from xats_tui.app import XatsApp
from xats_tui.core.records import replace
from xats_tui.screens.data.attention import ConcernCache, concerns
from xats_tui.screens.data.scope import TeamScope
from xats_tui.screens.data.snapshot import MAX_LIST_ROWS, Snapshot
from xats_tui.screens.query.command_line import LimitTo, Perform, Unknown, complete, read_team
from xats_tui.screens.rows.teams import TEAMS as TEAM_LIST
from xats_tui.screens.rows.wakes import WAKES


def limited(team: str, snapshot: Snapshot = TEAMS) -> Snapshot:
    scope = TeamScope()
    scope.team = team
    return scope.of(snapshot)


def test_every_list_is_limited_to_the_team() -> None:
    shop = limited("shop")
    assert {entry.agent.team for entry in shop.roster} == {"shop"}
    assert {wake.agent_id for wake in shop.wakes} == {who("backend@shop").agent_id, who("docs@shop").agent_id}
    assert all("shop" in (sent.from_team, sent.to_team) for sent in shop.stream)
    assert {entry.task.team for entry in shop.tasks} == {"shop"}
    assert [summary.team for summary in shop.contracts] == ["shop"]
    assert [act.agent_id for act in shop.activity] == [who("backend@shop").agent_id]
    assert [event.event_id for event in shop.events] == [36, 34, 30]
    assert shop.commands == ()


def test_agents_of_other_teams_are_still_known() -> None:
    shop = limited("shop")
    assert shop.entry(who("qa@mobile").agent_id)
    assert shop.names.of(who("qa@mobile")) == "qa@mobile"
    assert (len(shop.roster), len(shop.everyone)) == (5, 15)
    assert shop.teams == ("mobile", "shop", "warehouse")


def test_what_belongs_to_no_team_is_in_every_team() -> None:
    nobodys = replace(TEAMS.activity[0], agent_id=None)
    assert limited("mobile", replace(TEAMS, activity=(nobodys,))).activity == (nobodys,)
    assert limited("docs", FILLED).inbox == FILLED.inbox


def test_a_list_that_did_not_change_is_not_read_again() -> None:
    scope = TeamScope()
    scope.team = "shop"
    before = scope.of(TEAMS)
    later = scope.of(replace(TEAMS, tasks=TEAMS.tasks[1:]))
    assert later.wakes is before.wakes
    assert later.tasks is not before.tasks


def test_what_needs_a_person_in_other_teams_is_counted() -> None:
    everything = len(concerns(TEAMS, NOW))
    assert ConcernCache().outside(TEAMS, NOW) == 0
    assert ConcernCache().outside(limited("shop"), NOW) == everything - len(concerns(limited("shop"), NOW)) == 2


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("shop", LimitTo("shop")),
        ("sho", LimitTo("shop")),
        ("all", LimitTo(None)),
        ("", Perform("team")),
        ("x", Unknown("No team is called x; teams: shop, shipping, all.")),
        ("s", Unknown("s is ambiguous; teams: shop, shipping, all.")),
    ],
)
def test_a_command_names_the_team(line: str, meant: object) -> None:
    assert read_team(line, ("shop", "shipping")) == meant


def test_the_team_of_a_command_is_completed() -> None:
    assert complete("team sh", ["shannon"], ["shop"]) == "team shop"


async def test_a_team_is_kept_while_modes_change_and_the_header_tells_what_it_hides() -> None:
    async with XatsApp(desk(TEAMS)).run_test(size=SMALL) as pilot:
        await after("t", *"ware", "enter", words="team warehouse 5/5●")(pilot)
        assert not missing(pilot, ("⚠3 outside", "wakes 1◐ 0✕", "dialogs 0◆", "Agents 5"))
        await pilot.press("4")
        await shows(pilot, "Wakes 1 waiting · 0 failed")
        assert "@shop" not in text(pilot)
        await pilot.press("colon", *"team all", "enter")
        await shows(pilot, "Wakes 3 waiting · 1 failed")
        await settled(pilot)
        assert "outside" not in text(pilot)


@pytest.mark.slow
async def test_an_empty_list_of_a_team_says_how_to_leave_the_team() -> None:
    picture = replace(TEAMS, contracts=TEAMS.contracts[:1])
    async with XatsApp(desk(picture)).run_test(size=NORMAL) as pilot:
        await after("6", "colon", *"team mob", "enter", words="Nothing of team mobile here")(pilot)
        assert not missing(pilot, ("here; t", "team mobile 4/5●"))


async def test_two_keys_limit_to_the_team_of_the_selected_agent_and_two_lead_back() -> None:
    async with XatsApp(desk(TEAMS)).run_test(size=SMALL) as pilot:
        await after("2", "end", "t", "enter", words="team warehouse 5/5●")(pilot)
        await pilot.press("t", "enter")
        await shows(pilot, "Agents 15")


def test_counts_of_a_team_say_when_older_entries_were_not_loaded() -> None:
    many = tuple(replace(TEAMS.wakes[0], message_id=str(number)) for number in range(MAX_LIST_ROWS))
    shop = limited("shop", replace(TEAMS, wakes=(*many[1:], TEAMS.wakes[1])))
    assert WAKES.summary(shop) == f"0 waiting · {MAX_LIST_ROWS - 1} failed · newest {MAX_LIST_ROWS}"
    assert [cell.text for cell in TEAM_LIST.rows(shop, NOW)[0].cells][6] == f"{MAX_LIST_ROWS - 1}+"
    assert "newest" not in WAKES.summary(limited("shop"))


async def test_a_narrow_header_gives_up_the_uptime_before_a_count_and_never_that_nothing_is_stored() -> None:
    crowd = tuple(
        replace(TEAMS.roster[0], agent=replace(TEAMS.roster[0].agent, agent_id=f"{number}", name=f"worker-{number}"))
        for number in range(100)
    )
    lost = replace(TEAMS.health, unstored="the database file was deleted") if TEAMS.health else None
    async with XatsApp(desk(replace(TEAMS, roster=crowd))).run_test(size=SMALL) as pilot:
        await shows(pilot, "agents 100/100●")
    async with XatsApp(desk(replace(TEAMS, health=lost))).run_test(size=SMALL) as pilot:
        await after("colon", *"team warehouse", "enter", words="NOTHING IS STORED team wareh")(pilot)
