"""Time from a message to the turn that it begins, over the clients' own interfaces: nothing is typed.

The coordinator is a process of its own.  The clients are stand-ins that speak the same interfaces and begin a turn at
once, so the figures are the coordinator's share; a real client takes its own time to begin.
"""

import asyncio
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.server import unix_serve

from benchmarks.figures import Figure, median
from benchmarks.programs import headless
from tests.commands.processes import XATS
from tests.mcp_caller import Caller, callers
from tests.stand_ins.app_server import AppServer
from tests.stand_ins.claude_code import ClaudeCode, claude_code
from tests.stand_ins.opencode_server import SESSION, opencode_server

AGENTS = 20
"""Number of agents of each client, and of turns that a broadcast begins."""

ONE_TARGET_MS, ALL_TARGET_MS = 60.0, 500.0

LOST_AFTER_S = 30.0
"""Time after which a turn counts as never begun."""

POLL_S, LEISURELY_POLL_S = 0.001, 0.05

TURN_S = 1.0
"""Length of a Claude Code's turn; in the middle its model reads the inbox, as a real one does after 0.8 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A running coordinator, and a sender."""

    home: Path
    connect: Callable[[], Awaitable[Caller]]
    sender: Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """The registered stand-ins of one client."""

    begun: Callable[[int], float]
    """The time at which an agent's newest turn began, in seconds since the epoch; 0 before its first turn."""
    read: Callable[[int], Awaitable[None]]
    """Have an agent read its inbox."""


Play = Callable[[Room], AbstractAsyncContextManager[Crowd]]


async def measure_sockets(rounds: int) -> list[Figure]:
    """Measure single messages and a broadcast for each client that has an interface of its own."""
    figures: list[Figure] = []
    for title, play in CLIENTS:
        async with room() as at, play(at) as crowd:
            figures += [await one_by_one(title, at, crowd, rounds), await all_at_once(title, at, crowd)]
    return figures


@asynccontextmanager
async def room() -> AsyncIterator[Room]:
    """Run a coordinator and a sender for the life of the block."""
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="xats-bench-")))
        program = await asyncio.to_thread(stack.enter_context, headless(home))
        connect = await stack.enter_async_context(callers())
        url = f"http://127.0.0.1:{program.port}/mcp"

        async def connected() -> Caller:
            caller: Caller = await connect(url)
            return caller

        sender = await connected()
        await sender.register("sender", team="t")
        yield Room(home=home, connect=connected, sender=sender)


async def one_by_one(title: str, at: Room, crowd: Crowd, rounds: int) -> Figure:
    """Measure single messages, each to another agent that is idle."""
    samples = []
    for number in range(rounds):
        who, sent_at = number % AGENTS, time.time()
        sent = await at.sender.call("send_message", to_agent_name=f"agent-{who}", body="bench")
        samples.append(await _begins(crowd, who, sent_at) - sent_at)
        await crowd.read(who)
        await _all_read(at, sent["message_id"])
    return median(f"{title}: message to turn begun", samples, ONE_TARGET_MS)


async def all_at_once(title: str, at: Room, crowd: Crowd) -> Figure:
    """Measure one message to all agents, until the last turn has begun."""
    sent_at = time.time()
    await at.sender.call("broadcast", body="to all")
    last = max([await _begins(crowd, who, sent_at) for who in range(AGENTS)])
    name = f"{title}: broadcast to {AGENTS}, all turns begun"
    return Figure(name=name, value=(last - sent_at) * 1000, unit="ms", target=ALL_TARGET_MS, samples=AGENTS)


@asynccontextmanager
async def claude_codes(at: Room) -> AsyncIterator[Crowd]:
    """A process with an inbox socket for each agent, and a real bridge below it, which has the key of the inbox."""
    async with AsyncExitStack() as stack:
        sockets = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="xb-")))

        def started(number: int) -> ClaudeCode:
            bridge = ("--name", f"agent-{number}", "--bridge", *XATS, "mcp", "--home", str(at.home))
            return stack.enter_context(claude_code(at.home / "claude", sockets, *bridge))

        sessions = [await asyncio.to_thread(started, number) for number in range(AGENTS)]
        await _registered(at, AGENTS)
        for session in sessions:
            await asyncio.to_thread(session.tell, "behave", reads=True, turn_s=TURN_S)

        def begun(who: int) -> float:
            return float(sessions[who].tell()["begun_at"])

        async def read(who: int) -> None:
            """Its model reads in the turn, by itself."""

        yield Crowd(begun=begun, read=read)


