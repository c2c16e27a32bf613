"""A program with our extension is woken with nothing typed: only while it is idle, and never twice."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from tests.backend.transports.extension.stand_in import ME, PI, StandIn, stand_in
from tests.backend.transports.inbox.test_claude_inbox import HINT, LaterClock
from tests.tmux_server import short_folder
from xats_tui.backend.client_states import ClientStates
from xats_tui.backend.system.processes import Processes
from xats_tui.backend.transports.extension import transport as timing
from xats_tui.backend.transports.extension.links import ExtensionLinks, NoExtension
from xats_tui.backend.transports.extension.transport import AVOIDED_FOR, LOST_AFTER, VALID_FOR, ClientExtension
from xats_tui.backend.transports.extension.words import parsed
from xats_tui.core.model.agents import SeenProcess
from xats_tui.core.model.labels import CUSTOM
from xats_tui.core.model.wakes import UNCONFIRMED, Reachability, WakeStage
from xats_tui.core.records import replace


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for sockets."""
    with short_folder() as path:
        yield path


class Desk:
    """A transport, and an agent with an extension."""

    def __init__(self, folder: Path, extension: StandIn) -> None:
        self.extension = extension
        self.clock = LaterClock()
        self.links = ExtensionLinks(folder, Processes())
        self.transport = ClientExtension(self.links, ClientStates(lambda events: None), self.clock)

    async def keep_linked(self, linked: asyncio.Event) -> None:
        """Keep the link open as the watcher does; anew whenever it has ended."""
        while True:
            with suppress(NoExtension):
                async with self.links.opened(PI.agent_id, ME) as link:
                    while True:
                        await link.next_state()
                        linked.set()
            linked.clear()


@pytest.fixture
async def desk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """An idle program whose extension is linked."""
    monkeypatch.setattr(timing, "EVIDENCE_WITHIN_S", 0.1)
    async with stand_in(folder) as extension:
        desk, linked = Desk(folder, extension), asyncio.Event()
        keeping = asyncio.create_task(desk.keep_linked(linked))
        await linked.wait()
        yield desk
        keeping.cancel()
        await asyncio.wait([keeping])


async def test_an_idle_program_is_given_the_hint_and_the_turn_is_the_proof(desk: Desk) -> None:
    desk.extension.tell(draft=7)
    observation = await desk.transport.readiness(PI)
    assert (observation.reach, observation.at_rest) == (Reachability.OPEN, True)
    assert observation.detail == "idle; model m; a draft of 7 characters stays as it is"

    result = await desk.transport.deliver(PI, HINT)

    assert (result.step, result.typed) == (WakeStage.SUBMITTED, False)
    assert [order["text"] for order in desk.extension.orders] == [HINT]


@pytest.mark.parametrize(
    ("state", "detail", "gate"),
    [
        ("busy", "busy", "state"),
        ("busy", "compacts its session", "state"),
        ("idle", "has no model", "state"),
        ("asks", "asks: Delete it?", "dialog"),
        ("sleeps", "", "state"),
    ],
)
async def test_nothing_is_handed_over_unless_it_is_idle(desk: Desk, state: str, detail: str, gate: str) -> None:
    desk.extension.tell(state=state, detail=detail)

    closed = [one.name for one in (await desk.transport.readiness(PI)).gates if not one.holds]
    result = await desk.transport.deliver(PI, HINT, forced=True)

    assert closed == [gate]
    assert (result.step, result.uncertain, desk.extension.orders) == (WakeStage.ATTEMPTED, False, [])


async def test_a_hint_that_the_extension_refused_may_be_handed_over_again(desk: Desk) -> None:
    desk.extension.outcomes = ["busy"]
    refused = await desk.transport.deliver(PI, HINT)
    assert (refused.step, refused.detail, refused.uncertain) == (WakeStage.ATTEMPTED, "state: busy", False)

    desk.extension.outcomes = ["begun"]
    assert (await desk.transport.deliver(PI, HINT)).step is WakeStage.SUBMITTED
    assert len({order["hint"] for order in desk.extension.orders}) == 2


