"""An opencode's own server tells what its session does and asks, and takes a person's answer to just that."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import psutil
import pytest

from tests.backend.watchers.board import Board
from tests.patience import PATIENCE
from tests.stand_ins.opencode_server import CHOICE, COMMAND, SESSION, SUBAGENTS, OpencodeServer, opencode_server
from xats_tui.backend.system.processes import Processes
from xats_tui.backend.transports.opencode_access import OpencodeAccess
from xats_tui.backend.transports.opencode_reading import MAX_AT_WORK
from xats_tui.backend.watchers.opencode_sessions import READ_INTERVAL_S, OpencodeSessions
from xats_tui.core.clock import SystemClock
from xats_tui.core.errors import Refusal
from xats_tui.core.events import AgentChanged
from xats_tui.core.model.agents import Agent, Delivery, DeliveryKind, SeenProcess
from xats_tui.core.model.client_states import Dialog, DialogKind, Effect
from xats_tui.core.model.panes import PaneState
from xats_tui.core.records import replace

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def agent_named(name: str) -> Agent:
    """An agent of opencode's that nobody has a way to."""
    return Agent(
        agent_id=name,
        team="t",
        name=name,
        role="agent",
        client="opencode",
        client_name=None,
        model="m",
        delivery=Delivery(),
        binding=None,
        registered_at=NOON,
        last_seen_at=NOON,
    )


@pytest.fixture
def opencode() -> Iterator[OpencodeServer]:
    """A running stand-in, which listens in this very process."""
    with opencode_server() as server:
        yield server


class World:
    """A watcher, its board, and agents that a test may change."""

    def __init__(self, *agents: Agent) -> None:
        self.board = Board()
        self.agents = {agent.agent_id: agent for agent in agents}
        self.learnt: list[tuple[str, str, str]] = []
        self.watcher = OpencodeSessions(
            OpencodeAccess(Processes()), self.board, self._all, self._by_id, self._learn, SystemClock()
        )

    async def _all(self) -> Sequence[Agent]:
        return tuple(self.agents.values())

    async def _by_id(self, agent_id: str) -> Agent | None:
        return self.agents.get(agent_id)

    async def _learn(self, agent_id: str, base_url: str, session: str) -> None:
        self.learnt.append((agent_id, base_url, session))
        self.change(reached(self.agents[agent_id], base_url, session))

    def change(self, agent: Agent) -> None:
        """Change an agent, as a registration does."""
        self.agents[agent.agent_id] = agent
        self.watcher.hear(AgentChanged(agent_id=agent.agent_id))

    def state(self, agent_id: str = "bob") -> PaneState | None:
        """The state that is told of an agent."""
        told = self.board.of(agent_id)
        return told.state if told else None

    async def until_state(self, state: PaneState | None) -> None:
        """Wait until bob has a state."""
        await self.board.until(lambda: self.state() is state)

    async def dialog(self) -> Dialog:
        """Wait for the first open dialog."""
        await self.board.until(self.board.dialogs)
        return self.board.dialogs()[0]


@asynccontextmanager
async def watched(*agents: Agent) -> AsyncIterator[World]:
    """A running watcher."""
    world = World(*agents)
    running = asyncio.create_task(world.watcher.run())
    try:
        yield world
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def reached(agent: Agent, url: str, session: str = SESSION) -> Agent:
    """The agent, registered with a server."""
    address = {"base_url": url, "session_id": session}
    return replace(agent, delivery=Delivery(kind=DeliveryKind.OPENCODE_SERVER, address=address))


def own_process() -> SeenProcess:
    """The process in which the stand-in listens."""
    return SeenProcess(os.getpid(), psutil.Process().create_time())


def bob(url: str = "", *, process: SeenProcess | None = None) -> Agent:
    """An opencode agent, registered with a server if a URL is given."""
    agent = replace(agent_named("bob"), process=process)
    return reached(agent, url) if url else agent


async def refused(board: Board, dialog: Dialog, number: int, text: str = "") -> Refusal:
    """The refusal of an answer."""
    with pytest.raises(Refusal) as refusal:
        await board.answer(dialog, number, text)
    return refusal.value


async def test_its_states_are_followed_as_they_change(opencode: OpencodeServer) -> None:
    async with watched(bob(opencode.url)) as world:
        await world.until_state(PaneState.IDLE)
        opencode.set_busy(SESSION)
        await world.until_state(PaneState.BUSY)
        opencode.set_busy()
        await world.until_state(PaneState.IDLE)
        opencode.statuses = {SESSION: {"type": "retry", "attempt": 1}}
        opencode.tell()
        await world.until_state(PaneState.BUSY)


