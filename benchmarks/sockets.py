"""Time from a message to the turn that it begins, over the clients' own interfaces: nothing is typed.

The coordinator is a process of its own.  The clients are stand-ins that speak the same interfaces and begin a turn at
once, so the figures are the coordinator's share; what a real client adds is measured by nobody here.
"""

import asyncio
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.server import unix_serve

from benchmarks.figures import Figure, median
from benchmarks.programs import headless
from tests.mcp_caller import Caller, callers
from tests.stand_ins.app_server import AppServer
from tests.stand_ins.opencode_server import SESSION, opencode_server

AGENTS = 20
"""Number of agents of each client, and of turns that a broadcast begins."""

ONE_TARGET_MS, ALL_TARGET_MS = 60.0, 500.0

LOST_AFTER_S = 30.0
"""Time after which a turn counts as never begun."""

POLL_S = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """The stand-ins of one client."""

    deliveries: list[Mapping[str, Any]]
    """The `delivery` argument of each agent's registration."""
    begun: Callable[[int], float]
    """The time at which an agent's newest turn began, in seconds since the epoch; 0 before its first turn."""


async def measure_sockets(rounds: int) -> list[Figure]:
    """Measure single messages and a broadcast for each client that has an interface of its own."""
    figures: list[Figure] = []
    for title, client, crowd in CLIENTS:
        async with stage(client, crowd) as (sender, agents, begun):
            figures += [
                await one_by_one(title, sender, agents, begun, rounds),
                await all_at_once(title, sender, agents, begun),
            ]
    return figures


@asynccontextmanager
async def stage(
    client: str, crowd: Callable[[Path], AbstractAsyncContextManager[Crowd]]
) -> AsyncIterator[tuple[Caller, list[Caller], Callable[[int], float]]]:
    """Run a coordinator, a sender, and the agents of one client, for the life of the block."""
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="xats-bench-")))
        played = await stack.enter_async_context(crowd(home))
        program = await asyncio.to_thread(stack.enter_context, headless(home))
        connect = await stack.enter_async_context(callers())
        url = f"http://127.0.0.1:{program.port}/mcp"
        sender: Caller = await connect(url)
        await sender.register("sender")
        agents = [
            await _agent(connect, url, client, number, delivery) for number, delivery in enumerate(played.deliveries)
        ]
        yield sender, agents, played.begun


async def one_by_one(
    title: str, sender: Caller, agents: list[Caller], begun: Callable[[int], float], rounds: int
) -> Figure:
    """Measure single messages, each to another agent that is idle."""
    samples = []
    for number in range(rounds):
        who = number % AGENTS
        sent_at = time.time()
        await sender.call("send_message", to_agent_name=f"agent-{who}", body="bench")
        samples.append(await _begins(begun, who, sent_at) - sent_at)
        await _read(agents[who])
    return median(f"{title}: message to turn begun", samples, ONE_TARGET_MS)


async def all_at_once(title: str, sender: Caller, agents: list[Caller], begun: Callable[[int], float]) -> Figure:
    """Measure one message to all agents, until the last turn has begun."""
    sent_at = time.time()
    await sender.call("broadcast", body="to all")
    last = max([await _begins(begun, who, sent_at) for who in range(AGENTS)])
    for agent in agents:
        await _read(agent)
    name = f"{title}: broadcast to {AGENTS}, all turns begun"
    return Figure(name=name, value=(last - sent_at) * 1000, unit="ms", target=ALL_TARGET_MS, samples=AGENTS)


class TimedAppServer(AppServer):
    """Notes when a turn began on each thread."""

    def __init__(self, threads: list[str]) -> None:
        super().__init__()
        self.threads = threads
        self.begun_at: dict[str, float] = {}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["method"] == "turn/start":
            self.begun_at[request["params"]["threadId"]] = time.time()
        return super().answer(request)


@asynccontextmanager
async def codex(home: Path) -> AsyncIterator[Crowd]:
    """One app-server with a thread for each agent, as all windows of a stock Codex share one."""
    threads = [str(uuid.uuid4()) for _ in range(AGENTS)]
    server, path = TimedAppServer(threads), home / "codex.sock"
    async with unix_serve(server.serve, str(path)):
        url = f"unix:{path}"
        yield Crowd(
            deliveries=[{"kind": "codex-appserver", "thread_id": thread, "ws_url": url} for thread in threads],
            begun=lambda who: server.begun_at.get(threads[who], 0.0),
        )


class TimedPrompts(list[str]):
    """Notes when the newest prompt came."""

    begun_at = 0.0

    def append(self, prompt: str) -> None:
        self.begun_at = time.time()
        super().append(prompt)


@asynccontextmanager
async def opencode(home: Path) -> AsyncIterator[Crowd]:
    """A server for each agent, as each opencode has its own."""
    async with AsyncExitStack() as stack:
        servers = [stack.enter_context(opencode_server()) for _ in range(AGENTS)]
        prompts = [TimedPrompts() for _ in servers]
        for server, timed in zip(servers, prompts, strict=True):
            server.prompts = timed
        yield Crowd(
            deliveries=[
                {"kind": "opencode-server", "base_url": server.url, "session_id": SESSION} for server in servers
            ],
            begun=lambda who: prompts[who].begun_at,
        )


CLIENTS = (("Codex", "codex", codex), ("opencode", "opencode", opencode))


async def _agent(
    connect: Callable[[str], Awaitable[Caller]], url: str, client: str, number: int, delivery: Mapping[str, Any]
) -> Caller:
    caller = await connect(url)
    await caller.register(f"agent-{number}", client=client, delivery=delivery)
    return caller


async def _begins(begun: Callable[[int], float], who: int, since: float) -> float:
    """Return the time at which an agent's turn began, once it has."""
    async with asyncio.timeout(LOST_AFTER_S):
        while True:
            if (at := begun(who)) >= since:
                return at
            await asyncio.sleep(POLL_S)


async def _read(caller: Caller) -> None:
    await caller.call("get_inbox")
    await caller.call("task_list")  # the messages count as read at the call after that
