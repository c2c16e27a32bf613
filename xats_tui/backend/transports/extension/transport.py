"""Transport with nothing typed to programs that have loaded our extension.

The extension hands a hint to its program as a prompt, only while that is idle, and each hint once.  A draft stays as it
is.
"""

import asyncio
import uuid
from collections import defaultdict
from datetime import datetime, timedelta

from msgspec import Struct

from xats_tui.backend.client_states import ClientStates, StateWatch
from xats_tui.backend.system.sessions.processes import NO_PROCESS, process_of
from xats_tui.backend.transports.extension.links import ExtensionLink, ExtensionLinks, NoExtension
from xats_tui.backend.transports.extension.words import BEGUN, GIVEN, ExtensionState
from xats_tui.backend.transports.results import not_taken, submitted, uncertain
from xats_tui.clients.registry import CLIENTS
from xats_tui.core.clock import Clock
from xats_tui.core.model.agents import Agent, SeenProcess
from xats_tui.core.model.panes import PaneState
from xats_tui.core.model.wakes import UNCONFIRMED, DeliveryResult, Gate, Observation, Reachability, first_closed

VALID_FOR = timedelta(seconds=2)
"""Time after which the extension does not hand over a hint any more: its program was stopped, or is slow."""

EVIDENCE_WITHIN_S = 2.5
"""Time to wait until a hint is in the conversation, which takes milliseconds; longer than a hint is valid."""

LOST_AFTER = timedelta(seconds=60)
"""Time for which a program must be idle after it was given a hint, until the hint counts as lost."""

AVOIDED_FOR = timedelta(hours=1)
"""Time for which a program that lost a hint gets no other one this way."""

TURN_BEGAN = "a turn has begun with it"

NOT_CONNECTED = "its extension is not connected: run `xats-tui setup {client}`, and restart {title}"


class _Handed(Struct, frozen=True, kw_only=True):
    """A hint that was sent, until its outcome is known."""

    hint: str
    at: datetime
    process: SeenProcess


