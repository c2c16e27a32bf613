"""Reports of triggers about changed rows, passed on once their transaction is committed."""

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
