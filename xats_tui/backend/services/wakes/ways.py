"""The ways to an agent, found by asking each transport: a client is probed, nothing is concluded from its version."""

import asyncio
from collections.abc import Sequence

from xats_tui.backend.hook_reports import HookReports
from xats_tui.backend.services.wakes.asking import seen_by
from xats_tui.backend.services.wakes.policy import TURN_END_HOOK
from xats_tui.backend.store import agents as agents_store
from xats_tui.backend.store import wakes as store
from xats_tui.backend.store.sql.database import Database
from xats_tui.clients.registry import CLIENTS
from xats_tui.core.errors import Refusal
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.wakes import Observation, Reachability
from xats_tui.core.model.ways import Way, WayState
from xats_tui.core.records import replace
from xats_tui.core.transport import TellsWhatIsMissing, Transport

AT_TURN_END = "its hooks report; a busy agent takes what waits at the end of its turn"

NO_HOOKS = "its hooks have not reported to this coordinator yet; `xats-tui setup {client}` sets them"

STATES = {
    Reachability.NO_PANE: WayState.UNUSABLE,
    Reachability.AGENT_GONE: WayState.UNUSABLE,
    Reachability.UNUSABLE: WayState.UNUSABLE,
    Reachability.BROKEN: WayState.BROKEN,
}


class Ways:
    """The ways to agents, in the order in which wakes prefer them."""

    def __init__(self, database: Database, transports: Sequence[Transport], reports: HookReports) -> None:
        self._database = database
        self._transports = transports
        self._reports = reports

    async def of(self, agent_id: str) -> tuple[Way, ...]:
        """Return the ways to an agent, and the missing ones that its program can have; change nothing.

        Raises:
            Refusal: `unknown_agent`.
        """
        agent = await agents_store.by_id(self._database, agent_id)
        if agent is None:
            raise Refusal("unknown_agent")
        used = await store.last_used(self._database, agent_id)
        found = await asyncio.gather(*(_way(transport, agent) for transport in self._transports))
        quiet = [way for way in found if way and not way.types]
        typing = [way for way in found if way and way.types]
        ways = (*quiet, *self._hook(agent), *typing)
        return tuple(replace(way, last_used_at=used.get(way.name)) for way in ways)

    def _hook(self, agent: Agent) -> tuple[Way, ...]:
        """Return the hook at the end of a turn, if the agent's program can have one."""
        spec = CLIENTS.get(agent.client or "")
        if spec is None or spec.hooks is None or spec.hooks.answer is None:
            return ()
        if self._reports.takes_hints(agent):
            return (Way(name=TURN_END_HOOK, types=False, state=WayState.TURN_END, detail=AT_TURN_END),)
        missing = NO_HOOKS.format(client=spec.id)
        return (Way(name=TURN_END_HOOK, types=False, state=WayState.UNKNOWN, detail=missing),)


async def _way(transport: Transport, agent: Agent) -> Way | None:
    """Return a transport as a way to the agent; None if the agent's program can never have it."""
    if not transport.serves(agent):
        missing = transport.missing(agent) if isinstance(transport, TellsWhatIsMissing) else ""
        state = WayState.MISSING
        return Way(name=transport.name, types=transport.types, state=state, detail=missing) if missing else None
    observation = await seen_by(transport, agent)
    detail = observation.detail.removeprefix(f"{transport.name} ")  # the name stands beside it
    return Way(name=transport.name, types=transport.types, state=_state(observation), detail=detail)


def _state(observation: Observation) -> WayState:
    if observation.reach in STATES:
        return STATES[observation.reach]
    is_open = observation.is_taken or all(gate.holds for gate in observation.gates)
    return WayState.OPEN if is_open else WayState.WAITS
