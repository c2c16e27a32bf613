"""The transport that types: bracketed paste, see exactly the hint, Enter as its own key, see it gone.

It never presses Enter unless the input line holds what it held before plus the hint and nothing else.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from xats_tui.backend.clock import Clock
from xats_tui.backend.errors import KeysWithheld, PaneGone, TmuxError
from xats_tui.backend.model.agents import Agent, Binding
from xats_tui.backend.model.panes import PaneRef, PaneView
from xats_tui.backend.model.wakes import Gate, Proof, Reach, Sighting, WakeStep
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.panes.screen import parse_screen
from xats_tui.backend.processes import Processes
from xats_tui.backend.reports import Reports
from xats_tui.backend.terminals import Terminals
from xats_tui.backend.tmux import Tmux
from xats_tui.backend.transports.gates import KEYS_NEED, Seat, first_closed, judge, overruled, quiet_for, tty_of

logger = logging.getLogger(__name__)

ENTER_DELAY = 0.15
"""Seconds between paste and Enter at the least: Codex takes a faster Enter for a newline of the paste."""

PATIENCE = 2.0
"""Seconds to wait for a program to show what was pasted, or to take it."""

GLANCE = 0.04
"""Seconds between two looks while waiting for that."""

RECORDED_LINES = 6
"""How many of the last lines of a screen are kept as evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A pane that may get a key now."""

    view: PaneView
    seat: Seat
    pane_pid: int
    """Of the first process in it, by which tmux knows it again."""


class TmuxPane:
    """Puts hints into the tmux panes that agents are bound to."""

    name = "tmux-pane"
    types = True

    def __init__(
        self,
        tmux: Tmux,
        processes: Processes,
        terminals: Terminals,
        monitor: PaneMonitor,
        clock: Clock,
        quiet: timedelta,
        reports: Reports,
    ) -> None:
        self._tmux = tmux
        self._processes = processes
        self._terminals = terminals
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
        gates, _ = await self._judged(agent, agent.binding, view)
        owner = gates[0]
        closed = first_closed(gates)
        return Sighting(
            reach=Reach.OPEN if owner.holds else Reach.AGENT_GONE,
            detail=f"{closed.name}: {closed.detail}" if closed else "every gate is open",
            gates=gates,
            seen=_last_lines(view),
        )

    async def ready(self, agent: Agent, same: Seat | None = None) -> Ready:
        """Look at the agent's pane, which is about to get a key; whoever asks is its writer.

        Raises:
            KeysWithheld: a gate that holds for every key is closed, or something else sits there than `same`.
            PaneGone, TmuxError: it cannot be seen.
        """
        assert agent.binding is not None  # whoever types has looked for a pane first
        view = await self._monitor.look(agent.binding.pane, agent.client)
        gates, seat = await self._judged(agent, agent.binding, view)
        if closed := next((gate for gate in gates if gate.name in KEYS_NEED and not gate.holds), None):
            raise KeysWithheld(f"{closed.name}: {closed.detail}")
        if same is not None and seat.occupant != same.occupant:
            raise KeysWithheld("process: another program has taken the agent's place")
        return Ready(view=view, seat=seat, pane_pid=int(view.look.formats.get("pane_pid") or 0))

    async def press(self, ready: Ready, *keys: str) -> None:
        """Press keys in a pane that was just found ready.

        Raises:
            KeysWithheld: it is no more as it was.
            PaneGone, TmuxError: as by tmux.
        """
        await self._tmux.press(ready.view.look.pane, *keys, occupant=ready.pane_pid)

    def writer(self, pane: PaneRef) -> asyncio.Lock:
        """Whoever sends keys to a pane holds this meanwhile."""
        return self._writers.setdefault(pane, asyncio.Lock())

    async def deliver(self, agent: Agent, hint: str, *, forced: bool = False) -> Proof:
        """Paste the hint and submit it, looking before and after each step."""
        assert agent.binding is not None  # `serves` is asked first
        pane = agent.binding.pane
        passing = overruled(agent.client) if forced else ()
        async with self.writer(pane):
            sighting = await self.sight(agent)
            if sighting.reach is not Reach.OPEN or first_closed(sighting.gates, passing):
                return Proof(
                    step=WakeStep.ATTEMPTED, detail=sighting.detail, seen_before=sighting.seen, seen_after=sighting.seen
                )
            try:
                return await self._type(agent, pane, hint, sighting.seen)
            except TmuxError as error:
                return Proof(
                    step=WakeStep.ATTEMPTED,
                    detail=str(error),
                    seen_before=sighting.seen,
                    seen_after="",
                    failed=not isinstance(error, PaneGone | KeysWithheld),
                )

    async def _type(self, agent: Agent, pane: PaneRef, hint: str, seen_before: str) -> Proof:
        times = {WakeStep.ATTEMPTED: self._clock.now()}

        def proof(step: WakeStep, detail: str, view: PaneView) -> Proof:
            return Proof(step=step, detail=detail, seen_before=seen_before, seen_after=_last_lines(view), times=times)

        before = await self.ready(agent)
        wanted = _squashed((before.view.reading.composer or "") + hint)
        await self._tmux.paste(pane, hint, occupant=before.pane_pid)
        pasted_at = self._clock.monotonic()
        shown, view = await self._watch(agent, pane, lambda composer: composer == wanted)
        if not shown:
            return proof(WakeStep.ATTEMPTED, "pasted, but the input line shows something else: not submitted", view)
        times[WakeStep.TYPED] = self._clock.now()
        await self._clock.sleep(max(0.0, ENTER_DELAY - (self._clock.monotonic() - pasted_at)))
        for _ in range(2):  # a swallowed Enter is sent once more, if the line still holds exactly the hint
            try:
                ready = await self.ready(agent, same=before.seat)
                if _squashed(ready.view.reading.composer or "") != wanted:
                    return proof(WakeStep.TYPED, "the input line changed after the hint: not submitted", ready.view)
                await self.press(ready, "Enter")
            except KeysWithheld as error:
                return proof(WakeStep.TYPED, f"not submitted: {error}", view)
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

    async def _judged(self, agent: Agent, binding: Binding, view: PaneView) -> tuple[tuple[Gate, ...], Seat]:
        """Every gate's verdict for a view of the agent's pane, and what is there."""
        pid, started_at, tty = binding.ui_pid, binding.ui_started_at, tty_of(view)
        seat = Seat(
            occupant=await self._processes.occupant(pid, started_at, tty) if pid else None,
            terminal=await self._terminals.look(tty),
        )
        now = self._clock.now()
        report = self._reports.of(agent.host_session, now)
        return judge(agent, view, seat, report, quiet_for(agent.client, self.quiet), now), seat


def _squashed(text: str) -> str:
    """Text without white space: programs wrap and pad a line as they like."""
    return "".join(text.split())


def _last_lines(view: PaneView) -> str:
    lines = [line.text.rstrip() for line in parse_screen(view.look.screen)]
    return "\n".join([line for line in lines if line][-RECORDED_LINES:])
