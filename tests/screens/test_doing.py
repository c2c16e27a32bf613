"""What an agent is doing: its task, else its last tool, else its client's words; never a guess."""

import pytest

from tests.screens.looking import settled, shows, text
from tests.screens.sample.clock import NOW, ago
from tests.screens.sample.desk import desk
from tests.screens.sample.teams import TEAMS, who
from tests.screens.sample.wakes import GATES
from tests.screens.states import after, missing
from xats_tui.app import XatsApp
from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.client_states import StateSource, ToldState, ToldWork, UsedTool
from xats_tui.core.model.panes import PaneState
from xats_tui.core.records import replace
from xats_tui.screens.data.targets import open_wake_of
from xats_tui.screens.details.agents import AgentFacts, agent_detail
from xats_tui.screens.rows.doing import doing, tasks_in_progress
from xats_tui.screens.rows.teams import TEAMS as TEAM_LIST

IDLE = TEAMS.entry(who("planner@shop").agent_id)
BUSY = ToldState(state=PaneState.BUSY, detail="thread active", source=StateSource.THREAD, at=ago(minutes=2))
GET_INBOX = UsedTool(name="get_inbox", at=ago(minutes=5))
BASH = ToldWork(tool=UsedTool(name="Bash: pytest -q", at=ago(seconds=20)))


def told(entry: RosterEntry | None) -> str:
    assert entry is not None
    return doing(entry, tasks_in_progress(TEAMS).get(entry.agent.agent_id, ()), NOW).text


def test_a_task_in_progress_comes_first_with_its_time() -> None:
    assert told(TEAMS.entry(who("backend@mobile").agent_id)) == "12m client for orders v4"


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({}, "–"),
        ({"told": BUSY}, "2m thread active"),
        ({"told": replace(BUSY, state=PaneState.IDLE)}, "–"),
        ({"told": BUSY, "called": GET_INBOX}, "5m ago get_inbox"),
        ({"called": GET_INBOX, "work": BASH}, "20s ago Bash: pytest -q"),
        ({"work": ToldWork(model="m")}, "–"),
    ],
)
def test_without_a_task_the_last_tool_is_told_then_the_clients_words(known: dict[str, object], expected: str) -> None:
    assert IDLE is not None
    assert told(replace(IDLE, **known)) == expected  # type: ignore[arg-type]


def test_the_detail_tells_tasks_tools_model_and_tokens_only_where_they_were_told() -> None:
    detail = agent_detail(TEAMS, who("qa@mobile").agent_id, NOW)
    assert detail is not None
    for line in ("last tool     run_shell_command: rm -rf build, 3m ago", "model         gemini-3-pro (its hooks say)"):
        assert line in detail.plain
    assert "tokens        48,211 (its hooks say)" in detail.plain
    untold = agent_detail(TEAMS, who("planner@shop").agent_id, NOW)
    assert untold is not None
    assert not any(label in untold.plain for label in ("works on", "last tool", "model", "tokens", "open wake"))


def test_the_detail_tells_the_wake_that_waits_longest_and_its_first_closed_gate() -> None:
    agent_id = who("qa@mobile").agent_id
    wake = open_wake_of(TEAMS, agent_id)
    assert wake is not None
    assert wake.subject == "build 7"
    detail = agent_detail(TEAMS, agent_id, NOW, AgentFacts(gates=GATES))
    assert detail is not None
    assert "open wake     ◐ waiting 5m “build 7” from backend@mobile; enter shows it" in detail.plain
    assert "held by       ✕ state: busy: spinner in the title (+1 gate)" in detail.plain


def test_a_failed_wake_is_open_when_none_waits() -> None:
    failed = open_wake_of(TEAMS, who("backend@shop").agent_id)
    assert failed is not None and failed.subject == "price of an order"
    assert open_wake_of(TEAMS, who("docs@shop").agent_id) is None


def test_each_team_is_summed_up() -> None:
    rows = {row.key: [cell.text for cell in row.cells] for row in TEAM_LIST.rows(TEAMS, NOW)}
    assert rows["mobile"] == ["mobile", "4/5", "1", "1", "3", "1", "–", "1", "1"]
    assert rows["shop"] == ["shop", "5/5", "–", "–", "2", "–", "1", "1", "1"]


@pytest.mark.slow
async def test_teams_fill_the_rows_below_the_agents_and_enter_leads_to_the_open_wake() -> None:
    async with XatsApp(desk(TEAMS)).run_test(size=(120, 40)) as pilot:
        await after("2", *["down"] * 4, words="held by")(pilot)
        assert not missing(pilot, ("Teams", "12m client for", "+7 columns: C"))
        await pilot.click("#teams KeyedTable", offset=(2, 2), times=2)
        await shows(pilot, "team shop 5/5●")
        await pilot.click("#teams KeyedTable", offset=(2, 1), times=2)
        await shows(pilot, "Agents 15")
        await pilot.press("home", *["down"] * 4)
        await pilot.press("enter", "enter")
        await shows(pilot, "Wake → qa@mobile")
        await settled(pilot)
        assert "“build 7”" in text(pilot)