async def test_a_hint_whose_outcome_is_not_known_is_never_repeated(desk: Desk) -> None:
    desk.extension.outcomes = ["given", ""]
    result = await desk.transport.deliver(PI, HINT)
    assert (result.step, result.uncertain) == (WakeStage.ATTEMPTED, True)
    assert result.detail.startswith(UNCONFIRMED)

    while (observation := await desk.transport.readiness(PI)).reach is not Reachability.OPEN:
        await asyncio.sleep(0)  # until it is linked again
    assert [gate.name for gate in observation.gates if not gate.holds] == ["own hint"]
    await desk.transport.deliver(PI, HINT)
    assert len(desk.extension.orders) == 1

    desk.extension.told["hints"] = {desk.extension.orders[0]["hint"]: "begun"}
    assert (await desk.transport.readiness(PI)).is_taken
    assert (await desk.transport.deliver(PI, HINT)).step is WakeStage.SUBMITTED
    assert len(desk.extension.orders) == 1


async def test_a_hint_that_never_arrived_is_over_once_it_is_not_valid_any_more(desk: Desk) -> None:
    desk.extension.outcomes = []
    assert (await desk.transport.deliver(PI, HINT)).uncertain
    assert not all(gate.holds for gate in (await desk.transport.readiness(PI)).gates)

    desk.clock.ahead = VALID_FOR

    assert all(gate.holds for gate in (await desk.transport.readiness(PI)).gates)


async def test_a_program_that_lost_a_hint_gets_no_other_one_for_an_hour(desk: Desk) -> None:
    desk.extension.outcomes = ["given"]
    assert (await desk.transport.deliver(PI, HINT)).uncertain

    desk.clock.ahead = LOST_AFTER
    assert (await desk.transport.readiness(PI)).reach is Reachability.UNUSABLE
    await desk.transport.deliver(PI, HINT)
    assert len(desk.extension.orders) == 1

    desk.clock.ahead = AVOIDED_FOR + LOST_AFTER
    assert (await desk.transport.readiness(PI)).reach is Reachability.OPEN


async def test_an_extension_that_does_not_answer_is_passed_over(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xats_tui.backend.transports.extension.links.ANSWER_TIMEOUT_S", 0.05)
    desk.extension.is_deaf = True

    observation = await desk.transport.readiness(PI)

    assert (observation.reach, observation.detail) == (Reachability.UNUSABLE, "its extension does not answer")


async def test_without_an_extension_the_way_is_named_with_the_command_that_sets_it(folder: Path) -> None:
    transport = ClientExtension(ExtensionLinks(folder, Processes()), ClientStates(lambda events: None), LaterClock())

    observation = await transport.readiness(PI)

    assert observation.reach is Reachability.UNUSABLE
    assert "xats-tui setup pi" in observation.detail
    assert not transport.serves(replace(PI, client=CUSTOM)) and not transport.serves(replace(PI, process=None))
    assert transport.missing(replace(PI, process=None)) and not transport.missing(replace(PI, client=CUSTOM))


@contextmanager
def listener(folder: Path, pid: int) -> Iterator[None]:
    """Something that listens in this process at the socket of another one."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / f"{pid}.sock"))
        listening.listen()
        yield


async def test_a_socket_at_which_another_program_listens_is_not_believed(folder: Path) -> None:
    parent = psutil.Process(os.getppid())
    with listener(folder, parent.pid), pytest.raises(NoExtension, match="belongs to another program"):
        async with ExtensionLinks(folder, Processes()).opened("A", SeenProcess(parent.pid, parent.create_time())):
            pass


async def test_a_process_that_got_the_pid_of_an_agent_later_is_not_believed(folder: Path) -> None:
    earlier = SeenProcess(ME.pid, ME.started_at - timedelta(hours=1).total_seconds())
    with listener(folder, ME.pid), pytest.raises(NoExtension, match="its program has ended"):
        async with ExtensionLinks(folder, Processes()).opened("A", earlier):
            pass


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b'"idle"',
        b"[" * 10_000,
        b'{"version": 2}',
        b'{"version": 1, "state": "idle"}',
        b'{"version": 1, "state": [], "detail": "", "since": 0, "model": "", "draft": 0, "hints": {}}',
        b'{"version": 1, "state": "idle", "detail": "", "since": 1e300, "model": "", "draft": 0, "hints": {}}',
        b'{"version": 1, "state": "idle", "detail": "", "since": 0, "model": "", "draft": 0, "hints": {"a": 1}}',
    ],
)
def test_what_is_not_as_an_extension_speaks_tells_nothing(line: bytes) -> None:
    assert parsed(line) is None


async def test_half_a_character_and_a_draft_without_end_can_be_stored_and_shown() -> None:
    told = {**StandIn().told, "state": "asks", "detail": "asks: Delete \ud83d", "draft": 1e300}

    state = parsed(json.dumps(told).encode())

    assert state is not None
    assert state.detail.encode() == b"asks: Delete ?; model m; a draft of 1000000 characters stays as it is"
