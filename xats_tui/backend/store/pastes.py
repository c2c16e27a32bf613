"""Outstanding pastes, stored so that a restart does not repeat a paste that may have arrived."""

from datetime import datetime

from xats_tui.backend.store.sql.columns import column, instant
from xats_tui.backend.store.sql.transactions import Reader, Row, Transaction
from xats_tui.core.clock import from_wire, to_wire
from xats_tui.core.model.panes import PaneRef
from xats_tui.core.model.pastes import Paste


async def everywhere(reader: Reader) -> tuple[Paste, ...]:
    """Return the outstanding paste of every pane that has one."""
    return await reader.fetch_objects(_paste, "SELECT * FROM outstanding_pastes")


async def keep(tx: Transaction, paste: Paste) -> None:
    """Store a pane's paste, replacing an earlier one."""
    await tx.execute(
        "INSERT OR REPLACE INTO outstanding_pastes (socket, pane_id, text, occupant, line_before, pasted_at, "
        "entered_at, screen, drawn, gone, pastes, enters) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            paste.pane.socket,
            paste.pane.pane_id,
            paste.text,
            paste.occupant,
            paste.line_before,
            to_wire(paste.pasted_at),
            column(paste.entered_at),
            paste.screen,
            int(paste.drawn),
            int(paste.gone),
            paste.pastes,
            paste.enters,
        ),
    )


async def forget(tx: Transaction, pane: PaneRef) -> None:
    """Delete a pane's paste, because its outcome is known or no longer matters."""
    await tx.execute("DELETE FROM outstanding_pastes WHERE socket = ? AND pane_id = ?", (pane.socket, pane.pane_id))


async def prune(tx: Transaction, before: datetime, limit: int) -> int:
    """Delete pastes from before `before`, whose panes have changed or closed since; return how many."""
    rows = await tx.fetch_all(
        "DELETE FROM outstanding_pastes WHERE (socket, pane_id) IN "
        "(SELECT socket, pane_id FROM outstanding_pastes WHERE coalesce(entered_at, pasted_at) < ? LIMIT ?) "
        "RETURNING pane_id",
        (to_wire(before), limit),
    )
    return len(rows)


def _paste(row: Row) -> Paste:
    return Paste(
        pane=PaneRef(row["socket"], row["pane_id"]),
        text=row["text"],
        occupant=row["occupant"],
        line_before=row["line_before"],
        pasted_at=from_wire(row["pasted_at"]),
        entered_at=instant(row["entered_at"]),
        screen=row["screen"],
        drawn=bool(row["drawn"]),
        gone=bool(row["gone"]),
        pastes=row["pastes"],
        enters=row["enters"],
    )
