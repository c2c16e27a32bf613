"""Contract versions, subscriptions, and the versions that agents have fetched."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from xats_tui.backend.store.sql.columns import from_json, instant, to_json
from xats_tui.backend.store.sql.transactions import Reader, Row, Transaction
from xats_tui.core.clock import from_wire, to_wire
from xats_tui.core.model.contracts import Contract, ContractSummary, ContractVersion, Subscriber
from xats_tui.core.model.labels import composed
from xats_tui.core.model.pages import Page


class ContractEvent(Struct, frozen=True, kw_only=True):
    """One registration of a contract version, as subscribers poll for it."""

    event_id: int
    name: str
    version: int
    diff: Mapping[str, Any] | None
    registered_at: datetime


async def add(tx: Transaction, contract: Contract, *, breaking: bool | None) -> None:
    """Store one version."""
    await tx.execute(
        "INSERT INTO contracts (team, name, version, format, schema, note, registered_by, registered_at, breaking) "
        "VALUES (?, ?, ?, 'jsonschema', ?, ?, ?, ?, ?)",
        (
            contract.team,
            contract.name,
            contract.version,
            to_json(contract.schema),
            contract.note,
            contract.registered_by,
            to_wire(contract.registered_at),
            breaking,
        ),
    )


async def version(reader: Reader, team: str, name: str, number: int | None = None) -> Contract | None:
    """Return one version of a contract, or the latest if no number is given."""
    row = await reader.fetch_one(
        "SELECT * FROM contracts WHERE team = ? AND name = ? AND (? IS NULL OR version = ?) "
        "ORDER BY version DESC LIMIT 1",
        (team, name, number, number),
    )
    return _contract(row) if row else None


async def spelled(reader: Reader, team: str, name: str) -> str:
    """Return the stored spelling of a contract's name: composed Unicode, unless an old file holds another form."""
    rows = await reader.fetch_all("SELECT DISTINCT name FROM contracts WHERE team = ?", (team,))
    meant = composed(name)
    return next((row["name"] for row in rows if composed(row["name"]) == meant), meant)


async def subscribe(tx: Transaction, agent_id: str, team: str, name: str) -> None:
    """Subscribe an agent; a repeated subscription only refreshes its time."""
    await tx.execute(
        "INSERT INTO contract_subscriptions (agent_id, team, contract_name, subscribed_at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET subscribed_at = excluded.subscribed_at",
        (agent_id, team, name, to_wire(tx.now)),
    )


async def unsubscribe_all(tx: Transaction, agent_id: str) -> None:
    """Remove an agent's subscriptions."""
    await tx.execute("DELETE FROM contract_subscriptions WHERE agent_id = ?", (agent_id,))


async def subscribers(reader: Reader, team: str, name: str) -> tuple[str, ...]:
    """Return the ids of the agents subscribed to a contract."""
    rows = await reader.fetch_all(
        "SELECT agent_id FROM contract_subscriptions WHERE team = ? AND contract_name = ?", (team, name)
    )
    return tuple(row["agent_id"] for row in rows)


async def note_fetch(tx: Transaction, agent_id: str, contract: Contract) -> None:
    """Record the newest version that an agent has fetched."""
    await tx.execute(
        "INSERT INTO contract_fetches (agent_id, team, contract_name, version, fetched_at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET version = excluded.version, fetched_at = excluded.fetched_at "
        "WHERE excluded.version >= contract_fetches.version",
        (agent_id, contract.team, contract.name, contract.version, to_wire(tx.now)),
    )


async def events_since(reader: Reader, team: str, subscriber: str, event_id: int, limit: int) -> Page[ContractEvent]:
    """Return registrations after an event, oldest first, of the contracts that `subscriber` is subscribed to."""
    rows = await reader.fetch_all(
        "SELECT e.event_id, e.payload, e.created_at FROM events e WHERE e.event_type = 'contract_registered' "
        "AND e.to_team = ? AND e.event_id > ? AND json_extract(e.payload, '$.name') IN "
        "(SELECT contract_name FROM contract_subscriptions WHERE agent_id = ? AND team = ?) "
        "ORDER BY e.event_id LIMIT ?",
        (team, event_id, subscriber, team, limit + 1),
    )
    return Page(rows=tuple(map(_event, rows[:limit])), has_more=len(rows) > limit)


