"""Tools about agents: connection check, identity, team list, and leaving."""

from typing import Any

from xats_tui.backend.tools.answers.cursors import Cursor, after, going_on
from xats_tui.backend.tools.base import Answer, Arguments, Call, Tool, completed
from xats_tui.backend.tools.call_context import UNBOUND_HINT, bridge_of, claimed_ui, shown_former, traces, unbound_hint
from xats_tui.core.clock import to_wire
from xats_tui.core.errors import Refusal
from xats_tui.core.model.agents import CHANNEL_PROXY_ROLE, Agent, DeliveryKind

TAKE_UP = "If you are one of you_were, call register_agent with that name and team: your mail is there."
INTRODUCE_YOURSELF = "Call register_agent; a name that you had before brings back your id and your mail."


class Echo(Arguments):
    msg: str


class NoArguments(Arguments):
    pass


class ListAgents(Arguments):
    cursor: Cursor = None


async def echo(call: Call, arguments: Echo) -> Answer:
    """Answer a message, to show that the connection works."""
    return {"msg": arguments.msg, "echoed_at": to_wire(call.services.clock.now())}


async def unregister_self(call: Call, arguments: NoArguments) -> Answer:
    """Remove the caller."""
    await completed(_removed(call))
    agent = call.agent
    return {"ok": True, "team": agent.team, "name": agent.name, "agent_id": agent.agent_id}


async def _removed(call: Call) -> None:
    """Remove the caller, and let its session speak as nobody."""
    agent = call.agent
    async with call.write() as tx:
        if agent.role == CHANNEL_PROXY_ROLE:
            await call.services.channels.unregister_proxy(tx, agent)
        else:
            await call.services.registry.unregister(tx, agent)
        await call.services.kept_sessions.identify(tx, call.session, None)
    call.services.channels.detach(call.session)
    call.services.sessions.identify(call.session, None)


async def list_agents(call: Call, arguments: ListAgents) -> Answer:
    """List the agents of the caller's team."""
    agents = await call.services.registry.of_team(call.agent.team)
    rest = after(agents, arguments.cursor, lambda agent: agent.agent_id)
    online = await call.services.presence.among(rest)
    shown = call.room().filled(rest, lambda agent: shown_agent(agent, online=agent.agent_id in online))
    return {"agents": shown, **going_on(rest, shown, lambda agent: agent.agent_id)}


async def whoami(call: Call, arguments: NoArguments) -> Answer:
    """Describe the caller, or its possible former identities if it has not registered."""
    try:
        await call.identify(or_proxy=True)
    except Refusal as refusal:
        former = await call.services.recognition.of(traces(call.meta))
        answer: dict[str, Any] = {"registered": False, "you_were": [shown_former(one) for one in former]}
        # a superseded session is told who replaced it, not only that it is unknown
        if refusal.code == "superseded":
            return answer | {"superseded": refusal.fields["detail"]}
        turned_away = call.session.turned_away
        return {**answer, "hint": turned_away or (TAKE_UP if former else INTRODUCE_YOURSELF)}
    agent = call.agent
    # the transaction also confirms the messages handed out before
    unread = await call.transact(lambda tx: call.services.mailbox.unread_count(tx, agent.agent_id))
    return {
        "registered": True,
        "agent_id": agent.agent_id,
        "name": agent.name,
        "team": agent.team,
        "role": agent.role,
        "client": agent.client,
        "tmux_pane_id": agent.binding.pane.pane_id if agent.binding else None,
        "delivery": {"kind": agent.delivery.kind},
        "unread": unread,
        **await _how_to_be_woken(call, agent),
    }


async def _how_to_be_woken(call: Call, agent: Agent) -> Answer:
    """Return a hint for an agent that no wake can reach."""
    if agent.binding is not None or agent.delivery.kind is not DeliveryKind.NONE or agent.role == CHANNEL_PROXY_ROLE:
        return {}
    bridge = bridge_of(call.meta)
    if bridge is None:
        return {"hint": UNBOUND_HINT}  # the caller's process, whose search takes long, would not change the hint
    runtime = await call.services.runtimes.of(call.session, None, claimed_ui(call.meta), bridge)
    return {"hint": unbound_hint(runtime, bridge)}


def shown_agent(agent: Agent, *, online: bool) -> dict[str, Any]:
    """Return an agent as other agents see it."""
    channel = agent.delivery.address.get("channel_session_id")
    return {
        "agent_id": agent.agent_id,
        "client": agent.client,
        "client_name": agent.client_name,
        "team": agent.team,
        "role": agent.role,
        "name": agent.name,
        "model": agent.model,
        "tmux_pane_id": agent.binding.pane.pane_id if agent.binding else None,
        "delivery": {"kind": agent.delivery.kind, **({"channel_session_id": channel} if channel else {})},
        "channel_session_id": channel,
        "last_seen_at": to_wire(agent.last_seen_at),
        "online": online,
    }


TOOLS = (
    Tool(
        name="echo",
        description="Check the connection: answers your msg and the time. Changes nothing.",
        arguments=Echo,
        run=echo,
        registered=False,
        touches=False,
    ),
    Tool(
        name="whoami",
        description=(
            "Who you are here. Call it first when you have lost your context and do not know whether you have "
            "registered. Answers your name, team, role, pane and unread messages; or registered false with you_were, "
            "the names that your program had before, to go on with by register_agent."
        ),
        arguments=NoArguments,
        run=whoami,
        registered=False,
    ),
    Tool(
        name="unregister_self",
        description=(
            "Leave: removes you, and only you, with your contract subscriptions. Refused with tasks_in_progress while "
            "you own unfinished tasks. Afterwards this connection is unregistered. Registering the same name again "
            "brings back your id and your mail."
        ),
        arguments=NoArguments,
        run=unregister_self,
        for_proxies=True,
    ),
    Tool(
        name="list_agents",
        description=(
            "List the agents of your team, you included, with role, client and whether each is online. While has_more "
            "is true call it again with cursor = next_cursor."
        ),
        arguments=ListAgents,
        run=list_agents,
        for_proxies=True,
    ),
)