async def test_a_word_that_is_not_known_is_never_idle(opencode: OpencodeServer) -> None:
    opencode.statuses = {SESSION: {"type": "dreaming"}}
    async with watched(bob(opencode.url)) as world:
        await world.until_state(PaneState.UNKNOWN)


async def test_nothing_is_said_of_one_whose_server_is_gone_and_it_is_found_again() -> None:
    with opencode_server() as first:
        async with watched(bob(first.url)) as world:
            first.ask(permissions=[COMMAND])
            await world.dialog()
            first.ended.set()
            first.send(b"")
            await world.until_state(None)
            assert world.board.dialogs() == ()
            first.ended.clear()
            first.permissions.clear()
            first.statuses = {}
            await world.until_state(PaneState.IDLE)


async def test_a_server_that_answers_nonsense_tells_nothing(opencode: OpencodeServer) -> None:
    async with watched(bob(opencode.url)) as world:
        await world.until_state(PaneState.IDLE)
        opencode.permissions = [{"id": "../..", "sessionID": SESSION}]
        opencode.tell()
        await world.until_state(None)


async def test_an_event_without_end_hides_no_change(opencode: OpencodeServer) -> None:
    async with watched(bob(opencode.url)) as world:
        await world.until_state(PaneState.IDLE)
        opencode.statuses = {SESSION: {"type": "busy"}}
        for _ in range(40):
            opencode.send(b"data: " + b"x" * 1_000_000)
        opencode.send(b"\n\n")
        await world.until_state(PaneState.BUSY)


async def test_a_server_that_asks_without_end_opens_a_bounded_number_of_dialogs(opencode: OpencodeServer) -> None:
    async with watched(bob(opencode.url)) as world:
        opencode.ask(permissions=[{**COMMAND, "id": f"per_{number}"} for number in range(5_000)])
        await world.dialog()
        await world.until_state(PaneState.DIALOG)
        assert len(world.board.dialogs()) == MAX_AT_WORK


async def test_many_events_cause_few_readings(opencode: OpencodeServer) -> None:
    async with watched(bob(opencode.url)) as world:
        await world.until_state(PaneState.IDLE)
        began, before = time.monotonic(), opencode.readings
        for _ in range(300):
            opencode.tell()
            await asyncio.sleep(0.002)
        opencode.set_busy(SESSION)
        await world.until_state(PaneState.BUSY)
        assert opencode.readings - before <= (time.monotonic() - began) / READ_INTERVAL_S + 2


async def test_the_server_of_its_own_process_is_found_and_its_session_learnt_when_it_works(
    opencode: OpencodeServer,
) -> None:
    opencode.set_busy(SESSION)
    async with watched(bob(process=own_process())) as world:
        await world.until_state(PaneState.BUSY)
        assert world.learnt == [("bob", opencode.url, SESSION)]


async def test_nothing_is_said_of_a_session_before_it_is_known(opencode: OpencodeServer) -> None:
    async with watched(bob(process=own_process())) as world:
        while not opencode.readings:
            await asyncio.sleep(0.01)
        assert world.state() is None
        opencode.set_busy(SUBAGENTS)
        await world.until_state(PaneState.IDLE)
        assert world.learnt == [("bob", opencode.url, SESSION)], "the one above the subagent's is the person's"


async def test_it_goes_on_with_the_session_that_its_user_goes_on_with(opencode: OpencodeServer) -> None:
    opencode.sessions.append({"id": "newer"})
    async with watched(bob(opencode.url)) as world:
        await world.until_state(PaneState.IDLE)
        opencode.set_busy("newer")
        await world.until_state(PaneState.BUSY)
        assert world.learnt == [("bob", opencode.url, "newer")]


async def test_two_agents_of_one_server_keep_their_sessions(opencode: OpencodeServer) -> None:
    opencode.sessions.append({"id": "newer"})
    ann = reached(agent_named("ann"), opencode.url, "newer")
    async with watched(bob(opencode.url), ann) as world:
        await world.board.until(lambda: world.state() is world.state("ann") is PaneState.IDLE)
        opencode.set_busy("newer")
        await world.board.until(lambda: world.state("ann") is PaneState.BUSY)
        assert (world.state(), world.learnt) == (PaneState.IDLE, [])


async def test_a_permission_is_shown_with_its_command_and_allowed(opencode: OpencodeServer) -> None:
    async with watched(bob(opencode.url)) as world:
        opencode.ask(permissions=[COMMAND])
        dialog = await world.dialog()
        assert (dialog.kind, dialog.tool, dialog.subject) == (DialogKind.PERMISSION, "bash", "touch x")
        assert [option.effect for option in dialog.options[:3]] == [Effect.ALLOW, Effect.ALLOW_ALWAYS, Effect.DENY]
        await world.until_state(PaneState.DIALOG)
        assert opencode.replies == []

        await world.board.answer(dialog, 1)

        assert opencode.replies == [("/permission/per_1/reply", {"reply": "once"})]
        assert world.board.dialogs() == ()
        await world.until_state(PaneState.BUSY)


