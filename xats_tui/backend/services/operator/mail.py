"""The OperatorMail: the operator as one who writes to agents and is written to, and who looks at what agents write.

The operator has a name and an inbox in every team, but no row among the agents: nobody wakes a person.  Its letters
take the way of any other, wakes included; looking at an inbox, its own too, marks nothing read.
"""

from collections.abc import Sequence

from xats_tui.backend.services.agents.registry import operator_in
from xats_tui.backend.services.messages import Mailbox
from xats_tui.backend.store import activity as activity_store
from xats_tui.backend.store import agents as agents_store
from xats_tui.backend.store import messages as store
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.transactions import Transaction
from xats_tui.core.errors import Refusal
from xats_tui.core.model.activity import Actor
from xats_tui.core.model.agents import OPERATOR_ID, Agent
from xats_tui.core.model.messages import Addressees, Message, Thread

THREAD_BEFORE_MESSAGES = 60
"""Messages of a thread up to the one it was opened at."""

THREAD_AFTER_MESSAGES = 60
"""Messages of a thread after that."""


class OperatorMail:
    """The operator's mail."""

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
        answers: str | None = None,
    ) -> tuple[str, ...]:
        """Store one letter for each of these, all or none; the id of each.

        Args:
            actor: the person, for the activity log.
            letters: whom each goes to: online or not, exactly these.
            body: the text.
            subject: its subject.
            need_reply: whether a reply is wanted.
            answers: id of the operator's own mail that this answers, which is thereby read.

        Raises:
            Refusal: `no_recipient`, `empty_body`; `recipient_gone` with the ids of those that are no longer
                registered; `body_too_large`.
        """
        if not body.strip():
            raise Refusal("empty_body")
        if not any(letter.agent_ids for letter in letters):
            raise Refusal("no_recipient")
        async with self._database.write() as tx:
            sent = [await self._send_one(tx, actor, letter, body, subject, need_reply) for letter in letters]
            if answers is not None:
                await self._read(tx, actor, [answers])
        return tuple(sent)

    async def mark_read(self, actor: Actor, message_ids: Sequence[str]) -> int:
        """Mark mail of the operator as read; how many of these were not."""
        async with self._database.write() as tx:
            return await self._read(tx, actor, message_ids)

    async def inbox(self, limit: int) -> tuple[Message, ...]:
        """The operator's mail from all teams, the newest first."""
        return await store.newest_to(self._database, OPERATOR_ID, limit)

    async def unanswered(self, limit: int) -> tuple[Message, ...]:
        """Messages of late to one agent that want a reply and have none, the newest first."""
        return await store.unanswered(self._database, limit)

    async def thread(self, event_id: int) -> Thread:
        """What the two agents of a message wrote to each other around it; of a broadcast, what came back to its sender.

        Raises:
            Refusal: `unknown_message`.
        """
        copies = await store.of_event(self._database, event_id)
        if not copies:
            raise Refusal("unknown_message")
        sender, recipients = copies[0].from_agent_id, [copy.to_agent_id for copy in copies]
        if copies[0].to_role is None:
            return await store.between(
                self._database, sender, recipients, event_id, before=THREAD_BEFORE_MESSAGES, after=THREAD_AFTER_MESSAGES
            )
        answers = await store.between(
            self._database, sender, recipients, event_id, before=0, after=THREAD_AFTER_MESSAGES
        )
        return Thread(messages=(*copies, *answers.messages), more_before=False, more_after=answers.more_after)

    async def _send_one(
        self, tx: Transaction, actor: Actor, letter: Addressees, body: str, subject: str | None, need_reply: bool
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
