"""Typing of a hint: a bracketed paste, a check of the line, Enter as a key of its own, the evidence.

Each key follows on a look at everything that may have changed meanwhile.  A hint without evidence is never called
submitted.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.system.tmux import Tmux
from xats_tui.backend.transports.pane.evidence import rows_of
from xats_tui.backend.transports.pane.eyes import PaneObservation, PaneObserver, occupied_by
from xats_tui.backend.transports.pane.paste_gates import UNTOUCHED
from xats_tui.backend.transports.pane.pastes import Pastes
from xats_tui.backend.transports.pane.progress import screen_mark
from xats_tui.core.clock import Clock
from xats_tui.core.errors import KeysWithheld, PaneGone, TmuxError
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.panes import OwnText, PaneRef, PaneState, PaneView
from xats_tui.core.model.pastes import Paste
from xats_tui.core.model.wakes import DeliveryResult, WakeStage
from xats_tui.core.screen.own_text import squashed

ENTER_DELAY_S = 0.15
"""Minimum time from paste to Enter."""

TIMEOUT_S = 2.0
"""Time for a program to show a paste, or to take it, unless it is known to be slow."""

MAX_TIMEOUT_S = 6.0

POLL_INTERVAL_S = 0.04
"""Interval between looks while waiting for that."""

RECORDED_LINES = 6
"""Number of last lines of a screen that are kept as evidence."""


@dataclass(slots=True, kw_only=True)
class TypingTrail:
    """Stages and looks of one hint so far."""

    seen_before: str
    step: WakeStage = WakeStage.ATTEMPTED
    times: dict[WakeStage, datetime] = field(default_factory=dict)

    def reach(self, step: WakeStage, at: datetime) -> None:
        """Record the time of a stage."""
        self.step = step
        self.times[step] = at

    def result(self, detail: str, view: PaneView | None, *, failed: bool = False) -> DeliveryResult:
        """Return the result so far; without a view nothing was seen afterwards."""
        return DeliveryResult(
            step=self.step,
            detail=detail,
            seen_before=self.seen_before,
            seen_after=last_lines(view) if view else "",
            times=dict(self.times),
            failed=failed and self.step is WakeStage.ATTEMPTED,
        )


class Typist:
    """Typist for one text at a time; the caller holds the pane's lock."""

    def __init__(self, tmux: Tmux, monitor: PaneMonitor, eyes: PaneObserver, pastes: Pastes, clock: Clock) -> None:
        self._tmux = tmux
        self._monitor = monitor
        self._eyes = eyes
        self._pastes = pastes
        self._clock = clock

    async def type(self, agent: Agent, text: str, seen: PaneObservation) -> DeliveryResult:
        """Paste a text into a pane whose gates were just judged, and submit it."""
        trail = TypingTrail(seen_before=last_lines(seen.view))
        trail.reach(WakeStage.ATTEMPTED, self._clock.now())
        try:
            if seen.view.reading.own is OwnText.ALONE:  # an earlier hint of ours: a second paste would double it
                trail.reach(WakeStage.TYPED, self._clock.now())
                return await self._enter(agent, trail, seen.line, seen)
            return await self._paste(agent, trail, text, seen)
        except KeysWithheld as error:
            return trail.result(f"not submitted: {error}", seen.view)
        except TmuxError as error:
            return trail.result(str(error), None, failed=not isinstance(error, PaneGone))

    async def _paste(self, agent: Agent, trail: TypingTrail, text: str, seen: PaneObservation) -> DeliveryResult:
        pane, began = seen.view.look.pane, self._clock.monotonic()
        wanted = seen.line + squashed(text)
        await self._pastes.begin(self._outstanding(agent, text, seen))
        try:
            await self._tmux.paste(pane, text, occupant=seen.pane_pid)
        except (KeysWithheld, PaneGone):  # tmux judges before it pastes: nothing is outstanding
            await self._pastes.close(pane)
            raise
        shown, view = await self._watch(agent, pane, lambda view: squashed(view.reading.composer or "") == wanted)
        if not shown:
            return trail.result("pasted, but not seen in the input line so far: not submitted", view)
        self._measure(pane, began)
        trail.reach(WakeStage.TYPED, self._clock.now())
        # Codex takes a faster Enter for a newline of the paste
        await self._clock.sleep(max(0.0, ENTER_DELAY_S - (self._clock.monotonic() - began)))
        return await self._enter(agent, trail, wanted, seen)

    async def _enter(self, agent: Agent, trail: TypingTrail, wanted: str, before: PaneObservation) -> DeliveryResult:
        """Press Enter on a line that holds exactly `wanted`, and look for evidence that this submitted it."""
        seen = await self._eyes.look_before_key(agent, before.seat, people=True)
        pane, paste = seen.view.look.pane, self._pastes.of(seen.view.look.pane)
        if paste is None or seen.line != wanted:
            return trail.result("the input line changed after the hint: not submitted", seen.view)
        self._eyes.note_enter(seen)
        entered = await self._pastes.enter(paste, seen.view, self._clock.now())
        began = self._clock.monotonic()
        await self._tmux.press(pane, "Enter", occupant=seen.pane_pid)
        proven, view = await self._watch(
            agent, pane, lambda view: self._eyes.evidence_in(agent, view, entered) is not None
        )
        evidence = self._eyes.evidence_in(agent, view, entered)
        if not proven or evidence is None:
            return trail.result(_unproven(view, wanted), view)
        self._measure(pane, began)
        await self._pastes.close(pane)
        trail.reach(WakeStage.SUBMITTED, self._clock.now())
        return trail.result(f"typed and submitted: {evidence}", view)

    def _outstanding(self, agent: Agent, text: str, seen: PaneObservation) -> Paste:
        assert agent.binding is not None  # it was seen in the pane of its binding
        return Paste(
            pane=seen.view.look.pane,
            text=text,
            occupant=occupied_by(seen.view, agent.binding),
            line_before=seen.line if seen.view.reading.state is PaneState.IDLE else None,
            pasted_at=self._clock.now(),
            screen=screen_mark(seen.view.look),
        )

    def _measure(self, pane: PaneRef, began: float) -> None:
        self._eyes.rhythm.note_paint(pane, timedelta(seconds=self._clock.monotonic() - began))

    async def _watch(self, agent: Agent, pane: PaneRef, as_wished: Callable[[PaneView], bool]) -> tuple[bool, PaneView]:
        """Look until the pane is as wished, or until the timeout."""
        slow = 2 * self._eyes.rhythm.to_paint(pane).total_seconds()
        give_up_at = self._clock.monotonic() + min(max(TIMEOUT_S, slow), MAX_TIMEOUT_S)
        while True:
            view = await self._monitor.look(pane, agent.client)
            if as_wished(view):
                return True, view
            if self._clock.monotonic() >= give_up_at:
                return False, view
            await self._clock.sleep(POLL_INTERVAL_S)


def _unproven(view: PaneView, wanted: str) -> str:
    """Describe an Enter without evidence that it submitted the hint."""
    reading = view.reading
    if squashed(reading.composer or "") == wanted:
        return "the hint stands in the input line: Enter was not taken"
    if reading.own in UNTOUCHED:
        return f"typed, but not submitted: {UNTOUCHED[reading.own]}"
    if reading.state is PaneState.IDLE:
        return "typed, outcome unknown: Enter emptied the input line, but nothing shows that a turn began"
    return f"typed, outcome unknown: after Enter the pane shows {reading.state}: {reading.reason}"


def last_lines(view: PaneView) -> str:
    """Return the last lines of a screen, for the record."""
    return "\n".join([row for row in rows_of(view) if row][-RECORDED_LINES:])
