"""Events about what agents do not tell with a call: a question to a person that begins or ends, a program that ends."""

from datetime import datetime

from msgspec import Struct

from xats_tui.backend.store import messages as outbox
from xats_tui.backend.store.sql.columns import from_json
from xats_tui.backend.store.sql.transactions import Reader, Transaction
from xats_tui.core.clock import from_wire, to_wire
from xats_tui.core.events import HappeningNoted
from xats_tui.core.model.agents import Agent

OPENED, ENDED, LOST = "dialog_opened", "dialog_ended", "agent_lost"
"""Types of the events."""

MAX_WHAT_CHARS = 200
"""Maximum characters of a question that are kept: an agent wrote it."""


class StoredDialog(Struct, frozen=True, kw_only=True):
    """A question of an agent to a person, as the events keep it."""

    agent_id: str
    team: str
    what: str
    began: datetime


async def note(tx: Transaction, kind: str, dialog: StoredDialog) -> None:
    """Write that a dialog was opened or has ended."""
    payload = {"what": dialog.what, "began": to_wire(dialog.began)}
    await outbox.add_event(tx, kind, dialog.team, dialog.team, dialog.agent_id, payload)
    tx.record(HappeningNoted(agent_id=dialog.agent_id))


async def note_lost(tx: Transaction, agent: Agent) -> None:
    """Write that an agent's program has ended without a farewell."""
    await outbox.add_event(tx, LOST, agent.team, agent.team, agent.agent_id, {"what": "its program has ended"})
    tx.record(HappeningNoted(agent_id=agent.agent_id))


async def open_ones(reader: Reader) -> dict[str, StoredDialog]:
    """Return the dialogs that were opened and have not ended, by agent id; the newest of each agent."""
    rows = await reader.fetch_all(
        "SELECT * FROM (SELECT event_type, to_team, actor_agent_id, payload, max(event_id) FROM events "
        f"WHERE event_type IN ('{OPENED}', '{ENDED}') GROUP BY actor_agent_id) WHERE event_type = '{OPENED}'"
    )
    found = {}
    for row in rows:
        payload = from_json(row["payload"])
        found[row["actor_agent_id"]] = StoredDialog(
            agent_id=row["actor_agent_id"],
            team=row["to_team"],
            what=str(payload["what"]),
            began=from_wire(payload["began"]),
        )
    return found
