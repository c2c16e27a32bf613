"""Filling of the full-text index, in batches of a few ms, each in a transaction of its own.

A document that is not in the index yet is read through by `finding.py`, so that results are complete at any time.  An
event and its messages are stored in one transaction: an event that has none when it is reached gets none later.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from time import thread_time
from typing import NamedTuple

from msgspec import Struct

from xats_tui.backend.store.sql.columns import to_json
from xats_tui.backend.store.sql.search_schema import (
    ACTION,
    AGENT,
    BEGINNING,
    CONTRACT,
    EVENT,
    KINDS,
    MESSAGE,
    TASK,
)
from xats_tui.backend.store.sql.transactions import Transaction

BATCH_S = 0.002
"""Processor time after which a batch takes no further document; noting their words takes as long again."""

BATCH_DOCUMENTS = 200
"""Maximum number of documents of a batch."""

KNOWN_WORDS = 20_000
"""Words that are remembered as stored, so that most words of a text need no look at the database: 2 MB.

Those beyond the ones that people use are mostly parts of ids, which do not come again."""

NUMBERS_PER_WINDOW = 500
"""Numbers of documents that are looked through at once for the next ones."""


class RangedKind(Struct, frozen=True, kw_only=True):
    """A kind of documents of which a range of numbers is in the index."""

    kind: int
    view: str
    numbers: str
    """Table and column of the numbers."""


RANGED: Sequence[RangedKind] = (
    RangedKind(kind=MESSAGE, view="search_messages", numbers="events.event_id"),
    RangedKind(kind=EVENT, view="search_events", numbers="events.event_id"),
    RangedKind(kind=ACTION, view="search_actions", numbers="activity.activity_id"),
    RangedKind(kind=CONTRACT, view="search_contracts", numbers="contracts.id"),
)

SUBJECTS: Mapping[int, str] = {TASK: "search_tasks", AGENT: "search_agents"}
"""Views of the kinds whose rows change."""


class Progress(NamedTuple):
    """Numbers of one kind that are in the index."""

    low: int
    high: int


class Document(NamedTuple):
    """A document as its view gives it."""

    number: int
    text: str
    marks: str


ASCII_WORD = re.compile(r"[a-z0-9]+")

Step = Callable[[sqlite3.Connection, dict[int, Progress]], Iterator[Document | None]]
"""Puts documents in one by one, None for a stretch without any, and notes what it has reached by kind."""


class Indexer:
    """Fills the index; its methods run on the thread of the writing connection."""

    def __init__(self) -> None:
        self._scratch = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        # The same tokenizer as the index's: what it makes of a text are the words of that text.
        self._scratch.execute(
            "CREATE VIRTUAL TABLE texts USING fts5("
            "text, content='', columnsize=0, tokenize=\"unicode61 remove_diacritics 2\")"
        )
        self._scratch.execute("CREATE VIRTUAL TABLE words USING fts5vocab(texts, row)")
        self._known: set[str] = set()

    def close(self) -> None:
        """Release what it holds."""
        self._scratch.close()

    def forget(self) -> None:
        """Take nothing as stored any more: a batch was not committed."""
        self._known.clear()

    def take_batch(self, connection: sqlite3.Connection, most: int = BATCH_DOCUMENTS) -> bool:
        """Put the next documents in, newest first; return False if nothing was left to do."""
        ends_at = thread_time() + BATCH_S
        return any(self._take(connection, step, most, ends_at) for step in (self._newer, self._subjects, self._older))

    def _take(self, connection: sqlite3.Connection, step: Step, most: int, ends_at: float) -> bool:
        """Put documents in until the time is over; return whether there was any, or a stretch without."""
        texts: list[str] = []
        reached: dict[int, Progress] = {}
        has_worked = False
        for document in step(connection, reached):
            has_worked = True
            if document is not None:
                texts.append(document.text)
            if len(texts) >= most or thread_time() > ends_at:
                break
        for kind, progress in reached.items():
            connection.execute("UPDATE search_progress SET low = ?, high = ? WHERE kind = ?", (*progress, kind))
        self._learn_words(connection, texts)
        return has_worked

    def _newer(self, connection: sqlite3.Connection, reached: dict[int, Progress]) -> Iterator[Document | None]:
        """Put in what was added since the last batch, oldest first."""
        for ranged in RANGED:
            low, high = progress_of(connection, ranged.kind)
            newest = _extreme(connection, ranged, "max")
            while high < newest:
                end = min(high + NUMBERS_PER_WINDOW, newest)
                for document in _between(connection, ranged.view, high + 1, end, "ASC"):
                    _put_in(connection, ranged.kind, document)
                    reached[ranged.kind] = Progress(low, document.number)
                    yield document
                reached[ranged.kind] = Progress(low, high := end)
                yield None

    def _older(self, connection: sqlite3.Connection, reached: dict[int, Progress]) -> Iterator[Document | None]:
        """Put in what an older version has left, newest first."""
        for ranged in reversed(RANGED):  # messages last: the others are few
            low, high = progress_of(connection, ranged.kind)
            oldest = _extreme(connection, ranged, "min")
            while low > oldest:
                end = max(low - NUMBERS_PER_WINDOW, oldest)
                for document in _between(connection, ranged.view, end, low - 1, "DESC"):
                    _put_in(connection, ranged.kind, document)
                    reached[ranged.kind] = Progress(document.number, high)
                    yield document
                reached[ranged.kind] = Progress(low := end, high)
                yield None

    def _subjects(self, connection: sqlite3.Connection, reached: dict[int, Progress]) -> Iterator[Document | None]:
        """Put in tasks and agents that are new or have changed."""
        for kind, view in SUBJECTS.items():
            waiting = connection.execute(
                "SELECT number FROM search_subjects WHERE kind = ? AND NOT is_indexed ORDER BY number DESC LIMIT ?",
                (kind, BATCH_DOCUMENTS),
            ).fetchall()
            for (number,) in waiting:
                for document in _between(connection, view, number, number, "ASC"):
                    _put_in(connection, kind, document)
                    connection.execute("UPDATE search_subjects SET is_indexed = 1 WHERE number = ?", (number,))
                    yield document

    def _learn_words(self, connection: sqlite3.Connection, texts: Sequence[str]) -> None:
        """Note the words of these texts."""
        if not texts:
            return
        words = self._words_of(texts) - self._known
        connection.executemany("INSERT OR IGNORE INTO search_words (word) VALUES (?)", [(word,) for word in words])
        if len(self._known) > KNOWN_WORDS:
            self._known.clear()
        self._known |= words

    def _words_of(self, texts: Sequence[str]) -> set[str]:
        """Return the words that the index makes of these texts."""
        words = {word for text in texts if text.isascii() for word in ASCII_WORD.findall(text.lower())}
        others = [text for text in texts if not text.isascii()]
        if others:
            self._scratch.executemany("INSERT INTO texts (rowid, text) VALUES (?, ?)", enumerate(others))
            words.update(word for (word,) in self._scratch.execute("SELECT term FROM words"))
            self._scratch.execute("INSERT INTO texts (texts) VALUES ('delete-all')")
        return words


def progress_of(connection: sqlite3.Connection, kind: int) -> Progress:
    """Return the range of one kind that is in the index."""
    row = connection.execute("SELECT low, high FROM search_progress WHERE kind = ?", (kind,)).fetchone()
    return Progress(*row)


def percent(connection: sqlite3.Connection) -> int:
    """Return the share of messages and events that is in the index; the newest ones are put in a moment later."""
    low, high = progress_of(connection, MESSAGE)
    oldest, newest = _extreme(connection, RANGED[0], "min"), _extreme(connection, RANGED[0], "max")
    if low <= oldest and newest - high <= BATCH_DOCUMENTS:
        return 100
    return min(99, 100 * (high - low + 1) // (newest - oldest + 1))


def start_again(connection: sqlite3.Connection) -> None:
    """Empty the index, to be filled again by batches; nothing that is stored is lost."""
    connection.execute("UPDATE search_subjects SET is_indexed = 0")
    connection.execute("INSERT INTO search_index (search_index) VALUES ('delete-all')")
    connection.execute("DELETE FROM search_words")
    connection.execute("INSERT INTO search_parts (search_parts) VALUES ('delete-all')")
    begin(connection)


def begin(connection: sqlite3.Connection) -> None:
    """Note that nothing is in an index that is empty."""
    for statement in BEGINNING:
        connection.execute(statement)


async def take_messages_out(tx: Transaction, event_ids: Sequence[int]) -> None:
    """Take the messages of these events out of the index; call it before any of their rows is deleted."""
    await _of_events(tx, "INSERT INTO search_index (search_index, rowid, text, marks) SELECT 'delete',", event_ids)


async def put_messages_back(tx: Transaction, event_ids: Sequence[int]) -> None:
    """Put in what is left of the messages of these events: copies of a broadcast."""
    await _of_events(tx, "INSERT INTO search_index (rowid, text, marks) SELECT", event_ids)


async def _of_events(tx: Transaction, beginning: str, event_ids: Sequence[int]) -> None:
    await tx.execute(
        f"{beginning} v.number * {KINDS} + {MESSAGE}, v.text, v.marks FROM search_messages v "
        "WHERE v.number IN (SELECT value FROM json_each(?)) AND v.number BETWEEN "
        f"(SELECT low FROM search_progress WHERE kind = {MESSAGE}) AND "
        f"(SELECT high FROM search_progress WHERE kind = {MESSAGE})",
        (to_json(list(event_ids)),),
    )


def _between(connection: sqlite3.Connection, view: str, low: int, high: int, order: str) -> Iterator[Document]:
    rows = connection.execute(
        f"SELECT number, text, marks FROM {view} WHERE number BETWEEN ? AND ? ORDER BY number {order}", (low, high)
    )
    for number, text, marks in rows:
        yield Document(number, text, marks)


def _put_in(connection: sqlite3.Connection, kind: int, document: Document) -> None:
    connection.execute(
        "INSERT INTO search_index (rowid, text, marks) VALUES (?, ?, ?)",
        (document.number * KINDS + kind, document.text, document.marks),
    )


def _extreme(connection: sqlite3.Connection, ranged: RangedKind, function: str) -> int:
    """Return the lowest or highest number; without rows, the numbers that make every range complete."""
    table, column = ranged.numbers.split(".")
    (number,) = connection.execute(f"SELECT {function}({column}) FROM {table}").fetchone()
    if number is not None:
        return int(number)
    return progress_of(connection, ranged.kind).low if function == "min" else 0