async def summaries(reader: Reader, limit: int) -> tuple[ContractSummary, ...]:
    """Return the latest version of every contract with all versions, subscribers and readers, newest first."""
    versions = await reader.fetch_all(
        "SELECT c.team, c.name, c.version, c.breaking, c.note, c.registered_by, c.registered_at, a.name AS registrar "
        "FROM contracts c LEFT JOIN agents a ON a.agent_id = c.registered_by ORDER BY c.id DESC"
    )
    by_name: dict[tuple[str, str], list[Row]] = {}
    for row in versions:
        by_name.setdefault((row["team"], row["name"]), []).append(row)
    subscribed, reading = await _subscribed(reader), await _reading(reader)
    return tuple(
        _summary(rows, subscribed.get(key, ()), reading.get(key, ())) for key, rows in list(by_name.items())[:limit]
    )


Interest = dict[tuple[str, str], list[Subscriber]]
"""Agents by team and contract name."""


async def _subscribed(reader: Reader) -> Interest:
    interested = await reader.fetch_all(
        "SELECT s.team, s.contract_name, s.agent_id, a.name, f.version, f.fetched_at FROM contract_subscriptions s "
        "JOIN agents a ON a.agent_id = s.agent_id LEFT JOIN contract_fetches f "
        "ON f.agent_id = s.agent_id AND f.team = s.team AND f.contract_name = s.contract_name ORDER BY a.name"
    )
    return _by_contract(interested)


async def _reading(reader: Reader) -> Interest:
    """Return the agents that fetched a contract without being subscribed to it."""
    fetched = await reader.fetch_all(
        "SELECT f.team, f.contract_name, f.agent_id, a.name, f.version, f.fetched_at FROM contract_fetches f "
        "JOIN agents a ON a.agent_id = f.agent_id LEFT JOIN contract_subscriptions s "
        "ON s.agent_id = f.agent_id AND s.team = f.team AND s.contract_name = f.contract_name "
        "WHERE s.agent_id IS NULL ORDER BY a.name"
    )
    return _by_contract(fetched)


def _by_contract(rows: Iterable[Row]) -> Interest:
    interest: Interest = {}
    for row in rows:
        interest.setdefault((row["team"], row["contract_name"]), []).append(_subscriber(row))
    return interest


def _summary(rows: Sequence[Row], subscribed: Iterable[Subscriber], reading: Iterable[Subscriber]) -> ContractSummary:
    versions = tuple(map(_version, rows))
    return ContractSummary(
        team=rows[0]["team"],
        name=rows[0]["name"],
        version=versions[0].version,
        breaking=versions[0].breaking,
        registered_by=versions[0].registered_by,
        registered_by_name=versions[0].registered_by_name,
        registered_at=versions[0].registered_at,
        subscribers=tuple(subscribed),
        readers=tuple(reading),
        versions=versions,
    )


def _version(row: Row) -> ContractVersion:
    return ContractVersion(
        version=row["version"],
        breaking=bool(row["breaking"]) if row["breaking"] is not None else None,
        note=row["note"],
        registered_by=row["registered_by"],
        registered_by_name=row["registrar"],
        registered_at=from_wire(row["registered_at"]),
    )


def _subscriber(row: Row) -> Subscriber:
    return Subscriber(
        agent_id=row["agent_id"],
        name=row["name"],
        fetched_version=row["version"],
        fetched_at=instant(row["fetched_at"]),
    )


def _contract(row: Row) -> Contract:
    return Contract(
        team=row["team"],
        name=row["name"],
        version=row["version"],
        schema=from_json(row["schema"]),
        note=row["note"],
        registered_by=row["registered_by"],
        registered_at=from_wire(row["registered_at"]),
    )


def _event(row: Row) -> ContractEvent:
    payload = from_json(row["payload"])
    return ContractEvent(
        event_id=row["event_id"],
        name=payload["name"],
        version=payload["version"],
        diff=payload["diff"],
        registered_at=from_wire(row["created_at"]),
    )
