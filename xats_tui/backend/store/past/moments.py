"""Moments in the change log: finding one, going from one to the next."""

from datetime import datetime

from xats_tui.backend.store.sql.change_log import AT
from xats_tui.backend.store.sql.transactions import Reader, Row
from xats_tui.core.clock import from_wire, to_wire
from xats_tui.core.model.activity import Moment


async def newest(reader: Reader) -> Moment | None:
    """Return the last moment; None only before the first transaction."""
    return _moment(await reader.fetch_one("SELECT * FROM moments ORDER BY moment DESC LIMIT 1"))


async def oldest(reader: Reader) -> Moment | None:
    """Return the first moment that is kept."""
    return _moment(await reader.fetch_one("SELECT * FROM moments ORDER BY moment LIMIT 1"))


async def at(reader: Reader, instant: datetime) -> Moment | None:
    """Return the last moment at or before an instant; None if the log begins later."""
    return _moment(await reader.fetch_one(AT, (to_wire(instant),)))


async def number(reader: Reader, moment: int) -> Moment | None:
    """Return the moment with this number."""
    return _moment(await reader.fetch_one("SELECT * FROM moments WHERE moment = ?", (moment,)))


async def step(reader: Reader, moment: int, by: int) -> Moment | None:
    """Return the moment so many later (earlier if `by` is negative); the last on that side, or None if none is left."""
    later, order = (">", "") if by > 0 else ("<", "DESC")
    rows = await reader.fetch_all(
        f"SELECT * FROM moments WHERE moment {later} ? ORDER BY moment {order} LIMIT ?", (moment, abs(by))
    )
    return _moment(rows[-1]) if rows else None


def _moment(row: Row | None) -> Moment | None:
    return Moment(number=row["moment"], at=from_wire(row["at"]), event_id=row["event_id"]) if row else None
