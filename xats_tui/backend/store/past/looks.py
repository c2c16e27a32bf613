"""Looks: the last screens of each agent's pane at which it came to rest, compressed."""

import zlib
from datetime import datetime

from xats_tui.backend.store.sql.transactions import Reader, Row, Transaction
from xats_tui.core.clock import from_wire, to_wire
from xats_tui.core.model.panes import PaneLook, PaneReading, PaneRef, PaneState, PaneView

MAX_BYTES = 32_768
"""Largest compressed screen that is kept."""

AT_AN_ATTEMPT = "as a wake left it"
"""Reason in the place of a reader's, for the picture of an attempt."""

COLUMNS = "agent_id, tmux_socket, pane_id, at, state, reason, since, screen"


async def keep(tx: Transaction, agent_id: str, view: PaneView, number: int) -> None:
    """Store a screen, and only the last `number` of this agent's screens."""
    screen = zlib.compress(view.look.screen.encode())
    if len(screen) > MAX_BYTES:
        return
    pane, reading = view.look.pane, view.reading
    await tx.execute(
        f"INSERT INTO looks ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            agent_id,
            pane.socket,
            pane.pane_id,
            to_wire(view.unchanged_since),
            reading.state,
            reading.reason,
            to_wire(view.state_since),
            screen,
        ),
    )
    await tx.execute(
        "DELETE FROM looks WHERE look_id IN (SELECT look_id FROM looks WHERE agent_id = ? "
        "ORDER BY look_id DESC LIMIT -1 OFFSET ?)",
        (agent_id, number),
    )


async def forget(tx: Transaction, agent_id: str | None = None) -> None:
    """Delete the screens of an agent, or all screens."""
    await tx.execute("DELETE FROM looks WHERE ? IS NULL OR agent_id = ?", (agent_id, agent_id))


async def of_agent(reader: Reader, agent_id: str, until: datetime | None = None) -> tuple[PaneView, ...]:
    """Return the kept screens of an agent, the newest first; with `until` those by then."""
    rows = await reader.fetch_all(
        "SELECT * FROM looks WHERE agent_id = ? AND (? IS NULL OR at <= ?) ORDER BY look_id DESC",
        (agent_id, until and to_wire(until), until and to_wire(until)),
    )
    return tuple(map(_view, rows))


NEWEST = """SELECT l.* FROM temp.agents a CROSS JOIN looks l ON l.look_id = (SELECT max(k.look_id) FROM looks k
    WHERE k.agent_id = a.agent_id AND k.tmux_socket = a.tmux_socket AND k.pane_id = a.tmux_pane_id AND k.at <= ?)
    WHERE a.tmux_pane_id IS NOT NULL"""
"""The last screen of each agent's pane that was kept by a time."""

# Each agent's last attempt is found in an index, and only then looked up among those of the moment.
PICTURES = """SELECT a.tmux_socket, a.tmux_pane_id, k.at, t.seen_after FROM temp.agents a
    CROSS JOIN main.wake_attempts k ON k.agent_id = a.agent_id AND k.at = (SELECT max(n.at) FROM main.wake_attempts n
        WHERE n.agent_id = a.agent_id AND n.at <= ?)
    CROSS JOIN wake_attempts t ON t.message_id = k.message_id AND t.agent_id = k.agent_id AND t.number = k.number
    WHERE a.tmux_pane_id IS NOT NULL AND t.seen_after <> ''"""
"""The picture that the last attempt by a time left of each agent's pane."""


async def newest(reader: Reader, until: datetime) -> dict[PaneRef, PaneView]:
    """Return the last screen of each bound pane by then: one that was kept or, if it is later, that of an attempt."""
    found = {view.look.pane: view for view in map(_view, await reader.fetch_all(NEWEST, (to_wire(until),)))}
    for row in await reader.fetch_all(PICTURES, (to_wire(until),)):
        pane, at = PaneRef(row["tmux_socket"], row["tmux_pane_id"]), from_wire(row["at"])
        if pane not in found or found[pane].look.at < at:
            found[pane] = PaneView(
                look=PaneLook(pane=pane, at=at, formats={}, screen=row["seen_after"]),
                reading=PaneReading(state=PaneState.UNKNOWN, reason=AT_AN_ATTEMPT),
                unchanged_since=at,
                state_since=at,
            )
    return found


def _view(row: Row) -> PaneView:
    at, state = from_wire(row["at"]), row["state"]
    return PaneView(
        look=PaneLook(
            pane=PaneRef(row["tmux_socket"], row["pane_id"]),
            at=at,
            formats={},
            screen=zlib.decompress(row["screen"]).decode(),
        ),
        reading=PaneReading(
            state=PaneState(state) if state in set(PaneState) else PaneState.UNKNOWN, reason=row["reason"]
        ),
        unchanged_since=at,
        state_since=from_wire(row["since"]),
    )
