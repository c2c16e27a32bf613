"""State that the dashboard remembers from one start to the next, in a file of its own in the home.

It is written by the dashboard only; what a person decides once and for all stands in `config.toml`.
"""

import logging
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from xats_tui.core.model.labels import folded
from xats_tui.core.records import replace
from xats_tui.runtime import private_files
from xats_tui.screens.data.remembered_state import (
    MAX_FILTER_CHARS,
    MAX_FILTERS,
    NAME,
    NamedFilter,
    Remembered,
    Sorting,
    read,
    written,
)
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.widgets.columns import Order

logger = logging.getLogger(__name__)

FILE_NAME = "dashboard.json"

MAX_FILE_BYTES = 524_288
"""Maximum size of a file that is read: more than all that is remembered can take."""


class Memory:
    """The remembered state; changes are written by `save`."""

    def __init__(self, path: Path | None = None) -> None:
        """Read the file, if there is one; without a path nothing is kept."""
        self._path = path
        self.trouble = ""
        """Sentence about a file that could not be used; empty if all is well."""
        self.state = self._read() if path else Remembered()
        self._saved = self.state

    def change(self, **fields: Any) -> None:
        """Remember new values of these fields."""
        self.state = replace(self.state, **fields)

    def note_key(self, at: datetime, *, every: timedelta = timedelta()) -> None:
        """Remember the time of a key press, unless one within `every` is remembered already."""
        known = self.state.pressed_at
        if known is None or at - known >= every:
            self.change(pressed_at=at)

    def order_of(self, listed: str) -> Order | None:
        """Return the sort order of a list; None for its default order."""
        known = self.state.sorting.get(listed)
        return Order(known.column, known.reverse) if known else None

    def sort(self, listed: str, order: Order | None) -> None:
        """Remember the sort order of a list."""
        kept = {name: known for name, known in self.state.sorting.items() if name != listed}
        added = {listed: Sorting(column=order.column, reverse=order.reverse)} if order else {}
        self.change(sorting=kept | added)

    def columns_aside(self, listed: str) -> tuple[str, ...]:
        """Return the columns of a list that give their place to hidden ones."""
        return self.state.columns_aside.get(listed, ())

    def put_columns_aside(self, listed: str, columns: tuple[str, ...]) -> None:
        """Remember the columns of a list that give their place to hidden ones."""
        kept = {name: known for name, known in self.state.columns_aside.items() if name != listed}
        self.change(columns_aside=kept | ({listed: columns} if columns else {}))

    def filter_named(self, name: str) -> NamedFilter | None:
        """Return the filter of this name, whatever its capitals."""
        return self.state.filters.get(folded(name))

    def keep_filter(self, name: str, mode: Mode, words: str) -> str:
        """Remember a filter under a name; return a problem, or an empty text."""
        name = folded(name)
        if not NAME.fullmatch(name):
            return "a name has up to 32 letters, digits and hyphens"
        if len({*self.state.filters, name}) > MAX_FILTERS:
            return f"{MAX_FILTERS} filters are saved already; :forget NAME removes one"
        if len(words) > MAX_FILTER_CHARS:
            return "the filter is too long"
        self.change(filters={**self.state.filters, name: NamedFilter(mode=mode, words=words)})
        return ""

    def forget_filter(self, name: str) -> bool:
        """Forget a filter; return whether there was one."""
        there = folded(name) in self.state.filters
        self.change(filters={known: kept for known, kept in self.state.filters.items() if known != folded(name)})
        return there

    def save(self) -> None:
        """Write the file, if anything has changed; a failure is logged once for each change."""
        if self._path is None or self.state == self._saved:
            return
        self._saved = self.state
        try:
            private_files.write(self._path, written(self.state), replace=True)
        except OSError as error:
            logger.warning("the dashboard's state was not written to %s: %s", self._path, error.strerror)

    def _read(self) -> Remembered:
        assert self._path
        try:
            with self._path.open("rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
            if len(data) > MAX_FILE_BYTES:
                raise ValueError("it is too large")
            return read(data)
        except FileNotFoundError:
            return Remembered()
        except (OSError, ValueError) as error:
            logger.warning("the dashboard's state in %s cannot be used: %s", self._path, error)
            where = self._set_aside()
            self.trouble = f"{self._path} cannot be used, so theme, sorting and saved filters start anew{where}"
            return Remembered()

    def _set_aside(self) -> str:
        """Rename the file, so that the next start does not complain again; return where it is now."""
        assert self._path
        aside = self._path.with_suffix(".broken")
        try:
            self._path.replace(aside)
        except OSError:
            return ""
        return f"; the file is {aside.name} now"
