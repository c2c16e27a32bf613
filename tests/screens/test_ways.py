"""The ways to an agent in its detail: in order, the next one marked, the reasons beside those that are not taken."""

from datetime import timedelta

import pytest
from textual.events import Key

from tests.screens.looking import settled, shows, until
from tests.screens.sample.clock import NOW
from tests.screens.sample.desk import desk
from tests.screens.sample.filled import FILLED
from tests.screens.sample.source import FixedSource
from tests.screens.supervising import open_mode
from xats_tui.app import XatsApp
from xats_tui.core.model.ways import Way, WayState
from xats_tui.screens.details.agents import AgentFacts, agent_detail
from xats_tui.screens.modes import agents
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.widgets.tables import KeyedTable

INBOX = Way(name="claude-inbox", types=False, state=WayState.UNUSABLE, detail="it bypasses\x1b permissions")
PANE = Way(name="tmux-pane", types=True, state=WayState.OPEN, detail="", last_used_at=NOW - timedelta(minutes=2))


def test_the_next_way_is_marked_and_the_others_say_why_not() -> None:
    agent_id = FILLED.roster[0].agent.agent_id
    shown = agent_detail(FILLED, agent_id, NOW, AgentFacts(ways=(INBOX, PANE)))
    assert shown is not None
    lines = shown.plain.splitlines()
    assert "reached by    tmux-pane" in lines
    begin = lines.index("ways")
    assert lines[begin + 1 : begin + 4] == [
        "  claude-inbox: unusable",
        "    it bypasses␛ permissions",
        "▸ tmux-pane: open, used 2m ago",
    ]


def test_without_an_answer_nothing_is_said_of_ways() -> None:
    shown = agent_detail(FILLED, FILLED.roster[0].agent.agent_id, NOW)
    assert shown is not None and "ways" not in shown.plain.splitlines()


async def test_only_an_agent_on_which_the_cursor_rests_is_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agents, "RESTS_S", 0.5)
    source, asked = FixedSource(FILLED), list[str]()

    async def noted(agent_id: str) -> tuple[Way, ...]:
        asked.append(agent_id)
        return (INBOX, PANE)

    monkeypatch.setattr(source, "ways", noted)
    async with XatsApp(desk(source)).run_test(size=(120, 40)) as pilot:
        await shows(pilot, "xats :9100")
        await open_mode(pilot, Mode.AGENTS)
        await until(pilot, lambda: bool(asked))
        asked.clear()
        for _ in range(3):
            pilot.app.post_message(Key("down", None))
        await until(pilot, lambda: bool(asked))
        assert asked == [pilot.app.screen.query_one("#list KeyedTable", KeyedTable).keys[3]]


@pytest.mark.slow
async def test_the_agents_mode_asks_for_the_ways_of_the_selected_agent() -> None:
    source = FixedSource(FILLED)
    source.known_ways = (INBOX, PANE)
    async with XatsApp(desk(source)).run_test(size=(120, 100)) as pilot:
        await shows(pilot, "xats :9100")
        await open_mode(pilot, Mode.AGENTS)
        await settled(pilot)
        await shows(pilot, "▸ tmux-pane: open, used 2m ago")
