"""A store to search in, filled by SQL, whose index is filled as far as a test wants."""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta

from tests.fakes import FakeClock
from xats_tui.backend.services.search import Search
from xats_tui.backend.store.search import indexing
from xats_tui.backend.store.sql.database import Database
from xats_tui.core.clock import to_wire
from xats_tui.core.search.query_line import read_query
from xats_tui.core.search.records import Found, FoundPage

BEGINNING = datetime(2026, 11, 30, tzinfo=UTC)
"""Time of event 0; each later event comes a minute after the one before."""


def at(number: int) -> str:
    """Return the time of an event."""
    return to_wire(BEGINNING + timedelta(minutes=number))


class Library:
    """The store, and what is done with it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.indexer = indexing.Indexer()
        self.search = Search(database, FakeClock())
        self.events = 0

    async def agent(self, agent_id: str, name: str, team: str = "shop", *, role: str = "developer") -> None:
        """Register an agent, or change it."""
        await self.do(
            "INSERT INTO agents (agent_id, team, name, role, model, registered_at, last_seen_at) "
            "VALUES (?, ?, ?, ?, 'm', ?, '') ON CONFLICT (team, name) DO UPDATE SET role = excluded.role",
            (agent_id, team, name, role, at(0)),
        )

    async def message(
        self, body: str, subject: str = "", sender: str = "A", recipients: Sequence[str] = ("B",), team: str = "shop"
    ) -> int:
        """Store a message; return its event."""
        number = await self.event("message_sent", "{}", sender, team)
        for position, recipient in enumerate(recipients):
            await self.do(
                "INSERT INTO messages (id, event_id, from_team, to_team, from_agent_id, to_agent_id, subject, body, "
                "sent_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (f"m{number}-{position}", number, team, team, sender, recipient, subject, body, at(number)),
            )
        return number

    async def hay(self, count: int) -> None:
        """Store many messages of two words each."""
        first, self.events = self.events + 1, self.events + count
        numbers = f"WITH RECURSIVE n (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM n WHERE n < {self.events}) "
        async with self.database.write() as tx:
            await tx.execute(
                f"{numbers} INSERT INTO events (event_id, from_team, to_team, event_type, actor_agent_id, payload, "
                "created_at) SELECT n, 'shop', 'shop', 'message_sent', 'A', '{}', ? FROM n",
                (at(first),),
            )
            await tx.execute(
                f"{numbers} INSERT INTO messages (id, event_id, from_team, to_team, from_agent_id, to_agent_id, body, "
                "sent_at) SELECT 'h' || n, n, 'shop', 'shop', 'A', 'B', 'hay ' || n, ? FROM n",
                (at(first),),
            )

    async def event(self, kind: str, payload: str, actor: str = "A", team: str = "shop") -> int:
        """Store an event; return its number."""
        self.events += 1
        await self.do(
            "INSERT INTO events (event_id, from_team, to_team, event_type, actor_agent_id, payload, created_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (self.events, team, team, kind, actor, payload, at(self.events)),
        )
        return self.events

    async def task(self, task_id: str, title: str, description: str = "") -> None:
        """Store a task."""
        await self.do(
            "INSERT INTO tasks (id, team, title, description, status, depends_on, created_at) "
            "VALUES (?, 'shop', ?, ?, 'pending', '[]', ?)",
            (task_id, title, description, at(self.events)),
        )

    async def do(self, statement: str, parameters: Sequence[object] = ()) -> None:
        """Carry out a statement in a transaction of its own."""
        async with self.database.write() as tx:
            await tx.execute(statement, parameters)

    async def fill(self, batches: int = 1_000_000, most: int = 200) -> None:
        """Fill the index, by a number of batches or completely."""
        for _ in range(batches):
            if not await self.database.write_whole(lambda connection: self.indexer.take_batch(connection, most)):
                return

    async def check(self) -> None:
        """Compare the index with what is stored, word by word."""
        indexed, stored = await self.database.read(_both)
        assert indexed == stored

    async def page(self, line: str) -> FoundPage:
        """Return the first page of a search."""
        return await self.search.find(read_query(line, BEGINNING + timedelta(days=30)))

    async def found(self, line: str) -> list[str]:
        """Return the keys of all hits of a search."""
        page = await self.page(line)
        assert page.is_complete
        return keys(page.hits)


def keys(hits: Iterable[Found]) -> list[str]:
    """Return what hits lead to."""
    return [hit.key for hit in hits]


def _both(connection: sqlite3.Connection) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Return what is indexed and what should be, at one moment."""
    connection.execute("BEGIN")
    try:
        return _indexed(connection), _stored(connection)
    finally:
        connection.execute("COMMIT")


def _indexed(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    """Return every place of every word in the index."""
    connection.execute("PRAGMA query_only=OFF")
    connection.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.places USING fts5vocab(main, search_index, instance)")
    return _places(connection, "temp.places")


def _stored(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    """Return every place of every word in an index that is made anew of what is stored."""
    documents = connection.execute("SELECT doc, text, marks FROM search_documents").fetchall()
    with closing(sqlite3.connect(":memory:")) as anew:
        anew.execute(
            "CREATE VIRTUAL TABLE search_index USING fts5("
            "text, marks, content='', tokenize=\"unicode61 remove_diacritics 2\")"
        )
        anew.executemany("INSERT INTO search_index (rowid, text, marks) VALUES (?, ?, ?)", map(tuple, documents))
        anew.execute("CREATE VIRTUAL TABLE places USING fts5vocab(search_index, instance)")
        return _places(anew, "places")


def _places(connection: sqlite3.Connection, table: str) -> list[tuple[object, ...]]:
    return sorted(tuple(row) for row in connection.execute(f'SELECT term, doc, col, "offset" FROM {table}'))
