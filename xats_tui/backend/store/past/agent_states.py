"""Last known state and presence of each agent; the change log makes a history of it."""

from collections.abc import Collection, Iterable
from datetime import datetime

from msgspec import Struct

from xats_tui.backend.store.sql.transactions import Transaction
from xats_tui.core.clock import to_wire
from xats_tui.core.model.panes import PaneState


class LoggedState(Struct, frozen=True, kw_only=True):
    """An agent's state as the log keeps it."""

    agent_id: str
    state: PaneState
    reason: str
    since: datetime
    source: str
    """The interface that told it, or the screen; empty if nothing did."""
    online: bool

    def goes_on(self, before: "LoggedState | None") -> bool:
        """Return whether an earlier entry says the same; the reason counts for a dialog only."""
        if before is None:
            return False
        same = (before.state, before.source, before.online) == (self.state, self.source, self.online)
        return same and (self.state is not PaneState.DIALOG or before.reason == self.reason)


async def keep(tx: Transaction, states: Iterable[LoggedState]) -> None:
    """Store states that have changed."""
    await tx.execute_many(
        "INSERT INTO agent_states (agent_id, state, reason, since, source, online) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET state = excluded.state, reason = excluded.reason, since = excluded.since, "
        "source = excluded.source, online = excluded.online",
        [(one.agent_id, one.state, one.reason, to_wire(one.since), one.source, int(one.online)) for one in states],
    )


async def forget(tx: Transaction, agent_ids: Collection[str]) -> None:
    """Delete the states of agents that have left."""
    await tx.execute_many("DELETE FROM agent_states WHERE agent_id = ?", [(agent_id,) for agent_id in agent_ids])


async def forget_all(tx: Transaction) -> None:
    """Delete every state: from now on nothing is known until it is seen again."""
    await tx.execute("DELETE FROM agent_states")
