"""The tool `get_inbox`: an agent's messages, in pages that its host passes on whole."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from xats_tui.backend.store.receipts import NOTHING, PartlyHanded
from xats_tui.backend.store.sql.transactions import Transaction
from xats_tui.backend.tools.answers.parts import MessagePart, next_part, part_of
from xats_tui.backend.tools.base import Answer, Arguments, Call, NonNegative, Optional, Positive, Tool
from xats_tui.core.errors import Refusal
from xats_tui.core.model.messages import Message
from xats_tui.core.model.pages import Page

DEFAULT_PAGE = 50
MAX_PAGE = 200

FETCH_BATCH_MESSAGES = 10
"""Number of messages that are read from the store at once: each may be as long as a page, or much longer."""

Fetch = Callable[[int, int], Awaitable[Page[Message]]]
"""Fetch this many messages, after skipping that many."""


class GetInbox(Arguments):
    since_event_id: Optional[NonNegative] = Field(
        default=None,
        description="Look at history after this event id, changing nothing; leave it out to read new mail.",
    )
    limit: Annotated[int, Field(ge=1)] = Field(default=DEFAULT_PAGE, description=f"At most {MAX_PAGE}.")
    part: Optional[Positive] = Field(
        default=None, description="With since_event_id: this part of the first message after it."
    )

    @model_validator(mode="after")
    def _of_history_only(self) -> Self:
        if self.part is not None and self.since_event_id is None:
            raise ValueError("part goes with since_event_id only: new mail goes on by itself")
        return self


async def get_inbox(call: Call, arguments: GetInbox) -> Answer:
    limit = min(arguments.limit, MAX_PAGE)
    if arguments.since_event_id is not None:
        return await _history(call, arguments.since_event_id, limit, arguments.part)
    mailbox, agent = call.services.mailbox, call.agent

    async def fetch(tx: Transaction) -> tuple[list[MessagePart], int, int]:
        parts = await _next_page(call, tx, limit)
        await call.receipt.offer(tx, agent, [part.piece for part in parts])
        newest = parts[-1].message.event_id if parts else await mailbox.newest_event_id(tx, agent.agent_id)
        return parts, await mailbox.unread_count(tx, agent.agent_id), newest

    with call.receipt.answering(agent.agent_id):
        parts, waiting, newest = await call.transact(fetch)
    left = waiting - sum(part.piece.is_last for part in parts)
    return {
        "messages": [part.shown() for part in parts],
        "has_more": left > 0,
        "last_event_id": newest,
    } | ({"waiting": left} if left > 0 else {})


async def _next_page(call: Call, tx: Transaction, limit: int) -> list[MessagePart]:
    """Return the next parts of the unread messages."""
    begun = await call.receipt.begun(tx, call.agent.agent_id)
    parts, _ = await _filled(
        call, limit, begun, lambda count, offset: call.services.mailbox.unread(tx, call.agent.agent_id, count, offset)
    )
    return parts


async def _history(call: Call, since: int, limit: int, number: int | None) -> Answer:
    """Return messages after an event; nothing is marked."""
    if number is not None:
        return await _part_of_history(call, since, number)
    mailbox, agent_id = call.services.mailbox, call.agent.agent_id
    parts, has_more = await _filled(
        call, limit, {}, lambda count, offset: mailbox.since(agent_id, since, count, offset)
    )
    return _shown_history(parts, since, has_more=has_more)


async def _filled(
    call: Call, limit: int, begun: Mapping[str, PartlyHanded], fetch: Fetch
) -> tuple[list[MessagePart], bool]:
    """Return as many messages as fit, or one part of a long one; and whether there are more."""
    room, parts, has_more = call.room(), list[MessagePart](), True
    while has_more and len(parts) < limit:
        page = await fetch(min(FETCH_BATCH_MESSAGES, limit - len(parts)), len(parts))
        has_more = page.has_more
        for message in page.rows:
            part = next_part(message, begun.get(message.id, NOTHING), room, call.room())
            if part is None:
                return parts, True
            room.take(part.shown())
            parts.append(part)
            if not part.piece.is_last:
                return parts, True
    return parts, has_more


async def _part_of_history(call: Call, since: int, number: int) -> Answer:
    page = await call.services.mailbox.since(call.agent.agent_id, since, 1, 0)
    part = part_of(page.rows[0], number, call.room()) if page.rows else None
    if part is None:
        raise Refusal("unknown_part", detail="the first message after since_event_id has not so many parts")
    return _shown_history([part], since, number=number, has_more=page.has_more or not part.piece.is_last)


def _shown_history(parts: list[MessagePart], since: int, *, has_more: bool, number: int = 1) -> dict[str, Any]:
    """Return a page; if it ends inside a message, it says how to get the next part."""
    answer: dict[str, Any] = {
        "messages": [part.shown() for part in parts],
        "has_more": has_more,
        "last_event_id": parts[-1].message.event_id if parts else since,
    }
    if parts and not parts[-1].piece.is_last:
        answer["next_part"] = {"since_event_id": since, "part": number + 1}
    return answer


TOOLS = (
    Tool(
        name="get_inbox",
        description=(
            "Read your mail. Without since_event_id it answers what you have not read, oldest first, as much as comes "
            "before you whole; it counts as read with your next call. While has_more is true call it again: waiting "
            "says how many messages are left, and a message with a part, as 1 of 3, goes on with the next call. With "
            "since_event_id (0 for all) it shows history after that event and marks nothing. Answer messages whose "
            "need_reply is true."
        ),
        arguments=GetInbox,
        run=get_inbox,
    ),
)
