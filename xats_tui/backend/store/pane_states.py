"""Time since when each pane has been in its state, kept across restarts."""

from collections.abc import Collection, Iterable, Mapping

from xats_tui.backend.store.sql.transactions import Reader, Transaction
from xats_tui.core.clock import from_wire, to_wire
from xats_tui.core.model.panes import PaneRef, PaneState, StateAge


async def ages(reader: Reader) -> Mapping[PaneRef, StateAge]:
    """Return the age of every pane's state, without states that this version does not know."""
    rows = await reader.fetch_all("SELECT * FROM pane_states")
    return {
        PaneRef(row["tmux_socket"], row["pane_id"]): StateAge(
            state=PaneState(row["state"]),
            reason=row["reason"],
            occupant=row["occupant"],
            since=from_wire(row["since"]),
        )
        for row in rows
        if row["state"] in set(PaneState)
    }


async def keep(tx: Transaction, changed: Iterable[tuple[PaneRef, StateAge]]) -> None:
    """Store the ages of panes whose state changed."""
    await tx.execute_many(
        "INSERT OR REPLACE INTO pane_states (tmux_socket, pane_id, occupant, state, reason, since) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        [(pane.socket, pane.pane_id, age.occupant, age.state, age.reason, to_wire(age.since)) for pane, age in changed],
    )


async def forget(tx: Transaction, panes: Collection[PaneRef]) -> None:
    """Delete panes that no agent is bound to any more."""
    await tx.execute_many(
        "DELETE FROM pane_states WHERE tmux_socket = ? AND pane_id = ?", [(pane.socket, pane.pane_id) for pane in panes]
    )
