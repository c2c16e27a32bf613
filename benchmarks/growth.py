"""Growth of a call's duration with the number of messages: databases of 0 to 500,000 messages, each with a coordinator.

All coordinators run at the same time and are called in turn, so that other load on the machine affects all of them.
"""

import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure
from benchmarks.line import Line
from benchmarks.mail import TEAM, agent_id, fill, name
from benchmarks.programs import headless
from tests.backend.store.test_query_plans import Explained
from xats_tui.backend.store import agents, messages, wakes
from xats_tui.backend.store.sql.transactions import Transaction
from xats_tui.runtime.settings import Settings

SIZES, QUICK_SIZES = (0, 1_000, 10_000, 100_000, 500_000), (0, 1_000, 10_000)
TO = 1_000
"""Size of the database that the others are compared with; fewer messages fit into one page."""

ROUNDS, QUICK_ROUNDS = 9, 3
CALLS = 15
"""Calls of each kind per round and database."""
PAGE = 20

GROWTH = 1.3
"""Maximum ratio of a call's duration with 500,000 messages to that with 1,000."""

NEW_MAIL, FIRST_PAGE = "get_inbox, new mail", "get_inbox, first page"
SEND, LIST, STATUS = "send_message", "list_agents", "get_delivery_status"

STORED: Mapping[str, Callable[[Transaction], Awaitable[object]]] = {
    NEW_MAIL: lambda tx: messages.unread(tx, agent_id(0), PAGE),
    FIRST_PAGE: lambda tx: messages.since(tx, agent_id(0), 0, PAGE),
    SEND: lambda tx: agents.by_name(tx, TEAM, name(0)),
    LIST: lambda tx: agents.of_team(tx, TEAM),
    STATUS: lambda tx: wakes.of_message(tx, "m-1"),
}
"""Queries behind each call, for their query plans."""

Timed = defaultdict[tuple[str, int], list[float]]
"""Median seconds of each round, by call and size."""


async def measure_growth(*, quick: bool) -> list[Figure]:
    """Compare each call at each size with the database of 1,000 messages."""
    sizes = QUICK_SIZES if quick else SIZES
    timed: Timed = defaultdict(list)
    async with AsyncExitStack() as stack:
        homes = {size: Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="xats-bench-"))) for size in sizes}
        for size, home in homes.items():
            fill(_database(home), size)
        ports = {size: stack.enter_context(headless(home)).port for size, home in homes.items()}
        lines = {size: await stack.enter_async_context(Line.open(port)) for size, port in ports.items()}
        await asyncio.gather(*(line.register(name(0), TEAM) for line in lines.values()))
        for number in range(1 + (QUICK_ROUNDS if quick else ROUNDS)):
            for size, line in lines.items():
                for call, seconds in (await _round(line)).items():
                    if number:  # the first round warms up
                        timed[call, size].append(statistics.median(seconds))
        return [
            await _figure(timed, call, size, _database(homes[size])) for call in STORED for size in sizes if size != TO
        ]


async def _round(line: Line) -> Mapping[str, list[float]]:
    """Send, read, look back and list several times."""
    timed: defaultdict[str, list[float]] = defaultdict(list)

    async def call(name_of_call: str, tool: str, **arguments: Any) -> dict[str, Any]:
        began = time.perf_counter()
        answer = await line.call(tool, **arguments)
        timed[name_of_call].append(time.perf_counter() - began)
        return answer

    for _ in range(CALLS):
        sent = await call(SEND, "send_message", to_agent_name=name(0), body="and so on", auto_poke=False)
        await call(NEW_MAIL, "get_inbox", limit=PAGE)
        await call(FIRST_PAGE, "get_inbox", since_event_id=0, limit=PAGE)
        await call(LIST, "list_agents")
        await call(STATUS, "get_delivery_status", message_id=sent["message_id"])
    return timed


async def _figure(timed: Timed, call: str, size: int, database: Path) -> Figure:
    ratio = statistics.median(this / small for this, small in zip(timed[call, size], timed[call, TO], strict=True))
    grows = ratio > GROWTH
    return Figure(
        name=f"{call}, {size:,} messages to {TO:,}",
        value=ratio,
        unit="×",
        target=GROWTH if size == SIZES[-1] and call in (NEW_MAIL, FIRST_PAGE) else None,
        samples=len(timed[call, size]) * CALLS,
        beside={"p50 ms": statistics.median(timed[call, size]) * 1000},
        notes=await _plan(database, call) if grows and size > TO else (),
    )


async def _plan(database: Path, call: str) -> tuple[str, ...]:
    """Return SQLite's plan for the queries of a call."""
    with closing(sqlite3.connect(database)) as connection:
        explained = Explained(connection)
        await STORED[call](explained)
        return tuple(explained.steps)


def _database(home: Path) -> Path:
    return Settings(home=home).db_path
