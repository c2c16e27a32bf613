"""Processor time of one page of each long list, and of a search through it, in a store of 500,000 messages.

A page may take 50 ms: it is asked for while a key is held down, of a coordinator that answers agents meanwhile.
"""

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure
from benchmarks.mail import fill
from xats_tui.backend.store.lists import history, messages, tasks, wakes
from xats_tui.backend.store.sql.database import Database
from xats_tui.core.clock import SystemClock, to_wire
from xats_tui.core.model.pages import Key, Stretch, StretchRequest, Wanted

MESSAGES, QUICK_MESSAGES = 500_000, 20_000
TASKS = 10_000
NEEDLE = "planted-needle"
BACK = 100_000
"""Messages between the newest one and the needle."""

ROUNDS = 15
TARGET_MS = 50.0

Read = Callable[[Database, StretchRequest], Awaitable[Stretch[Any]]]


async def measure_lists(*, quick: bool) -> list[Figure]:
    """Read pages in the middle of each list, and look for a word that nothing has but one message."""
    number = QUICK_MESSAGES if quick else MESSAGES
    with tempfile.TemporaryDirectory(prefix="xats-bench-") as folder:
        path = Path(folder) / "data.db"
        fill(path, number)
        place = max(1, number - BACK)
        queued_at = _add(path, place)
        middle: Mapping[str, tuple[Read, Key]] = {
            "messages": (messages.stretch, (number // 2,)),
            "wakes": (wakes.stretch, (queued_at, 0)),
            "tasks": (tasks.stretch, (0, queued_at, 0)),
            "activity": (history.stretch, (number // 2, number // 2)),
        }
        async with Database.opened(path, SystemClock(), lambda _: None) as database:
            figures = [await _page(database, name, wanted) for name in middle.items() for wanted in (Wanted(), WORD)]
            return [*figures, await _search(database, number, place)]


WORD = Wanted(words=(NEEDLE,))


def _add(path: Path, place: int) -> str:
    """Add the needle, requests for replies and tasks; return the time of a wake in the middle."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE messages SET need_reply = 1 WHERE event_id % 2")
        connection.execute("UPDATE messages SET body = ? WHERE event_id = ?", (NEEDLE, place))
        now = to_wire(SystemClock().now())
        connection.executemany(
            "INSERT INTO tasks (id, team, title, status, depends_on, created_at) VALUES (?, 'team', 'x', ?, '[]', ?)",
            [(f"t-{number}", "completed" if number % 4 else "pending", now) for number in range(TASKS)],
        )
        (queued_at,) = connection.execute(
            "SELECT queued_at FROM message_delivery_status WHERE rowid = (SELECT max(rowid) / 2 FROM messages)"
        ).fetchone()
        connection.commit()
    return str(queued_at)


async def _page(database: Database, named: tuple[str, tuple[Read, Key]], wanted: Wanted) -> Figure:
    name, (read, key) = named
    took = []
    for _ in range(ROUNDS):
        began = time.process_time()
        await read(database, StretchRequest(key=key, wanted=wanted))
        took.append((time.process_time() - began) * 1000)
    what = "a step of a search" if wanted else "a page"
    return Figure(
        name=f"{what} of {name}, processor time",
        value=statistics.median(took),
        unit="ms",
        target=TARGET_MS,
        samples=ROUNDS,
    )


async def _search(database: Database, number: int, place: int) -> Figure:
    """Look for the needle from the newest message on."""
    began, key, steps = time.process_time(), (number + 1,), 0
    while True:
        found = await messages.stretch(database, StretchRequest(key=key, wanted=WORD))
        key, steps = found.reached, steps + 1
        if found.entries or found.is_last:
            break
    assert [message.event_id for message in found.entries] == [place]
    took = (time.process_time() - began) * 1000
    return Figure(
        name=f"a word {number - place:,} messages back", value=took, unit="ms", samples=1, beside={"steps": steps}
    )
