"""Transport that types into the tmux panes that agents are bound to."""

import asyncio
from datetime import timedelta

from xats_tui.backend.client_states import ClientStates
from xats_tui.backend.hook_reports import HookReports
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.system.processes import Processes
from xats_tui.backend.system.terminals import PaneTerminals
from xats_tui.backend.system.tmux import Tmux
from xats_tui.backend.transports.pane.eyes import PaneObservation, PaneObserver
from xats_tui.backend.transports.pane.gates import overruled, quiet_for, shows_rest
from xats_tui.backend.transports.pane.pastes import Pastes
from xats_tui.backend.transports.pane.typist import Typist, last_lines
from xats_tui.backend.transports.pane.watches import PaneWatches
from xats_tui.core.clock import Clock
from xats_tui.core.errors import PaneGone, TmuxError
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.panes import PaneRef
from xats_tui.core.model.pastes import HINT_SIGN
from xats_tui.core.model.wakes import DeliveryResult, Observation, Reachability, WakeStage, first_closed
from xats_tui.core.transport import AgentWatch, IntervalWatch

OPERATOR_TIMEOUT_S = 6.0
"""Time that the operator's order waits for a person to stop typing: the order itself may be that person's key."""

POLL_INTERVAL_S = 0.25

NOT_BOUND = "no pane is bound: run it in tmux with `xats-tui mcp` as its MCP server, and register again"


