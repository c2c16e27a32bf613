"""Tools about messages: sending them, and the state of their wakes."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from xats_tui.backend.services.messages import Sent
from xats_tui.backend.services.wakes.policy import RETRY_DELAYS
from xats_tui.backend.store.sql.transactions import Transaction
from xats_tui.backend.tools.answers.cursors import Cursor, after, going_on
from xats_tui.backend.tools.base import Answer, Arguments, Call, Label, Optional, Tool
from xats_tui.core.clock import to_wire
from xats_tui.core.errors import Refusal
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.wakes import Wake, WakeStatus

URGENT = (
    "true only for what cannot wait for the end of the recipient's turn: where its client can be told in the middle of "
    "a turn, it is."
)

NonEmpty = Annotated[str, StringConstraints(min_length=1)]

NOT_TRIED = "not tried yet"

RETRY_DELAYS_S = [int(delay.total_seconds()) for delay in RETRY_DELAYS]

WAKING = (
    "The recipient is woken with one short line in its pane that tells it to call get_inbox; nothing of your message "
    "is in it, and nothing is typed while the pane is busy, holds a draft or a dialog. auto_poke false stores the "
    "message without waking. The answer says poked, or why not yet in poke_skip_reasons (no_pane, guard_failed, "
    "tmux_unavailable, self); with retry_scheduled it is tried again as soon as the pane allows, at the latest after "
    "30, 180 and 600 s."
)


class SendMessage(Arguments):
    to_agent_name: Label = Field(description="operator is the person at the dashboard, in every team.")
    to_team: Optional[Label] = Field(default=None, description="Only if the user asked for another team.")
    subject: Optional[str] = None
    body: NonEmpty
    auto_poke: bool = Field(default=True, description="Whether to wake the recipient.")
    need_reply: bool = Field(default=True, description="false for messages that want no answer.")
    urgent: bool = Field(default=False, description=URGENT)


class SendMessageById(Arguments):
    to_agent_id: NonEmpty
    subject: Optional[str] = None
    body: NonEmpty
    auto_poke: bool = True
    need_reply: bool = True
    urgent: bool = False


class Broadcast(Arguments):
    body: NonEmpty
    subject: Optional[str] = None
    auto_poke: bool = True


class BroadcastToRole(Arguments):
    to_role: Label
    body: NonEmpty
    subject: Optional[str] = None
    auto_poke: bool = True


class GetDeliveryStatus(Arguments):
    message_id: NonEmpty
    cursor: Cursor = None


async def send_message(call: Call, arguments: SendMessage) -> Answer:
    team = arguments.to_team or call.agent.team
    return await _send(call, arguments, await call.services.registry.by_name(team, arguments.to_agent_name))


async def send_message_by_id(call: Call, arguments: SendMessageById) -> Answer:
    return await _send(call, arguments, await call.services.registry.member(call.agent.team, arguments.to_agent_id))


async def broadcast(call: Call, arguments: Broadcast) -> Answer:
    return await _broadcast(call, arguments, role=None)


async def broadcast_to_role(call: Call, arguments: BroadcastToRole) -> Answer:
    return await _broadcast(call, arguments, role=arguments.to_role)


async def get_delivery_status(call: Call, arguments: GetDeliveryStatus) -> Answer:
    if await call.services.mailbox.sender_of(arguments.message_id) != call.agent.agent_id:
        raise Refusal("unknown_message")
    wakes = await call.services.waker.statuses(arguments.message_id)
    rest = after(wakes, arguments.cursor, lambda wake: wake.agent_id)
    shown = call.room().filled(rest, shown_wake)
    paging = going_on(rest, shown, lambda wake: wake.agent_id)
    return {"message_id": arguments.message_id, "statuses": shown, **paging}


async def _send(call: Call, arguments: SendMessage | SendMessageById, recipient: Agent | None) -> Answer:
    async def send(tx: Transaction) -> Sent:
        sent = await call.services.mailbox.send(
            tx,
            call.agent,
            recipient,
            arguments.body,
            subject=arguments.subject,
            need_reply=arguments.need_reply,
            auto_poke=arguments.auto_poke,
            urgent=arguments.urgent,
        )
        # kept before any wake is tried, so that a repeated call after a crash sends nothing twice
        await call.keep_when_stored(tx, lambda: _before_waking(sent, woken=arguments.auto_poke))
        return sent

    return await _answer(call, await call.transact(send), woken=arguments.auto_poke)


async def _broadcast(call: Call, arguments: Broadcast | BroadcastToRole, role: str | None) -> Answer:
    async with call.write() as tx:
        sent = await call.services.mailbox.broadcast(
            tx,
            call.agent,
            arguments.body,
            role=role,
            subject=arguments.subject,
            auto_poke=arguments.auto_poke,
        )
        await call.keep_when_stored(tx, lambda: _before_waking(sent, woken=arguments.auto_poke))
    return await _answer(call, sent, woken=arguments.auto_poke)


def _before_waking(sent: Sent, *, woken: bool) -> dict[str, Any]:
    """Return the answer that is true as soon as the message is stored, before any wake was tried."""
    answer: dict[str, Any] = {
        "message_id": sent.letter.id,
        "event_id": sent.event_id,
        "recipients": list(sent.letter.recipients),
        "sent_at": sent.sent_at,
        "poked": False,
        "retry_scheduled": woken,
    }
    if not woken:
        return answer
    untried = {"reason": "guard_failed", "detail": NOT_TRIED}
    reasons = [{"agent_id": recipient, **untried} for recipient in sent.letter.recipients]
    return {**answer, "poke_skip_reasons": reasons, "retry_delays_s": RETRY_DELAYS_S}


async def _answer(call: Call, sent: Sent, *, woken: bool) -> dict[str, Any]:
    answer = _before_waking(sent, woken=woken)
    if not woken:
        return answer
    wakes = {wake.agent_id: wake for wake in await call.services.waker.first_decisions(sent.letter.id)}
    in_order = [wakes[recipient] for recipient in sent.letter.recipients]
    retrying = any(wake.status is WakeStatus.RETRYING for wake in in_order)
    if not retrying:
        del answer["retry_delays_s"]
    return {
        **answer,
        "poked": any(wake.status is WakeStatus.DELIVERED for wake in in_order),
        "poke_skip_reasons": [_reason(wake) for wake in in_order if wake.status is not WakeStatus.DELIVERED],
        "retry_scheduled": retrying,
    }


def _reason(wake: Wake) -> dict[str, Any]:
    return {
        "agent_id": wake.agent_id,
        "reason": wake.skip_reason or "guard_failed",
        "detail": wake.detail or NOT_TRIED,
    }


def shown_wake(wake: Wake) -> dict[str, Any]:
    """Return a wake as the sender of its message sees it."""
    delivered = wake.status is WakeStatus.DELIVERED
    return {
        "agent_id": wake.agent_id,
        "wake_status": wake.status,
        "skip_reason": wake.skip_reason,
        "retry_attempts": max(wake.attempts - 1, 0),
        "updated_at": to_wire(wake.updated_at),
        "delivered_at": to_wire(wake.delivered_at) if delivered and wake.delivered_at else None,
        "detail": wake.detail,
        "transport": wake.transport,
        **({"urgent": True} if wake.urgent else {}),
        "evidence": {step.value: to_wire(at) for step, at in wake.reached.items()},
        "next_try_at": to_wire(wake.due_at) if wake.due_at else None,
    }


TOOLS = (
    Tool(
        name="send_message",
        description=(
            "Send a private message to one agent, by name: the usual way to talk. Stays in your team; pass to_team "
            f"only if the user explicitly asked for it. Works whether or not the recipient is online. {WAKING} For "
            "many recipients use broadcast or broadcast_to_role. Set need_reply false for messages that want no answer."
        ),
        arguments=SendMessage,
        run=send_message,
        once=True,
    ),
    Tool(
        name="send_message_by_id",
        description="Like send_message, to an agent_id of your own team; other teams: send_message with to_team.",
        arguments=SendMessageById,
        run=send_message_by_id,
        once=True,
    ),
    Tool(
        name="broadcast",
        description=(
            "Send to everybody else in your team who is online; wakes them as send_message "
            "does. For one role use broadcast_to_role; other teams are reached with send_message and to_team only."
        ),
        arguments=Broadcast,
        run=broadcast,
        once=True,
    ),
    Tool(
        name="broadcast_to_role",
        description="Like broadcast, to those of your team whose role is to_role.",
        arguments=BroadcastToRole,
        run=broadcast_to_role,
        once=True,
    ),
    Tool(
        name="get_delivery_status",
        description=(
            "Whether the recipients of a message that you sent have been woken: delivered, retrying, skipped or "
            "failed, with reason and evidence. It is about waking only: the message is in their inbox already."
        ),
        arguments=GetDeliveryStatus,
        run=get_delivery_status,
    ),
)
