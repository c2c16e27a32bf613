"""Tools about channels: a proxy offers a channel, and an agent is woken through it."""

from typing import Annotated

from pydantic import Field

from xats_tui.backend.tools.base import Answer, Arguments, Call, Tool
from xats_tui.core.errors import Refusal
from xats_tui.core.model.agents import CHANNEL_PROXY_ROLE


class OneChannel(Arguments):
    """Arguments that name a channel."""

    channel_session_id: Annotated[str, Field(min_length=1)]


async def subscribe_channel_wake(call: Call, arguments: OneChannel) -> Answer:
    """Let a proxy's session carry a channel."""
    csid = _checked(arguments)
    await call.identify(or_proxy=True)
    if call.agent.role != CHANNEL_PROXY_ROLE:
        raise Refusal("forbidden_role")
    async with call.write() as tx:
        await call.services.channels.subscribe(tx, call.session, call.agent, csid)
    return {"ok": True}


async def bind_channel(call: Call, arguments: OneChannel) -> Answer:
    """Wake the caller through a channel from now on."""
    csid = _checked(arguments)
    await call.identify(or_proxy=True)
    if call.agent.role == CHANNEL_PROXY_ROLE:
        raise Refusal("forbidden_role")
    async with call.write() as tx:
        await call.services.channels.bind(tx, call.agent.agent_id, csid)
    return {"ok": True}


def _checked(arguments: OneChannel) -> str:
    csid = arguments.channel_session_id.strip()
    if not csid:
        raise Refusal("invalid_channel_session_id")
    return csid


TOOLS = (
    Tool(
        name="bind_channel",
        description=(
            "Be woken through a Claude Code channel from now on; for an agent that is registered and whose channel "
            "proxy announced another channel_session_id. Normally registration does it: pass ui_pid there. Answers "
            "unknown_channel_session when no proxy carries that channel, forbidden_role to a proxy."
        ),
        arguments=OneChannel,
        run=bind_channel,
        registered=False,
    ),
    Tool(
        name="subscribe_channel_wake",
        description="Internal, for channel proxies: this session carries the channel and gets its wakes.",
        arguments=OneChannel,
        run=subscribe_channel_wake,
        registered=False,
    ),
)
