"""Whatever fails, is locked, too slow or given up: what is stored, what is told of it and what is answered agree."""

import asyncio
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from xats_tui.backend.store.sql import database as module
from xats_tui.backend.store.sql import writer
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.transactions import Transaction
from xats_tui.backend.store.sql.writer import carried_out
from xats_tui.core.clock import SystemClock
from xats_tui.core.errors import Refusal, StoreError
from xats_tui.core.events import AgentChanged

ADD_TASK = (
    "INSERT INTO tasks (id, team, title, status, depends_on, created_at) VALUES (?, 't', 'x', 'pending', '[]', '')"
)
TELL = "CREATE TEMP TRIGGER added AFTER INSERT ON main.tasks BEGIN SELECT told(new.id); END"
LONG = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT max(i) FROM n"

SECONDS = 4.0


class Storm:
    """Transactions of every kind, and what becomes of each."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.published: Counter[str] = Counter()
        self.told: Counter[str] = Counter()
        self.answered: dict[str, bool | None] = {}
        """True for stored, False for not stored; None for given up."""

    def publish(self, events: Any) -> None:
        """Count events."""
        self.published.update(event.agent_id for event in events)

    def hear(self, told: Sequence[tuple[Any, ...]]) -> None:
        """Count reports of the trigger."""
        self.told.update(name for (name,) in told)

    def sometimes(self, connection: sqlite3.Connection, *args: Any, **kwargs: Any) -> Any:
        """Carry statements out, unless the disk fails."""
        if self._chance.random() < 0.02:
            raise sqlite3.OperationalError("disk I/O error")
        return carried_out(connection, *args, **kwargs)

    async def store(self, database: Database, name: str) -> None:
        """Store a task in one of all ways, which may refuse it."""
        kind = self._chance.choice(("short",) * 6 + ("long", "refused", "refused late", "slow", "wrong"))

        async def body(tx: Transaction) -> None:
            if kind == "refused":
                raise Refusal("no")
            await tx.execute(ADD_TASK, (name,))
            tx.record(AgentChanged(agent_id=name))
            if kind == "refused late":
                raise Refusal("no")
            if kind in ("slow", "wrong"):
                await tx.fetch_all(LONG if kind == "slow" else "SELECT nothing")

        self.answered[name] = None
        try:
            if kind == "long":
                async with database.write() as tx:
                    await body(tx)
            else:
                await database.transact(body)
        except (Refusal, StoreError, sqlite3.Error):
            self.answered[name] = False
        else:
            self.answered[name] = True

    def disagreements(self, stored: set[str]) -> list[tuple[str, bool | None, bool, int, int]]:
        """The tasks of which not all say the same."""
        every = [
            (name, answered, name in stored, self.published[name], self.told[name])
            for name, answered in self.answered.items()
        ]
        return [one for one in every if one[1] not in (one[2], None) or one[3:] != (one[2], one[2])]


def lock(path: Path, seconds: float) -> None:
    """Hold the lock of another process."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0.05)) as other, suppress(sqlite3.Error):
        other.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
async def test_what_is_stored_told_and_answered_agrees(path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    chance = random.Random(seed)
    storm, calls, locks = Storm(chance), set[asyncio.Task[None]](), list[asyncio.Task[None]]()
    monkeypatch.setattr(module, "BUSY_TIMEOUT_MS", 200)
    async with Database.opened(path, SystemClock(), storm.publish) as database:
        await database.watch("told", [TELL], storm.hear)
        with monkeypatch.context() as patched:
            patched.setattr(writer, "carried_out", storm.sometimes)
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                for _ in range(chance.randint(1, 8)):
                    call = asyncio.create_task(storm.store(database, f"t{len(storm.answered)}-{chance.random()}"))
                    calls.add(call)
                    if chance.random() < 0.15:
                        asyncio.get_running_loop().call_later(chance.random() * 0.01, call.cancel)
                if chance.random() < 0.03:
                    locks.append(asyncio.create_task(asyncio.to_thread(lock, path, chance.choice((0.01, 0.3)))))
                await asyncio.sleep(chance.choice((0, 0.001, 0.004)))
                if len(calls) > 300:
                    await asyncio.wait(calls)
                    calls.clear()
            await asyncio.gather(*calls, *locks, return_exceptions=True)
        await storm.store(database, "last")
        stored = {row["id"] for row in await database.fetch_all("SELECT id FROM tasks")}

    assert storm.disagreements(stored) == []
    assert {True, False, None} <= set(storm.answered.values())
