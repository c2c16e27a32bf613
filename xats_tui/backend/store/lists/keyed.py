"""Stretches of a list whose rows are ordered by columns, the last of which is the table's rowid."""

from collections.abc import Sequence

from msgspec import Struct

from xats_tui.backend.store.lists.conditions import Conditions
from xats_tui.backend.store.sql.transactions import Reader, Row
from xats_tui.core.model.pages import Key, StretchRequest


class KeyedList(Struct, frozen=True, kw_only=True):
    """A list that is ordered by columns, all of them descending."""

    select: str
    """Statement up to its conditions; `key_0`, `key_1` … are columns of its answer."""
    table: str
    """The table with its alias."""
    key: tuple[str, ...]
    """Columns of the key; the last one is a rowid."""
    time: str
    """Column with the time that entries are told by."""
    searched_rows: int
    """Rows that are looked through for what is wanted before the answer says how far that was."""

    @property
    def columns(self) -> str:
        """Columns of the key for a statement."""
        return ", ".join(self.key)

    def ordered(self, *, newer: bool) -> str:
        """Return the columns of the key with their direction, those next to the key first."""
        return ", ".join(f"{column} {'ASC' if newer else 'DESC'}" for column in self.key)


class FoundRows(Struct, frozen=True, kw_only=True):
    """Rows of a stretch, newest first."""

    rows: Sequence[Row]
    reached: Key
    is_last: bool


async def rows_of(reader: Reader, listed: KeyedList, request: StretchRequest, wanted: Conditions) -> FoundRows:
    """Return the rows on one side of a key."""
    end = request.until or await _end_of_step(reader, listed, request)
    conditions = Conditions()
    holders = f"({', '.join('?' * len(listed.key))})"
    near, far = (">=", "<") if request.newer else ("<", ">=")
    conditions.add(f"({listed.columns}) {near} {holders}", *request.key)
    # SQLite seeks no row value that begins with an expression.
    conditions.add(f"{listed.key[0]} {near[0]}= ?", request.key[0])
    if end:
        conditions.add(f"({listed.columns}) {far} {holders}", *end)
    rows = await reader.fetch_all(
        f"{listed.select} WHERE {conditions} AND {wanted} ORDER BY {listed.ordered(newer=request.newer)} LIMIT ?",
        (*conditions.parameters, *wanted.parameters, request.limit + 1),
    )
    is_cut, rows = len(rows) > request.limit, rows[: request.limit]
    if is_cut or end is None:
        reached = beyond(key_in(listed, rows[-1]), newer=request.newer) if rows else request.key
    else:
        reached = end
    return FoundRows(rows=rows[::-1] if request.newer else rows, reached=reached, is_last=not is_cut and end is None)


async def count_above(reader: Reader, listed: KeyedList, request: StretchRequest) -> int | None:
    """Return the number of rows at or above the key; None unless the request asks for it."""
    if not request.counts:
        return None
    holders = ", ".join("?" * len(listed.key))
    row = await reader.fetch_one(
        f"SELECT count(*) AS number FROM {listed.table} "
        f"WHERE ({listed.columns}) >= ({holders}) AND {listed.key[0]} >= ?",
        (*request.key, request.key[0]),
    )
    return row["number"] if row else 0


def key_in(listed: KeyedList, row: Row) -> Key:
    """Return the key of a row, which lies directly below it."""
    return tuple(row[f"key_{number}"] for number in range(len(listed.key)))


def beyond(key: Key, *, newer: bool) -> Key:
    """Return the key on the far side of the row at a key."""
    return (*key[:-1], key[-1] + 1) if newer else key


async def _end_of_step(reader: Reader, listed: KeyedList, request: StretchRequest) -> Key | None:
    """Return the key up to which is searched for what is wanted; None to the end of the list."""
    if not request.wanted:
        return None
    holders = ", ".join("?" * len(listed.key))
    row = await reader.fetch_one(
        f"SELECT {listed.columns} FROM {listed.table} WHERE ({listed.columns}) {'>=' if request.newer else '<'} "
        f"({holders}) AND {listed.key[0]} {'>=' if request.newer else '<='} ? "
        f"ORDER BY {listed.ordered(newer=request.newer)} LIMIT 1 OFFSET ?",
        (*request.key, request.key[0], listed.searched_rows),
    )
    return tuple(row) if row else None
