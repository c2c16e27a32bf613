"""Panes that a launcher announced before the Codex program in them could register."""

from datetime import datetime

from msgspec import Struct

from xats_tui.backend.store.sql.transactions import Reader, Transaction
from xats_tui.core.clock import to_wire
from xats_tui.core.model.panes import PaneRef

MAX_ANNOUNCED = 500
"""Limit of stored announcements: anybody can make any number, and each registration searches all of them."""


class PreRegistration(Struct, frozen=True, kw_only=True):
    """One announced pane; a later announcement of the same pane replaces it."""

    pane: PaneRef
    mark: str
    """Value that the launcher passes to its Codex on the command line as `xats.agent_id`."""


async def put(tx: Transaction, announced: PreRegistration, expires_at: datetime) -> None:
    """Announce a pane."""
    await tx.execute(
        "INSERT OR REPLACE INTO codex_pane_pre_registrations (tmux_socket, pane_id, xats_agent_id, expires_at) "
        "VALUES (?, ?, ?, ?)",
        (announced.pane.socket, announced.pane.pane_id, announced.mark, to_wire(expires_at)),
    )


async def prune(tx: Transaction) -> None:
    """Delete expired announcements, and those that expire first if there are too many."""
    await tx.execute(
        "DELETE FROM codex_pane_pre_registrations WHERE expires_at <= ? OR (tmux_socket, pane_id) NOT IN "
        "(SELECT tmux_socket, pane_id FROM codex_pane_pre_registrations ORDER BY expires_at DESC LIMIT ?)",
        (to_wire(tx.now), MAX_ANNOUNCED),
    )


async def valid(reader: Reader, now: datetime) -> tuple[PreRegistration, ...]:
    """Return the announcements that have not expired."""
    rows = await reader.fetch_all("SELECT * FROM codex_pane_pre_registrations WHERE expires_at > ?", (to_wire(now),))
    return tuple(
        PreRegistration(pane=PaneRef(row["tmux_socket"], row["pane_id"]), mark=row["xats_agent_id"]) for row in rows
    )


async def take(tx: Transaction, announced: PreRegistration) -> bool:
    """Use up an announcement; return False if it no longer exists."""
    row = await tx.fetch_one(
        "DELETE FROM codex_pane_pre_registrations WHERE tmux_socket = ? AND pane_id = ? AND xats_agent_id = ? "
        "RETURNING pane_id",
        (announced.pane.socket, announced.pane.pane_id, announced.mark),
    )
    return row is not None
