"""State that the dashboard remembers from one start to the next, in a file of its own in the home.

It is written by the dashboard only; what a person decides once and for all stands in `config.toml`.
"""

import logging
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from xats_tui.core.model.labels import folded
from xats_tui.runtime import private_files
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.widgets.columns import Order

logger = logging.getLogger(__name__)

FILE_NAME = "dashboard.json"

MAX_FILE_BYTES = 524_288
"""Maximum size of a file that is read: more than all that is remembered can take."""

MAX_FILTERS = 50

MAX_SNOOZES, MAX_SNOOZED_FACTS = 50, 100
"""Snoozes that are remembered, and facts that one of them may have."""

NAME = re.compile(r"\w[\w-]{0,31}")
"""Name of a filter."""

ShortText = Annotated[str, StringConstraints(max_length=128)]
Columns = Annotated[tuple[ShortText, ...], Field(max_length=32)]


def _filter_name(name: str) -> str:
    # Not by a pattern of pydantic's, which has other letters: the next start would refuse what `keep_filter` took.
    if not NAME.fullmatch(name):
        raise ValueError("it is no name of a filter")
    return name


FilterName = Annotated[str, AfterValidator(_filter_name)]


class NamedFilter(BaseModel):
    """A filter with the mode that it is for."""

    model_config = ConfigDict(frozen=True)

    mode: Mode
    words: Annotated[str, StringConstraints(max_length=512)]


class Sorting(BaseModel):
    """Sort order of a list."""

    model_config = ConfigDict(frozen=True)

    column: ShortText
    reverse: bool = False


class Snooze(BaseModel):
    """A concern as it was when it was put off."""

    model_config = ConfigDict(frozen=True)

    until: AwareDatetime
    facts: frozenset[ShortText]
    """Digests of the facts behind it."""
    weight: int
    has_failed: bool
    """True if it was a failure."""


class Remembered(BaseModel):
    """Contents of the file."""

    model_config = ConfigDict(frozen=True)

    theme: ShortText | None = None
    mode: Mode | None = None
    team: Annotated[str, StringConstraints(max_length=1024)] | None = None
    """Team to which the dashboard is limited."""
    columns_aside: Annotated[Mapping[ShortText, Columns], Field(max_length=64)] = {}
    """Columns that give their place to hidden ones, by list."""
    sorting: Annotated[Mapping[ShortText, Sorting], Field(max_length=64)] = {}
    """Sort orders by list."""
    filters: Annotated[Mapping[FilterName, NamedFilter], Field(max_length=MAX_FILTERS)] = {}
    snoozes: Annotated[Mapping[str, Snooze], Field(max_length=MAX_SNOOZES)] = {}
    """Concerns that were put off, by their keys."""
    pressed_at: AwareDatetime | None = None
    """Time of the last key press."""


class Memory:
    """The remembered state; changes are written by `save`."""

    def __init__(self, path: Path | None = None) -> None:
        """Read the file, if there is one; without a path nothing is kept."""
        self._path = path
        self.trouble = ""
        """Sentence about a file that could not be used; empty if all is well."""
        self.state = self._read() if path else Remembered()
        self._saved = self.state

    def change(self, **fields: object) -> None:
        """Remember new values of these fields."""
        self.state = self.state.model_copy(update=fields)

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
        try:
            self.change(filters={**self.state.filters, name: NamedFilter(mode=mode, words=words)})
        except ValidationError:
            return "the filter is too long"
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
            private_files.write(self._path, self.state.model_dump_json(indent=1, exclude_defaults=True), replace=True)
        except OSError as error:
            logger.warning("the dashboard's state was not written to %s: %s", self._path, error.strerror)

    def _read(self) -> Remembered:
        assert self._path
        try:
            with self._path.open("rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
            if len(data) > MAX_FILE_BYTES:
                raise ValueError("it is too large")
            return Remembered.model_validate_json(data)
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