class TmuxPane:
    """Transport that types hints into panes, and presses the keys of the operator's answers."""

    name = "tmux-pane"
    types = True

    def __init__(
        self,
        tmux: Tmux,
        processes: Processes,
        terminals: PaneTerminals,
        monitor: PaneMonitor,
        database: Database,
        reports: HookReports,
        states: ClientStates,
        clock: Clock,
        quiet: timedelta,
    ) -> None:
        self._tmux = tmux
        self._monitor = monitor
        self._clock = clock
        self._pastes = pastes = Pastes(database, monitor)
        self._eyes = eyes = PaneObserver(processes, terminals, monitor, pastes, reports, states, clock, quiet)
        self._watches = PaneWatches(monitor, clock)
        self._typist = Typist(tmux, monitor, eyes, pastes, clock)

    async def recall(self) -> None:
        """Load the outstanding pastes of an earlier coordinator."""
        await self._pastes.recall()

    def tune(self, quiet: timedelta) -> None:
        """Set the time for which panes must be unchanged where only quiet shows that they are idle."""
        self._eyes.quiet = quiet

    def serves(self, agent: Agent) -> bool:
        """Return whether the agent is bound to a pane."""
        return agent.binding is not None

    def missing(self, agent: Agent) -> str:
        """Return what would bind the agent to its pane."""
        return NOT_BOUND

    async def readiness(self, agent: Agent, *, urgent: bool = False) -> Observation:
        """Observe the agent's pane and judge every gate."""
        # while a hint is being typed, only its typist follows the paste
        seen = await self._seen(agent, follow=not self._is_written_to(agent))
        return seen if isinstance(seen, Observation) else _observation(agent, seen)

    async def ready(self, agent: Agent) -> PaneObservation:
        """Observe the agent's pane just before a key; the caller holds its lock.

        Raises:
            KeysWithheld: a gate that holds for every key is closed.
            PaneGone, TmuxError: the pane cannot be seen.
        """
        return await self._eyes.look_before_key(agent)

    async def press(self, seen: PaneObservation, *keys: str) -> None:
        """Press keys in a pane that was just found ready.

        Raises:
            KeysWithheld: the pane has changed.
            PaneGone, TmuxError: as by tmux.
        """
        self._eyes.rhythm.note_key(seen.view, self._clock.now())
        await self._tmux.press(seen.view.look.pane, *keys, occupant=seen.pane_pid)

    def writer(self, pane: PaneRef) -> asyncio.Lock:
        """Return the lock of a pane, held by the one writer that sends keys to it."""
        return self._pastes.writer(pane)

    async def deliver(self, agent: Agent, hint: str, *, forced: bool = False, urgent: bool = False) -> DeliveryResult:
        """Put the hint into the input line and submit it, or report that an earlier one was submitted after all."""
        assert agent.binding is not None  # `serves` is asked first
        async with self.writer(agent.binding.pane):
            by_operator = forced or not hint.startswith(HINT_SIGN)
            seen = await (self._seen_without_people(agent) if by_operator else self._seen(agent))
            if isinstance(seen, Observation):
                return _nothing_typed(seen.detail, "")
            if seen.evidence:
                return await self._submitted_after_all(seen)
            if closed := first_closed(seen.gates, overruled(agent.client) if forced else ()):
                return _nothing_typed(closed.told, last_lines(seen.view))
            return await self._typist.type(agent, hint, seen)

    def watch(self, agent: Agent) -> AgentWatch:
        """Watch the agent's pane until it has come to rest."""
        view = self._monitor.view(agent.binding.pane) if agent.binding else None
        return (
            self._watches.open(view, quiet_for(agent.client, self._eyes.quiet)) if view else IntervalWatch(self._clock)
        )

    async def _seen(self, agent: Agent, *, follow: bool = True) -> PaneObservation | Observation:
        """Observe the pane; an `Observation` is the reason why it cannot be seen."""
        if agent.binding is None:
            return Observation(reach=Reachability.NO_PANE, detail="no pane is bound")
        try:
            return await self._eyes.look(agent, agent.binding, follow=follow)
        except PaneGone:
            return Observation(reach=Reachability.AGENT_GONE, detail=f"pane {agent.binding.pane.pane_id} is gone")
        except TmuxError as error:
            return Observation(reach=Reachability.BROKEN, detail=str(error))

    def _is_written_to(self, agent: Agent) -> bool:
        return agent.binding is not None and self.writer(agent.binding.pane).locked()

    async def _seen_without_people(self, agent: Agent) -> PaneObservation | Observation:
        """Observe the pane once nobody is typing there, or after `OPERATOR_TIMEOUT_S` as it is then."""
        give_up_at = self._clock.monotonic() + OPERATOR_TIMEOUT_S
        while True:
            seen = await self._seen(agent)
            is_typed_at = isinstance(seen, PaneObservation) and _closed_by_people(seen)
            if not is_typed_at or self._clock.monotonic() >= give_up_at:
                return seen
            await self._clock.sleep(POLL_INTERVAL_S)

    async def _submitted_after_all(self, seen: PaneObservation) -> DeliveryResult:
        paste = seen.seat.paste
        assert paste is not None and paste.entered_at is not None  # evidence exists only for a paste that was entered
        await self._pastes.close(paste.pane)
        times = {WakeStage.TYPED: paste.entered_at, WakeStage.SUBMITTED: paste.entered_at}
        shown = last_lines(seen.view)
        detail = f"submitted after all: {seen.evidence}"
        return DeliveryResult(step=WakeStage.SUBMITTED, detail=detail, seen_before="", seen_after=shown, times=times)


def _observation(agent: Agent, seen: PaneObservation) -> Observation:
    owner, closed = seen.gates[0], first_closed(seen.gates)
    return Observation(
        reach=Reachability.OPEN if owner.holds else Reachability.AGENT_GONE,
        detail=closed.told if closed else "every gate is open",
        gates=seen.gates,
        seen=last_lines(seen.view),
        is_taken=seen.evidence is not None,
        at_rest=shows_rest(agent, seen.gates),
    )


def _closed_by_people(seen: PaneObservation) -> bool:
    return {gate.name for gate in seen.gates if not gate.holds} in ({"person"}, {"person", "drawn"})


def _nothing_typed(detail: str, shown: str) -> DeliveryResult:
    return DeliveryResult(step=WakeStage.ATTEMPTED, detail=detail, seen_before=shown, seen_after=shown)