class TimedAppServer(AppServer):
    """Notes when a turn began on each thread."""

    def __init__(self, threads: Sequence[str]) -> None:
        super().__init__()
        self.threads = list(threads)
        self.begun_at: dict[str, float] = {}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["method"] == "turn/start":
            self.begun_at[request["params"]["threadId"]] = time.time()
        return super().answer(request)


@asynccontextmanager
async def codex_windows(at: Room) -> AsyncIterator[Crowd]:
    """One app-server with a thread for each agent, as all windows of a stock Codex share one."""
    threads = [str(uuid.uuid4()) for _ in range(AGENTS)]
    server, path = TimedAppServer(threads), at.home / "codex.sock"
    async with unix_serve(server.serve, str(path)):
        url = f"unix:{path}"
        deliveries = [{"kind": "codex-appserver", "thread_id": thread, "ws_url": url} for thread in threads]
        agents = [await _agent(at, "codex", number, delivery) for number, delivery in enumerate(deliveries)]
        yield Crowd(
            begun=lambda who: server.begun_at.get(threads[who], 0.0),
            read=lambda who: _read(agents[who]),
        )


class TimedPrompts(list[str]):
    """Notes when the newest prompt came."""

    begun_at = 0.0

    def append(self, prompt: str) -> None:
        self.begun_at = time.time()
        super().append(prompt)


@asynccontextmanager
async def opencodes(at: Room) -> AsyncIterator[Crowd]:
    """A server for each agent, as each opencode has its own."""
    async with AsyncExitStack() as stack:
        servers = [stack.enter_context(opencode_server()) for _ in range(AGENTS)]
        prompts = [TimedPrompts() for _ in servers]
        for server, timed in zip(servers, prompts, strict=True):
            server.prompts = timed
        deliveries = [{"kind": "opencode-server", "base_url": server.url, "session_id": SESSION} for server in servers]
        agents = [await _agent(at, "opencode", number, delivery) for number, delivery in enumerate(deliveries)]
        yield Crowd(begun=lambda who: prompts[who].begun_at, read=lambda who: _read(agents[who]))


CLIENTS: Sequence[tuple[str, Play]] = (
    ("Claude Code", claude_codes),
    ("Codex", codex_windows),
    ("opencode", opencodes),
)


async def _agent(at: Room, client: str, number: int, delivery: Mapping[str, Any]) -> Caller:
    caller = await at.connect()
    await caller.register(f"agent-{number}", team="t", client=client, delivery=delivery)
    return caller


async def _read(caller: Caller) -> None:
    await caller.call("get_inbox")
    await caller.call("task_list")  # the messages count as read at the call after that


async def _begins(crowd: Crowd, who: int, since: float) -> float:
    """Return the time at which an agent's turn began, once it has."""
    async with asyncio.timeout(LOST_AFTER_S):
        while True:
            if (at := crowd.begun(who)) >= since:
                return at
            await asyncio.sleep(POLL_S)


async def _all_read(at: Room, message_id: str) -> None:
    """Wait until a message has been read, so that the next hint has nothing to wait for."""
    async with asyncio.timeout(LOST_AFTER_S):
        while True:
            answer = await at.sender.call("get_delivery_status", message_id=message_id)
            if all("read" in status["evidence"] for status in answer["statuses"]):
                return
            await asyncio.sleep(LEISURELY_POLL_S)


async def _registered(at: Room, number: int) -> None:
    """Wait until so many agents have registered beside the sender."""
    async with asyncio.timeout(LOST_AFTER_S):
        while True:
            if len((await at.sender.call("list_agents"))["agents"]) > number:
                return
            await asyncio.sleep(LEISURELY_POLL_S)
