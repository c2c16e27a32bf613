"""Asks the transports of an agent, in the order of `order.py`, which of them can wake it now."""

import logging
from collections.abc import Callable, Sequence

from msgspec import Struct

from xats_tui.backend.services.wakes.order import LEADS_NOWHERE, Order, by_preference, may_go_on, order_of
from xats_tui.backend.services.wakes.policy import MAY_BE_TAKEN, waits_for_effect
from xats_tui.core.clock import Clock
from xats_tui.core.errors import StoreError
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.wakes import DECLINED, UNCONFIRMED, AskedWay, Gate, Observation, Reachability, Wake, WakeStage
from xats_tui.core.records import replace
from xats_tui.core.transport import Transport

logger = logging.getLogger(__name__)

MAX_VERDICT_CHARS = 300
"""Maximum length of what is kept of a transport's answer."""

NO_WAY = frozenset({Reachability.NO_PANE, Reachability.UNUSABLE})
"""Answers that tell less about the agent than any other."""

NOT_TAKEN = "nothing shows that it took the earlier hint"

AT_TURN_END = Observation(
    reach=Reachability.OPEN,
    detail="it takes what waits at the end of its turn",
    gates=(Gate(name="turn", holds=False, detail="its hooks report; it takes what waits at the end of its turn"),),
)
"""Observation of an agent that nothing but its hooks leads to."""

NO_TRANSPORT = Observation(reach=Reachability.NO_PANE, detail="no pane is bound")


class Asked(Struct, frozen=True, kw_only=True):
    """The transport to use, what it observed, and what each one answered."""

    name: str = "none"
    transport: Transport | None = None
    observation: Observation = NO_TRANSPORT
    ways: tuple[AskedWay, ...] = ()


class Transports:
    """All transports of a coordinator."""

    def __init__(
        self, transports: Sequence[Transport], clock: Clock, takes_hints: Callable[[Agent], bool] = lambda agent: False
    ) -> None:
        """Set the transports; `takes_hints` tells whether an agent's hooks take a hint at the end of a turn."""
        self._transports = by_preference(transports)
        self._clock = clock
        self._takes_hints = takes_hints

    def serving(self, agent: Agent | None) -> tuple[Transport, ...]:
        """Return the transports that have what they need for an agent, the preferred ones first."""
        return tuple(one for one in self._transports if agent and one.serves(agent))

    async def ask(self, agent: Agent | None, wakes: Sequence[Wake]) -> Asked:
        """Ask one transport after the other until one leads somewhere."""
        asked = await self._asked(agent, wakes)
        if agent and asked.observation.reach is Reachability.NO_PANE and self._takes_hints(agent):
            return replace(asked, observation=AT_TURN_END)
        return asked

    async def _asked(self, agent: Agent | None, wakes: Sequence[Wake]) -> Asked:
        serving = {transport.name: transport for transport in self.serving(agent)}
        if agent is None or not serving:
            return Asked()
        now = self._clock.now()
        order, urgent = order_of(tuple(serving), wakes, agent, now), is_urgent(wakes)
        ways: list[AskedWay] = []
        if order.awaited is not None:
            transport = serving[order.awaited]
            observation = await seen_by(transport, agent, urgent=urgent)
            if not may_go_on(observation, is_due=not waits_for_effect(wakes, now)):
                return _chosen(transport, observation if observation.is_taken else _waiting(observation), ways)
            ways.append(AskedWay(transport=transport.name, verdict=NOT_TAKEN))
        return await _first_that_leads_somewhere(agent, order, serving, ways, urgent=urgent)


async def _first_that_leads_somewhere(
    agent: Agent, order: Order, serving: dict[str, Transport], ways: list[AskedWay], *, urgent: bool
) -> Asked:
    tells_most: Asked | None = None
    for number, name in enumerate(order.ways):
        # a broken transport may work again soon; else those that had their turn get another one
        if number >= order.fresh and tells_most and tells_most.observation.reach is Reachability.BROKEN:
            break
        observation = await seen_by(serving[name], agent, urgent=urgent)
        answer = _chosen(serving[name], observation, ways)
        if observation.reach not in LEADS_NOWHERE:
            return answer
        ways.append(answer.ways[-1])
        is_weak = tells_most is None or tells_most.observation.reach in NO_WAY
        if number < order.fresh and (is_weak or observation.reach is Reachability.AGENT_GONE):
            tells_most = answer
    return replace(tells_most, ways=tuple(ways)) if tells_most else Asked(ways=tuple(ways))


def is_urgent(wakes: Sequence[Wake]) -> bool:
    """Return whether one of these wakes may reach the model in the middle of a turn."""
    return any(wake.urgent and WakeStage.SEEN not in wake.reached for wake in wakes)


async def seen_by(transport: Transport, agent: Agent, *, urgent: bool = False) -> Observation:
    """Observe through a transport; an unexpected exception becomes a `BROKEN` observation of this agent alone."""
    try:
        return await transport.readiness(agent, urgent=urgent)
    except StoreError:
        raise
    except Exception as error:
        return Observation(reach=Reachability.BROKEN, detail=stumbled(transport, agent, error))


def stumbled(transport: Transport, agent: Agent, error: Exception) -> str:
    """Log an unexpected exception of a transport; return what is told of it."""
    logger.error("%s failed unexpectedly for %s", transport.name, agent.address, exc_info=error)
    return f"{transport.name} failed unexpectedly ({type(error).__name__}); the log has the details"


def _chosen(transport: Transport, observation: Observation, before: Sequence[AskedWay]) -> Asked:
    closed = [gate.told for gate in observation.gates if not gate.holds]
    way = AskedWay(transport=transport.name, verdict=("; ".join(closed) or observation.detail)[:MAX_VERDICT_CHARS])
    return Asked(name=transport.name, transport=transport, observation=observation, ways=(*before, way))


def _waiting(observation: Observation) -> Observation:
    """Return an observation that keeps another hint back while one may be taken yet, or after it was declined."""
    closed = [gate for gate in observation.gates if not gate.holds]
    if declined := next((gate for gate in closed if gate.name == DECLINED), None):
        return replace(observation, detail=declined.told)
    told = next((gate.detail for gate in closed if gate.detail.startswith(UNCONFIRMED)), f"{UNCONFIRMED}{MAY_BE_TAKEN}")
    gate = Gate(name="earlier hint", holds=False, detail=told)
    return replace(observation, reach=Reachability.OPEN, detail=gate.detail, gates=(*observation.gates, gate))
