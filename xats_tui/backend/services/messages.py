"""The Mailbox: sending messages, reading unread ones, and marking them as read.

Messages are addressed to recipients, never to roles.  `receipts` decides when a message counts as read; a look at the
history changes nothing.
"""

from collections.abc import Sequence
from uuid import uuid4

from msgspec import Struct

from xats_tui.backend.services.agents.presence import Presence
from xats_tui.backend.services.wakes.waker import Waker
from xats_tui.backend.store import agents as agents_store
from xats_tui.backend.store import messages as store
from xats_tui.backend.store import receipts as receipts_store
from xats_tui.backend.store import wakes as wakes_store
from xats_tui.backend.store.messages import Outgoing
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.transactions import Transaction
from xats_tui.backend.store.sql.writer import RowId
from xats_tui.core.clock import to_wire
from xats_tui.core.errors import Refusal
from xats_tui.core.events import InboxRead, MessageSent
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.messages import BROADCAST_MARK, Message
from xats_tui.core.model.pages import Page


class Sent(Struct, frozen=True, kw_only=True):
    """A message that was stored."""

    letter: Outgoing
    event: RowId
    sent_at: str

    @property
    def event_id(self) -> int:
        """The id of its event, available once the transaction has carried out the insert."""
        return self.event.number


class Mailbox:
    """All messages."""

    def __init__(self, database: Database, presence: Presence, waker: Waker, *, body_limit: int) -> None:
        self._database = database
        self._presence = presence
        self._waker = waker
        self._body_limit = body_limit

    async def send(
        self,
        tx: Transaction,
        sender: Agent,
        recipient: Agent | None,
        body: str,
        *,
        subject: str | None = None,
        need_reply: bool = True,
        auto_poke: bool = True,
        urgent: bool = False,
    ) -> Sent:
        """Store a message to one agent, with its wake; an urgent one may reach it in the middle of a turn.

        Raises:
            Refusal: `unknown_recipient`, `body_too_large`.
        """
        if recipient is None:
            raise Refusal("unknown_recipient")
        return await self.post(
            tx,
            sender,
            (recipient,),
            body,
            subject=subject,
            need_reply=need_reply,
            to_role=None,
            auto_poke=auto_poke,
            urgent=urgent,
        )

    async def broadcast(
        self,
        tx: Transaction,
        sender: Agent,
        body: str,
        *,
        role: str | None = None,
        subject: str | None = None,
        auto_poke: bool = True,
    ) -> Sent:
        """Store a message to every other online agent of the sender's team, or to those with one role.

        Raises:
            Refusal: `unknown_recipient` if there is no recipient, `body_too_large`.
        """
        others = await agents_store.others_of_team(tx, sender.team, but=sender.agent_id, role=role)
        online = await self._presence.among(others)
        recipients = [agent for agent in others if agent.agent_id in online]
        if not recipients:
            raise Refusal("unknown_recipient")
        return await self.post(
            tx,
            sender,
            recipients,
            body,
            subject=subject,
            need_reply=False,
            to_role=role or BROADCAST_MARK,
            auto_poke=auto_poke,
        )

    async def unread(self, tx: Transaction, agent_id: str, limit: int, offset: int) -> Page[Message]:
        """Return an agent's unread messages, oldest first, without the first `offset`."""
        return await store.unread(tx, agent_id, limit, offset)

    async def unread_count(self, tx: Transaction, agent_id: str) -> int:
        """Return the number of an agent's unread messages."""
        return await store.unread_count(tx, agent_id)

    async def newest_event_id(self, tx: Transaction, agent_id: str) -> int:
        """Return the event id of the newest message to an agent; 0 if it never had any."""
        return await store.newest_event_id(tx, agent_id)

    async def since(self, agent_id: str, event_id: int, limit: int, offset: int) -> Page[Message]:
        """Return an agent's messages after an event, oldest first, without the first `offset`; marks none as read."""
        return await store.since(self._database, agent_id, event_id, limit, offset)

    async def confirm(self, tx: Transaction, agent_id: str, row_ids: Sequence[str]) -> None:
        """Mark messages as read, because their recipient has received them."""
        if row_ids:
            await store.mark_read(tx, row_ids)
            await wakes_store.end_as_read(tx, row_ids)
            await receipts_store.forget(tx, row_ids)
            tx.record(InboxRead(agent_id=agent_id))

    async def stream(self, limit: int = 300, before_event_id: int | None = None) -> tuple[Message, ...]:
        """Return the newest messages of all teams, newest first."""
        return await store.stream(self._database, limit, before_event_id)

    async def sender_of(self, message_id: str) -> str | None:
        """Return the id of a message's sender; None if there is no such message."""
        return await store.sent_by(self._database.quick, message_id)

    async def post(
        self,
        tx: Transaction,
        sender: Agent,
        recipients: Sequence[Agent],
        body: str,
        *,
        subject: str | None,
        need_reply: bool,
        to_role: str | None,
        auto_poke: bool = True,
        urgent: bool = False,
    ) -> Sent:
        """Store a message to these recipients of one team, with their wakes; the caller decides who may get it.

        Raises:
            Refusal: `body_too_large`.
        """
        self._check_size(body, subject)
        letter = Outgoing(
            id=str(uuid4()),
            from_team=sender.team,
            to_team=recipients[0].team,
            from_agent_id=sender.agent_id,
            recipients=tuple(recipient.agent_id for recipient in recipients),
            to_role=to_role,
            subject=subject,
            body=body,
            need_reply=need_reply,
            urgent=urgent,
        )
        event = await store.add(tx, letter)
        # In the same transaction: no message is stored without its wakes.
        await self._waker.queue(tx, letter, auto_poke=auto_poke)
        tx.record(MessageSent(message_id=letter.id, recipients=letter.recipients, to_wake=auto_poke))
        return Sent(letter=letter, event=event, sent_at=to_wire(tx.now))

    def _check_size(self, body: str, subject: str | None) -> None:
        size = len(body.encode()) + len((subject or "").encode())
        if size > self._body_limit:
            raise Refusal("body_too_large", detail={"max": self._body_limit, "got": size})
