"""Messages of the operator: to agents, from agents, and between agents.

The operator has a name and an inbox in every team, but no row among the agents: nobody wakes a person.  Reading an
inbox here marks nothing as read.
"""

from collections.abc import Sequence

from xats_tui.backend.services.agents.registry import operator_in
from xats_tui.backend.services.messages import Mailbox
from xats_tui.backend.store import activity as activity_store
from xats_tui.backend.store import agents as agents_store
from xats_tui.backend.store import messages as store
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.transactions import Reader, Transaction
from xats_tui.core.errors import Refusal
from xats_tui.core.model.activity import Actor
from xats_tui.core.model.agents import OPERATOR_ID, Agent
from xats_tui.core.model.messages import Addressees, Message, Thread

THREAD_BEFORE_MESSAGES = 60
"""Maximum number of messages in a thread up to the message it was opened at."""

THREAD_AFTER_MESSAGES = 60
"""Maximum number of messages in a thread after that."""


class OperatorMail:
    """The operator's messages."""

    def __init__(self, database: Database, mailbox: Mailbox) -> None:
        self._database = database
        self._mailbox = mailbox

    async def send(
        self,
        actor: Actor,
        letters: Sequence[Addressees],
        body: str,
        *,
        subject: str | None = None,
        need_reply: bool = True,
        urgent: bool = False,
        answers: str | None = None,
    ) -> tuple[str, ...]:
        """Store one message for each group of addressees, all or none; return their ids.

        Args:
            actor: the person, for the activity log.
            letters: the recipients, online or not.
            body: the text.
            subject: its subject.
            need_reply: whether a reply is wanted.
            urgent: whether it may reach its recipients in the middle of a turn.
            answers: id of a message to the operator that this answers; it is marked as read.

        Raises:
            Refusal: `no_recipient`, `empty_body`; `recipient_gone` with the ids of those that are no longer
                registered; `body_too_large`.
        """
        if not body.strip():
            raise Refusal("empty_body")
        if not any(letter.agent_ids for letter in letters):
            raise Refusal("no_recipient")
        async with self._database.write() as tx:
            sent = [
                await self._send_one(tx, actor, letter, body, subject, need_reply=need_reply, urgent=urgent)
                for letter in letters
            ]
            if answers is not None:
                await self._read(tx, actor, [answers])
        return tuple(sent)

    async def mark_read(self, actor: Actor, message_ids: Sequence[str]) -> int:
        """Mark messages to the operator as read; return how many were unread."""
        async with self._database.write() as tx:
            return await self._read(tx, actor, message_ids)

    async def inbox(self, limit: int) -> tuple[Message, ...]:
        """Return the operator's messages from all teams, newest first."""
        return await store.newest_to(self._database, OPERATOR_ID, limit)

    async def unanswered(self, limit: int) -> tuple[Message, ...]:
        """Return recent messages to one agent that want a reply and have none, newest first."""
        return await store.unanswered(self._database, limit)

    async def thread(self, event_id: int) -> Thread:
        """Return the messages between the two agents of a message; for a broadcast, the answers to its sender.

        Raises:
            Refusal: `unknown_message`.
        """
        return await thread_around(self._database, event_id)

    async def _send_one(
        self,
        tx: Transaction,
        actor: Actor,
        letter: Addressees,
        body: str,
        subject: str | None,
        *,
        need_reply: bool,
        urgent: bool,
    ) -> str:
        recipients = await self._recipients(tx, letter)
        sent = await self._mailbox.post(
            tx,
            operator_in(letter.team),
            recipients,
            body,
            subject=subject,
            need_reply=need_reply,
            to_role=letter.to_role,
            urgent=urgent,
        )
        names = ", ".join(agent.address for agent in recipients)
        only = recipients[0].agent_id if len(recipients) == 1 else None
        await activity_store.note(
            tx,
            actor.name,
            "message",
            f"to {names}{f': {subject}' if subject else ''}",
            agent_id=only,
            message_id=sent.letter.id,
        )
        return sent.letter.id

    async def _recipients(self, tx: Transaction, letter: Addressees) -> list[Agent]:
        found = {agent_id: await agents_store.by_id(tx, agent_id) for agent_id in letter.agent_ids}
        gone = [agent_id for agent_id, agent in found.items() if agent is None or agent.team != letter.team]
        if gone:
            raise Refusal("recipient_gone", agent_ids=gone)
        return [agent for agent in found.values() if agent]

    async def _read(self, tx: Transaction, actor: Actor, message_ids: Sequence[str]) -> int:
        unread = await store.unread_among(tx, OPERATOR_ID, message_ids)
        await self._mailbox.confirm(tx, OPERATOR_ID, unread)
        for message_id in unread:
            await activity_store.note(tx, actor.name, "read", "marked as read", message_id=message_id)
        return len(unread)


async def thread_around(reader: Reader, event_id: int) -> Thread:
    """Return the messages between the two agents of a message; for a broadcast, the answers to its sender.

    Raises:
        Refusal: `unknown_message`.
    """
    copies = await store.of_event(reader, event_id)
    if not copies:
        raise Refusal("unknown_message")
    sender, recipients = copies[0].from_agent_id, [copy.to_agent_id for copy in copies]
    if copies[0].to_role is None:
        return await store.between(
            reader, sender, recipients, event_id, before=THREAD_BEFORE_MESSAGES, after=THREAD_AFTER_MESSAGES
        )
    answers = await store.between(reader, sender, recipients, event_id, before=0, after=THREAD_AFTER_MESSAGES)
    return Thread(messages=(*copies, *answers.messages), more_before=False, more_after=answers.more_after)
