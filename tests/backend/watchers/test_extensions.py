"""What an extension tells of its program stands on the board, as long as it is linked."""

import asyncio

from tests.backend.transports.extension.stand_in import PI, stand_in
from tests.backend.watchers.board import Board
from tests.patience import eventually
from tests.tmux_server import short_folder
from xats_tui.backend.system.processes import Processes
from xats_tui.backend.transports.extension.links import ExtensionLinks
from xats_tui.backend.watchers.extensions import Extensions
from xats_tui.core.clock import SystemClock
from xats_tui.core.events import AgentChanged
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.panes import PaneState


async def test_states_are_followed_and_the_end_of_a_turn_is_told() -> None:
    board, agents, ended = Board(), dict[str, Agent](), []

    async def known() -> list[Agent]:
        return list(agents.values())

    async def by_id(agent_id: str) -> Agent | None:
        return agents.get(agent_id)

    async def turn_ended(agent: Agent) -> None:
        ended.append(agent.agent_id)

    def state() -> PaneState | None:
        told = board.of("A")
        return told.state if told else None

    with short_folder() as folder:
        links = ExtensionLinks(folder, Processes())
        following = Extensions(links, board, known, by_id, turn_ended, SystemClock())
        running = asyncio.create_task(following.run())
        async with stand_in(folder) as extension:
            agents["A"] = PI
            following.hear(AgentChanged(agent_id="A"))
            await board.until(lambda: state() is PaneState.IDLE)
            extension.tell(state="busy", detail="busy")
            await board.until(lambda: state() is PaneState.BUSY)
            assert not ended
            extension.tell(state="asks", detail="asks: Delete it?")
            await board.until(lambda: state() is PaneState.DIALOG)
            extension.tell(state="busy", detail="busy")
            extension.tell(state="idle", detail="")
            await board.until(lambda: state() is PaneState.IDLE)
            await eventually(lambda: ended == ["A"])
        await board.until(lambda: state() is None)
        running.cancel()
        await asyncio.wait([running])


async def test_a_program_that_says_a_lot_leaves_the_loop_to_others() -> None:
    turns, ended = 0, list[int]()

    async def known() -> list[Agent]:
        return [PI]

    async def by_id(agent_id: str) -> Agent | None:
        return PI

    async def turn_ended(agent: Agent) -> None:
        ended.append(turns)

    with short_folder() as folder:
        following = Extensions(ExtensionLinks(folder, Processes()), Board(), known, by_id, turn_ended, SystemClock())
        async with stand_in(folder) as extension:
            running = asyncio.create_task(following.run())
            while extension.nobody.is_set():
                await asyncio.sleep(0)
            for _ in range(5):
                extension.tell(state="busy", detail="busy")
                extension.tell(state="idle", detail="")
            while len(ended) < 5:
                turns += 1
                await asyncio.sleep(0)
            running.cancel()
            await asyncio.wait([running])

    assert len(set(ended)) == 5
