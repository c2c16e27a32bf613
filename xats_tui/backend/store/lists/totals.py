"""Number of entries of each list; only what came since the last count is counted again."""

from msgspec import Struct

from xats_tui.backend.store.sql.transactions import Reader
from xats_tui.core.model.pages import Totals

TABLES = ("messages", "message_delivery_status", "tasks", "events", "activity")


class TableCounts(Struct, frozen=True, kw_only=True):
    """Rows of each table, and the rowid up to which they were counted."""

    rows: tuple[int, ...] = (0,) * len(TABLES)
    up_to: tuple[int, ...] = (0,) * len(TABLES)

    @property
    def totals(self) -> Totals:
        """The counts of the lists."""
        messages, wakes, tasks, events, actions = self.rows
        return Totals(messages=messages, wakes=wakes, tasks=tasks, activity=events + actions)


async def count(reader: Reader, known: TableCounts | None = None) -> TableCounts:
    """Count all rows; with known counts, which must not have become less, only the rows that have come since."""
    known = known or TableCounts()
    counted = ", ".join(
        f"(SELECT count(*) FROM {table}{' WHERE rowid > ?' if up_to else ''}), (SELECT max(rowid) FROM {table})"
        for table, up_to in zip(TABLES, known.up_to, strict=True)
    )
    row = await reader.fetch_one(f"SELECT {counted}", tuple(filter(None, known.up_to)))
    found = tuple(row) if row else (0,) * 2 * len(TABLES)
    return TableCounts(
        rows=tuple(before + fresh for before, fresh in zip(known.rows, found[::2], strict=True)),
        up_to=tuple(newest or 0 for newest in found[1::2]),
    )
