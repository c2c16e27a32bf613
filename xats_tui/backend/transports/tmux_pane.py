"""The transport that types: bracketed paste, see exactly the hint, Enter as its own key, see it gone.

It never presses Enter unless the input line holds what it held before plus the hint and nothing else.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

from xats_tui.backend.clock import Clock
from xats_tui.backend.errors import PaneGone, TmuxError
from xats_tui.backend.model.agents import Agent, Binding
from xats_tui.backend.model.panes import PaneRef, PaneView
from xats_tui.backend.model.wakes import Proof, Reach, Sighting, WakeStep
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.panes.screen import parse_screen
from xats_tui.backend.processes import Processes
from xats_tui.backend.reports import Reports
from xats_tui.backend.tmux import Tmux
from xats_tui.backend.transports.gates import Owner, first_closed, judge, quiet_for

logger = logging.getLogger(__name__)

ENTER_DELAY = 0.15
"""Seconds between paste and Enter at the least: Codex takes a faster Enter for a newline of the paste."""

PATIENCE = 2.0
"""Seconds to wait for a program to show what was pasted, or to take it."""

GLANCE = 0.04
"""Seconds between two looks while waiting for that."""

RECORDED_LINES = 6
"""How many of the last lines of a screen are kept as evidence."""


class TmuxPane:
    """Puts hints into the tmux panes that agents are bound to."""

    name = "tmux-pane"
    types = True

    def __init__(
        self,
        tmux: Tmux,
        processes: Processes,
        monitor: PaneMonitor,
        clock: Clock,
        quiet: timedelta,
        reports: Reports,
    ) -> None:
        self._tmux = tmux
        self._processes = processes
        self._monitor = monitor
        self._clock = clock
        self.quiet = quiet
        self._reports = reports
        self._writers: dict[PaneRef, asyncio.Lock] = {}

    def serves(self, agent: Agent) -> bool:
        """Whether the agent is bound to a pane."""
        return agent.binding is not None

    async def sight(self, agent: Agent) -> Sighting:
        """Look at the agent's pane and judge every gate."""
        if agent.binding is None:
            return Sighting(reach=Reach.NO_PANE, detail="no pane is bound")
        try:
            view = await self._monitor.look(agent.binding.pane, agent.client)
        except PaneGone:
            return Sighting(reach=Reach.AGENT_GONE, detail=f"pane {agent.binding.pane.pane_id} is gone")
        except TmuxError as error:
            return Sighting(reach=Reach.BROKEN, detail=str(error))
        now = self._clock.now()
        report = self._reports.of(agent.host_session, now)
        quiet = quiet_for(agent.client, self.quiet)
        gates = judge(agent, view, await self._owner(agent.binding), report, quiet, now)
        owner = gates[0]
        closed = first_closed(gates)
        return Sighting(
            reach=Reach.OPEN if owner.holds else Reach.AGENT_GONE,
            detail=f"{closed.name}: {closed.detail}" if closed else "every gate is open",
            gates=gates,
            seen=_last_lines(view),
        )

    def writer(self, pane: PaneRef) -> asyncio.Lock:
        """Whoever sends keys to a pane holds this meanwhile."""
        return self._writers.setdefault(pane, asyncio.Lock())

    async def deliver(self, agent: Agent, hint: str, *, forced: bool = False) -> Proof:
        """Paste the hint and submit it, looking before and after each step."""
        assert agent.binding is not None  # `serves` is asked first
        pane = agent.binding.pane
        async with self.writer(pane):
            sighting = await self.sight(agent)
            if sighting.reach is not Reach.OPEN or first_closed(sighting.gates, forced=forced):
                return Proof(
                    step=WakeStep.ATTEMPTED, detail=sighting.detail, seen_before=sighting.seen, seen_after=sighting.seen
                )
            view = self._monitor.view(pane)
            empty = view.reading.composer if view else None
            try:
                return await self._type(agent, pane, empty or "", hint, sighting.seen)
            except TmuxError as error:
                return Proof(
                    step=WakeStep.ATTEMPTED,
                    detail=str(error),
                    seen_before=sighting.seen,
                    seen_after="",
                    failed=not isinstance(error, PaneGone),
                )

    async def _type(self, agent: Agent, pane: PaneRef, empty: str, hint: str, seen_before: str) -> Proof:
        times = {WakeStep.ATTEMPTED: self._clock.now()}

        def proof(step: WakeStep, detail: str, view: PaneView) -> Proof:
            return Proof(step=step, detail=detail, seen_before=seen_before, seen_after=_last_lines(view), times=times)

        await self._tmux.paste(pane, hint)
        pasted_at = self._clock.monotonic()
        wanted = _squashed(empty + hint)
        shown, view = await self._watch(agent, pane, lambda composer: composer == wanted)
        if not shown:
            return proof(WakeStep.ATTEMPTED, "pasted, but the input line shows something else: not submitted", view)
        times[WakeStep.TYPED] = self._clock.now()
        await self._clock.sleep(max(0.0, ENTER_DELAY - (self._clock.monotonic() - pasted_at)))
        for _ in range(2):  # a swallowed Enter is sent once more, if the line still holds exactly the hint
            still, view = await self._watch(agent, pane, lambda composer: composer == wanted, patience=0)
            if not still:
                return proof(WakeStep.TYPED, "the input line changed after the hint: not submitted", view)
            if not await self._still_owned(agent.binding):
                return proof(WakeStep.TYPED, "the agent's process ended after the paste: not submitted", view)
            await self._tmux.press_enter(pane)
            taken, view = await self._watch(agent, pane, lambda composer: composer != wanted)
            if taken:
                times[WakeStep.SUBMITTED] = self._clock.now()
                return proof(WakeStep.SUBMITTED, "typed and taken", view)
        return proof(WakeStep.TYPED, "the hint stands in the input line: Enter was not taken", view)

    async def _watch(
        self, agent: Agent, pane: PaneRef, as_wished: Callable[[str], bool], patience: float = PATIENCE
    ) -> tuple[bool, PaneView]:
        """Look until the input line is as wished or patience ends."""
        give_up_at = self._clock.monotonic() + patience
        while True:
            view = await self._monitor.look(pane, agent.client)
            if as_wished(_squashed(view.reading.composer or "")):
                return True, view
            if self._clock.monotonic() >= give_up_at:
                return False, view
            await self._clock.sleep(GLANCE)

    async def _owner(self, binding: Binding) -> Owner:
        if binding.ui_pid is None or not await self._processes.is_same(binding.ui_pid, binding.ui_started_at):
            return Owner(alive=False, tty=None, in_front=False)
        process = await self._processes.by_pid(binding.ui_pid)
        return Owner(
            alive=process is not None,
            tty=process.tty if process else None,
            in_front=await self._processes.is_in_front(binding.ui_pid),
        )

    async def _still_owned(self, binding: Binding | None) -> bool:
        owner = await self._owner(binding) if binding else None
        return owner is not None and owner.alive and owner.in_front


def _squashed(text: str) -> str:
    """Text without white space: programs wrap and pad a line as they like."""
    return "".join(text.split())


def _last_lines(view: PaneView) -> str:
    lines = [line.text.rstrip() for line in parse_screen(view.look.screen)]
    return "\n".join([line for line in lines if line][-RECORDED_LINES:])
