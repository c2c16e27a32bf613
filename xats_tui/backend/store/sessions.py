"""MCP sessions, kept across restarts: their identity and their `initialize` parameters."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from msgspec import Struct

from xats_tui.backend.store.sql.columns import from_json, instant, to_json
from xats_tui.backend.store.sql.transactions import Reader, Row, Transaction
from xats_tui.core.clock import from_wire, to_wire
from xats_tui.core.model.agents import SeenProcess


class KeptSession(Struct, frozen=True, kw_only=True):
    """One session that its client has not ended."""

    session_id: str
    opening: dict[str, Any]
    """Parameters of the session's `initialize` request."""
    opened_at: datetime
    last_call_at: datetime
    """Time when the client was last known to be there."""
    agent_id: str | None = None
    """Agent that the session speaks as, or spoke as before it was superseded."""
    evidence: frozenset[str] = frozenset()
    identified_at: datetime | None = None
    superseded_at: datetime | None = None
    peer: SeenProcess | None = None
    """Process that the session came from when it registered."""
    credential: bytes | None = None


async def by_id(reader: Reader, session_id: str) -> KeptSession | None:
    """Return the session with this id."""
    row = await reader.fetch_one("SELECT * FROM sessions WHERE session_id = ?", (session_id,))
    return _kept(row) if row else None


async def others_of(reader: Reader, agent_id: str, session_id: str) -> tuple[KeptSession, ...]:
    """Return the other sessions that speak as an agent."""
    rows = await reader.fetch_all(
        "SELECT * FROM sessions WHERE agent_id = ? AND superseded_at IS NULL AND session_id <> ?",
        (agent_id, session_id),
    )
    return tuple(map(_kept, rows))


async def identified(reader: Reader) -> tuple[KeptSession, ...]:
    """Return every session that speaks as an agent."""
    return await reader.fetch_objects(
        _kept, "SELECT * FROM sessions WHERE agent_id IS NOT NULL AND superseded_at IS NULL"
    )


async def add(tx: Transaction, session_id: str, opening: dict[str, Any]) -> None:
    """Store a newly opened session."""
    now = to_wire(tx.now)
    await tx.execute(
        "INSERT OR REPLACE INTO sessions (session_id, opening, opened_at, last_call_at) VALUES (?, ?, ?, ?)",
        (session_id, to_json(opening), now, now),
    )


async def identify(
    tx: Transaction,
    session_id: str,
    agent_id: str | None,
    evidence: Iterable[str],
    peer: SeenProcess | None,
    credential: bytes | None,
) -> None:
    """Record the agent that a session speaks as, the evidence for it, and the process behind it."""
    await tx.execute(
        "UPDATE sessions SET agent_id = ?, evidence = ?, credential = ?, identified_at = ?, superseded_at = NULL, "
        "last_call_at = ?, peer_pid = ?, peer_started_at = ? WHERE session_id = ?",
        (
            agent_id,
            to_json(sorted(evidence)),
            credential.hex() if credential else None,
            to_wire(tx.now),
            to_wire(tx.now),
            peer.pid if peer else None,
            peer.started_at if peer else None,
            session_id,
        ),
    )


async def supersede(tx: Transaction, session_ids: Iterable[str]) -> None:
    """Record that other sessions now speak as the agents of these sessions."""
    now = to_wire(tx.now)
    await tx.execute_many(
        "UPDATE sessions SET superseded_at = ? WHERE session_id = ?", [(now, one) for one in session_ids]
    )


async def note_alive(tx: Transaction, heard: Iterable[tuple[str, datetime]]) -> None:
    """Record when each session's client was last known to be there."""
    await tx.execute_many(
        "UPDATE sessions SET last_call_at = ? WHERE session_id = ?", [(to_wire(at), one) for one, at in heard]
    )


async def remove(tx: Transaction, session_id: str) -> None:
    """Delete a session."""
    await tx.execute("DELETE FROM sessions WHERE session_id = ?", (session_id,))


def _kept(row: Row) -> KeptSession:
    return KeptSession(
        session_id=row["session_id"],
        opening=from_json(row["opening"]),
        opened_at=from_wire(row["opened_at"]),
        last_call_at=from_wire(row["last_call_at"]),
        agent_id=row["agent_id"],
        evidence=frozenset(from_json(row["evidence"])),
        identified_at=instant(row["identified_at"]),
        superseded_at=instant(row["superseded_at"]),
        peer=SeenProcess(row["peer_pid"], row["peer_started_at"]) if row["peer_pid"] is not None else None,
        credential=bytes.fromhex(row["credential"]) if row["credential"] else None,
    )