@pytest.mark.parametrize(
    ("number", "text", "body"),
    [
        (2, "", {"reply": "always"}),
        (3, "", {"reply": "reject"}),
        (4, "not today", {"reply": "reject", "message": "not today"}),
    ],
)
async def test_each_option_is_what_the_server_takes_it_for(
    number: int, text: str, body: object, opencode: OpencodeServer
) -> None:
    async with watched(bob(opencode.url)) as world:
        opencode.ask(permissions=[COMMAND])
        await world.board.answer(await world.dialog(), number, text)
        assert opencode.replies == [("/permission/per_1/reply", body)]


async def test_a_subagents_permission_blocks_the_same_person(opencode: OpencodeServer) -> None:
    async with watched(bob(opencode.url)) as world:
        opencode.ask(
            permissions=[{**COMMAND, "sessionID": SUBAGENTS}, {**COMMAND, "id": "per_2", "sessionID": "older"}]
        )
        await world.dialog()
        assert [dialog.id for dialog in world.board.dialogs()] == ["bob/per_1"]


async def test_a_permission_that_was_answered_on_the_screen_is_gone_here(opencode: OpencodeServer) -> None:
    async with watched(bob(opencode.url)) as world:
        opencode.ask(permissions=[COMMAND])
        dialog = await world.dialog()
        opencode.ask()
        await world.until_state(PaneState.BUSY)
        assert (await refused(world.board, dialog, 1)).code == "prompt_changed"
        assert opencode.replies == []


@pytest.mark.parametrize("now", [[], [{**COMMAND, "patterns": ["rm -rf /"], "metadata": {"command": "rm -rf /"}}]])
async def test_an_answer_never_hits_another_request_than_was_seen(
    now: list[dict[str, Any]], opencode: OpencodeServer
) -> None:
    async with watched(bob(opencode.url)) as world:
        opencode.ask(permissions=[COMMAND])
        dialog = await world.dialog()
        opencode.permissions = now  # and no event has told so yet
        assert (await refused(world.board, dialog, 1)).code == "prompt_changed"
        assert opencode.replies == []


async def test_an_answer_that_is_refused_or_not_seen_to_work_is_said_to_be_so(opencode: OpencodeServer) -> None:
    async with watched(bob(opencode.url)) as world:
        opencode.ask(permissions=[COMMAND])
        dialog = await world.dialog()
        opencode.broken = "/permission/per_1/reply"
        assert (await refused(world.board, dialog, 1)).code == "not_taken"
        opencode.broken, opencode.keeps_asking = "", True
        assert (await refused(world.board, dialog, 1)).code == "answer_unseen"
        assert (await refused(world.board, dialog, 4)).code == "not_answerable", "a reason is missing"


async def test_a_question_takes_a_choice_or_a_text_or_is_dismissed(opencode: OpencodeServer) -> None:
    async with watched(bob(opencode.url)) as world:
        for number, text, reply in (
            (2, "", ("/question/que_1/reply", {"answers": [["B"]]})),
            (3, "my own", ("/question/que_1/reply", {"answers": [["my own"]]})),
            (4, "", ("/question/que_1/reject", None)),
        ):
            opencode.ask(questions=[CHOICE])
            dialog = await world.dialog()
            assert (dialog.kind, dialog.subject) == (DialogKind.QUESTION, "Which one?")
            await world.board.answer(dialog, number, text)
            assert opencode.replies.pop() == reply


async def test_a_question_of_several_choices_is_left_to_the_screen(opencode: OpencodeServer) -> None:
    several = {**CHOICE, "questions": [{**CHOICE["questions"][0], "multiple": True}]}
    two = {**CHOICE, "id": "que_2", "questions": CHOICE["questions"] * 2}
    async with watched(bob(opencode.url)) as world:
        opencode.ask(questions=[several, two])
        await world.board.until(lambda: len(world.board.dialogs()) == 2)
        for dialog in world.board.dialogs():
            assert [option.label for option in dialog.options] == ["Dismiss"]


async def test_an_agent_that_has_left_is_followed_no_longer(opencode: OpencodeServer) -> None:
    async with watched(bob(opencode.url)) as world:
        opencode.ask(permissions=[COMMAND])
        await world.dialog()
        del world.agents["bob"]
        world.watcher.hear(AgentChanged(agent_id="bob"))
        await world.until_state(None)
        assert world.board.dialogs() == ()
        async with asyncio.timeout(PATIENCE):
            while opencode.streams:
                await asyncio.sleep(0.01)
