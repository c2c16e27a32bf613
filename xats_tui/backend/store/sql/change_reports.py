"""What tells of changes: triggers, once their transaction is committed, and SQLite, after another program's commit."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

Told = tuple[Any, ...]
"""Values that a trigger reports about a row."""


class TriggerReports:
    """Reports of the transaction under way, by listener."""

    def __init__(self) -> None:
        self._listeners: list[tuple[list[Told], Callable[[Sequence[Told]], None]]] = []

    def listen(self, told: list[Told], hear: Callable[[Sequence[Told]], None]) -> None:
        """Pass what triggers append to `told` to `hear` after each commit."""
        self._listeners.append((told, hear))

    def clear(self) -> None:
        """Drop all reports: the transaction was rolled back."""
        for told, _ in self._listeners:
            told.clear()

    def deliver(self) -> None:
        """Pass all reports on: the transaction is committed."""
        for told, hear in self._listeners:
            if told:
                hear(tuple(told))
                told.clear()


class OutsideChanges:
    """Compares the number that SQLite changes with each commit of another connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        """The connection of every change of ours; it does not count its own commits."""
        self._version: int | None = None
        self._is_seen = False

    def note(self) -> None:
        """Read the number.  In a write transaction it then holds until the end, as nobody else can commit."""
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        self._is_seen |= self._version not in (None, version)
        self._version = version

    def take(self) -> bool:
        """Return whether there was a change since the last call."""
        if not self._connection.in_transaction:
            self.note()
        is_seen, self._is_seen = self._is_seen, False
        return is_seen