class ClientExtension:
    """Transport that hands hints to extensions."""

    name = "extension"
    types = False

    def __init__(self, links: ExtensionLinks, states: ClientStates, clock: Clock) -> None:
        self._links = links
        self._states = states
        self._clock = clock
        self._handed: dict[str, _Handed] = {}
        """The outstanding hint of each agent."""
        self._lost: dict[str, _Handed] = {}
        """The latest hint of each agent that its program was given, and that had no effect."""
        self._writers: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def serves(self, agent: Agent) -> bool:
        """Return whether the agent's client can load an extension, and its process is known."""
        return _can_have(agent) and process_of(agent) is not None

    def missing(self, agent: Agent) -> str:
        """Return what would make the agent's process known."""
        return NO_PROCESS if _can_have(agent) else ""

    async def readiness(self, agent: Agent, *, urgent: bool = False) -> Observation:
        """Ask the extension for the state of its program."""
        try:
            link = self._link(agent)
            state = await link.ask()
            if self._has_begun(agent, state):
                return Observation(reach=Reachability.OPEN, detail=f"submitted: {TURN_BEGAN}", is_taken=True)
            gates = self._gates(agent, link, state)
        except NoExtension as error:
            return Observation(reach=Reachability.UNUSABLE, detail=str(error))
        closed = first_closed(gates)
        return Observation(
            reach=Reachability.OPEN,
            detail=closed.told if closed else state.detail,
            gates=gates,
            seen=state.detail,
            at_rest=state.state is PaneState.IDLE,
        )

    async def deliver(self, agent: Agent, hint: str, *, forced: bool = False, urgent: bool = False) -> DeliveryResult:
        """Hand over the hint, or report what became of an earlier one; `forced` and `urgent` have no effect here."""
        async with self._writers[agent.agent_id]:
            try:
                link = self._link(agent)
                state = await link.ask()
                if self._has_begun(agent, state):
                    return self._submitted(agent)
                if closed := first_closed(self._gates(agent, link, state)):
                    return not_taken(closed.told)
                return await self._handed_over(agent, link, hint)
            except NoExtension as error:
                return not_taken(str(error))

    def watch(self, agent: Agent) -> StateWatch:
        """Watch the agent's state, as its extension tells it."""
        return StateWatch(agent.agent_id, self._states, self._clock)

    async def _handed_over(self, agent: Agent, link: ExtensionLink, hint: str) -> DeliveryResult:
        handed = _Handed(hint=uuid.uuid4().hex, at=self._clock.now(), process=link.process)
        link.hand_over(handed.hint, hint, handed.at + VALID_FOR)
        self._handed[agent.agent_id] = handed
        outcome = await link.outcome(handed.hint, but=GIVEN, timeout_s=EVIDENCE_WITHIN_S)
        if outcome == BEGUN:
            return self._submitted(agent)
        if outcome == GIVEN:
            return uncertain("its program was given the hint, but no turn has begun with it")
        if not outcome:
            return uncertain("its extension has not said what became of the hint")
        del self._handed[agent.agent_id]
        return not_taken(f"state: {outcome}")

    def _link(self, agent: Agent) -> ExtensionLink:
        """Return the link to the extension of the agent's present process.

        Raises:
            NoExtension: there is none, or it lost a hint.
        """
        link, process, now = self._links.of(agent.agent_id), process_of(agent), self._clock.now()
        if link is None or not link.process.is_same(process):
            spec = CLIENTS[agent.client or ""]
            raise NoExtension(NOT_CONNECTED.format(client=spec.id, title=spec.title))
        lost = self._lost.get(agent.agent_id)
        if lost and lost.process.is_same(process) and now - lost.at < AVOIDED_FOR:
            raise NoExtension("its extension gave the program an earlier hint, and nothing came of it")
        return link

    def _gates(self, agent: Agent, link: ExtensionLink, state: ExtensionState) -> tuple[Gate, ...]:
        """Judge what an extension has just told.

        Raises:
            NoExtension: its program has lost a hint.
        """
        is_outstanding = self._is_outstanding(agent, link, state)
        asks = state.state is PaneState.DIALOG
        is_free = state.state is PaneState.IDLE and not state.obstacle
        return (
            Gate(
                name="own hint",
                holds=not is_outstanding,
                detail=f"{UNCONFIRMED}an earlier hint may be taken yet" if is_outstanding else "none",
            ),
            Gate(name="dialog", holds=not asks, detail=state.obstacle if asks else "none"),
            Gate(
                name="state", holds=asks or is_free, detail="not busy" if asks else state.obstacle or str(state.state)
            ),
        )

    def _is_outstanding(self, agent: Agent, link: ExtensionLink, state: ExtensionState) -> bool:
        """Return whether the outcome of a hint is open; one that had no effect keeps this way from being used again.

        Raises:
            NoExtension: the program has lost a hint.
        """
        handed, now = self._handed.get(agent.agent_id), self._clock.now()
        if handed is None:
            return False
        outcome = state.hints.get(handed.hint, "")
        is_over = not handed.process.is_same(link.process) or outcome not in ("", GIVEN)
        if is_over or (not outcome and now >= handed.at + VALID_FOR):  # it never came, and is not valid any more
            del self._handed[agent.agent_id]
            return False
        idle_since = max(state.since, handed.at)
        if state.state is PaneState.IDLE and now - idle_since >= LOST_AFTER:
            self._lost[agent.agent_id] = self._handed.pop(agent.agent_id)
            raise NoExtension("its extension gave the program a hint, and nothing came of it")
        return True

    def _has_begun(self, agent: Agent, state: ExtensionState) -> bool:
        """Return whether the outstanding hint is in the conversation."""
        handed = self._handed.get(agent.agent_id)
        return handed is not None and state.hints.get(handed.hint) == BEGUN

    def _submitted(self, agent: Agent) -> DeliveryResult:
        handed = self._handed.pop(agent.agent_id)
        self._lost.pop(agent.agent_id, None)
        return submitted(f"handed over by its extension: {TURN_BEGAN}", handed.at)


def _can_have(agent: Agent) -> bool:
    spec = CLIENTS.get(agent.client or "")
    return spec is not None and bool(spec.extension)
