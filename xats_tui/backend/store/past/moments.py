"""Moments in the change log: finding one, going from one to the next."""

from datetime import datetime

from xats_tui.backend.store.sql.change_log import AT, STATE
from xats_tui.backend.store.sql.transactions import Reader, Row
from xats_tui.core.clock import from_wire, to_wire
from xats_tui.core.model.activity import Moment

# Agents at work change their states every few seconds: a step from one change to the next would hardly move.
HAPPENED = f"""SELECT m.moment FROM moments m CROSS JOIN moments p ON p.moment = m.moment - 1
    WHERE (m.event_id <> p.event_id OR m.activity_id <> p.activity_id OR m.contract_id <> p.contract_id OR EXISTS (
        SELECT 1 FROM changes c
        WHERE c.change_id > p.change_id AND c.change_id <= m.change_id AND c.kind <> '{STATE}'))"""
"""Query for the moments that did more than change the states of agents."""


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
    """Return the moment after so many things that happened later, or before so many earlier ones if `by` is negative.

    None if fewer happened on that side.  That an agent's state or presence changed is nothing that happened.
    """
    here, order = (">", "") if by > 0 else ("<=", "DESC")
    rows = await reader.fetch_all(
        f"{HAPPENED} AND m.moment {here} ? ORDER BY m.moment {order} LIMIT ?", (moment, abs(by))
    )
    if len(rows) < abs(by):
        return None
    last: int = rows[-1]["moment"]
    return await number(reader, last if by > 0 else last - 1)


def _moment(row: Row | None) -> Moment | None:
    return Moment(number=row["moment"], at=from_wire(row["at"]), event_id=row["event_id"]) if row else None
