"""Time from a message to its hint in a quiet pane: real tmux, real HTTP, simulated agents."""

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, median
from tests.mcp_caller import Caller, callers
from tests.tmux_server import Pane, TmuxServer, short_folder, tmux_server
from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.clock import from_wire
from xats_tui.runtime.settings import Settings

AGENTS = 20
"""Number of agents that a broadcast wakes."""

IDLE_FOR = 10.0
"""Seconds for measuring the idle cost of watching panes."""

BURST = 50
"""Number of messages sent to one agent at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A coordinator, a sender, and agents in quiet panes."""

    backend: Coordinator
    tmux: TmuxServer
    sender: Caller
    agents: list[tuple[Caller, Pane]]


async def measure_wakes(rounds: int) -> list[Figure]:
    """Measure the time from a message to typed and submitted, the sender's call, a broadcast, and a burst."""
    async with stage() as on:
        await all_quiet(on)
        return [await idle(), *await one_by_one(on, rounds), await broadcast(on), await burst(on)]


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """Start everything for the life of the block."""
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="xats-bench-")))
        folder = stack.enter_context(short_folder())
        os.environ.pop("TMUX", None)
        os.environ["TMUX_TMPDIR"] = str(folder)
        tmux = stack.enter_context(tmux_server(folder))
        backend = await stack.enter_async_context(Coordinator.running(Settings(home=home, port=0)))
        connect = await stack.enter_async_context(callers())
        url = f"http://127.0.0.1:{backend.port}/mcp"
        sender: Caller = await connect(url)
        await sender.register("sender")
        agents = [await _agent(connect, url, tmux, f"agent-{number}") for number in range(AGENTS)]
        yield Stage(backend=backend, tmux=tmux, sender=sender, agents=agents)


async def all_quiet(on: Stage) -> None:
    """Wait until every pane has been quiet for the quiet time."""
    while True:
        now = on.backend.clock.now()
        views = [entry.pane for entry in await on.backend.registry.roster() if entry.agent.binding]
        needed = on.backend.settings.quiet_ms / 1000 + 0.1
        if views and all(view and (now - view.unchanged_since).total_seconds() > needed for view in views):
            return
        await asyncio.sleep(0.1)


async def idle() -> Figure:
    """Measure the cost of watching quiet panes, including tmux commands and this program's clients."""
    before = os.times()
    await asyncio.sleep(IDLE_FOR)
    after = os.times()
    spent = sum(after[:4]) - sum(before[:4])
    return Figure(
        name=f"CPU with {AGENTS} quiet panes", value=100 * spent / IDLE_FOR, unit="%", target=2, samples=AGENTS
    )


async def one_by_one(on: Stage, rounds: int) -> list[Figure]:
    """Measure single messages, each to an agent in a quiet pane."""
    typed, submitted, called = [], [], []
    for number in range(rounds):
        caller, _ = on.agents[number % AGENTS]
        if number and number % AGENTS == 0:
            await all_quiet(on)
        began = time.perf_counter()
        sent = await on.sender.call("send_message", to_agent_name=f"agent-{number % AGENTS}", body="bench")
        called.append(time.perf_counter() - began)
        evidence = await _evidence(on, sent["message_id"])
        typed.append(_between(evidence, "queued", "typed"))
        submitted.append(_between(evidence, "queued", "submitted"))
        await _read(caller)
    return [
        median("message to typed", typed, 250),
        median("message to submitted", submitted, 600),
        median("the sender's call", called, 700),
    ]


async def broadcast(on: Stage) -> Figure:
    """Measure one message to all agents, until the last hint is submitted."""
    await all_quiet(on)
    sent = await on.sender.call("broadcast", body="to all")
    slowest = 0.0
    for recipient in sent["recipients"]:
        slowest = max(slowest, _between(await _evidence(on, sent["message_id"], recipient), "queued", "submitted"))
    for caller, _ in on.agents:
        await _read(caller)
    return Figure(
        name=f"broadcast to {AGENTS}, all submitted", value=slowest * 1000, unit="ms", target=2000, samples=AGENTS
    )


async def burst(on: Stage) -> Figure:
    """Measure many messages to one agent at once, and count the hints in its pane."""
    caller, pane = on.agents[0]
    await all_quiet(on)
    before = on.tmux.capture(pane.pane_id).count("took ")
    sends = [on.sender.call("send_message", to_agent_name="agent-0", body=f"number {n}") for n in range(BURST)]
    await asyncio.gather(*sends)
    await all_quiet(on)
    hints = on.tmux.capture(pane.pane_id).count("took ") - before
    await _read(caller)
    return Figure(name=f"{BURST} messages at once to one agent", value=hints, unit="", target=1, samples=BURST)


async def _agent(
    connect: Callable[[str], Awaitable[Caller]], url: str, tmux: TmuxServer, name: str
) -> tuple[Caller, Pane]:
    pane = await tmux.stand_in(name)
    caller = await connect(url)
    await caller.register(name)
    await caller.call("bind_runtime_identity", agent="custom", ui_pid=pane.pid, process_pattern="stand_in")
    return caller, pane


async def _read(caller: Caller) -> None:
    await caller.call("get_inbox")
    await caller.call("task_list")


async def _evidence(on: Stage, message_id: str, recipient: str | None = None) -> dict[str, datetime]:
    """Return the stages of a wake with their times, once its hint is submitted."""
    async with asyncio.timeout(30):
        while True:
            answer = await on.sender.call("get_delivery_status", message_id=message_id)
            status: dict[str, Any] = next(
                one for one in answer["statuses"] if recipient is None or one["agent_id"] == recipient
            )
            if "submitted" in status["evidence"]:
                return {step: from_wire(at) for step, at in status["evidence"].items()}
            await asyncio.sleep(0.02)


def _between(evidence: dict[str, datetime], first: str, then: str) -> float:
    return (evidence[then] - evidence[first]).total_seconds()
