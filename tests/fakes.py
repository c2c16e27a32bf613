"""One fake for each seam that a test cannot have for real, none over fifty lines.

They know the protocols that they stand in for and nothing of what uses them.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from xats_tui.backend.system.processes import BoundProcess, Process, Processes
from xats_tui.backend.system.terminals import PaneTerminal, PaneTerminals
from xats_tui.backend.system.tmux import Tmux
from xats_tui.backend.system.tmux_looks import Looks
from xats_tui.core.clock import Clock
from xats_tui.core.errors import PaneGone, TmuxUnavailable
from xats_tui.core.events import Event
from xats_tui.core.model.agents import Agent, DeliveryKind, SeenProcess
from xats_tui.core.model.panes import PaneRef
from xats_tui.core.model.wakes import DeliveryResult, Gate, Observation, Reachability, WakeStage
from xats_tui.core.transport import IntervalWatch


class FakeClock:
    """A clock that stands still until a test advances it."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, 12, tzinfo=UTC)) -> None:
        self._now = start
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """The instant that the test has brought it to."""
        return self._now

    def monotonic(self) -> float:
        """Seconds advanced so far."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was advanced so far."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._elapsed + seconds, woken))
        await woken

    def advance(self, seconds: float) -> None:
        """Let time pass; whoever has slept long enough wakes up."""
        self._elapsed += seconds
        self._now += timedelta(seconds=seconds)
        for due, woken in self._sleepers:
            if due <= self._elapsed and not woken.done():
                woken.set_result(None)
        self._sleepers = [(due, woken) for due, woken in self._sleepers if not woken.done()]


class Notified:
    """The standing stream of a session, as a list."""

    def __init__(self) -> None:
        self.notifications: list[tuple[str, Mapping[str, Any]]] = []

    async def __call__(self, method: str, params: Mapping[str, Any]) -> bool:
        """Keep a notification."""
        self.notifications.append((method, params))
        return True


class Published:
    """A bus that keeps what it was told."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, events: Iterable[Event]) -> None:
        """Keep the events of one commit."""
        self.events.extend(events)


class SkippingClock(FakeClock):
    """A clock that whoever sleeps brings forward: nobody waits for anybody."""

    async def sleep(self, seconds: float) -> None:
        """Let so much time pass at once."""
        self.advance(seconds)
        await asyncio.sleep(0)


CONVERSATION = 3
"""Number of entered lines that a screen shows."""


@dataclass(slots=True, kw_only=True)
class FakePane:
    """A terminal with a program that reads lines behind a prompt."""

    tty: str
    pid: int
    line: str = ""
    """Text in the input line."""
    taken: list[tuple[datetime, str]] = field(default_factory=list)
    """The lines that were entered, with their times."""
    prints: bool = False
    """It shows something else at every look."""
    scrolled: bool = False
    """It is in copy mode."""
    swallows: bool = False
    """It takes no Enter."""
    enters: int = 0
    """Number of times that Enter was pressed."""
    looks: int = 0
    command: str = "it"
    """Name of the pane's program in tmux."""

    def look(self, now: datetime) -> None:
        """Be looked at; whoever prints shows something else each time."""
        self.looks += self.prints

    def paste(self, text: str, now: datetime) -> None:
        """Have the text in the input line."""
        self.line += text

    def enter(self, now: datetime) -> None:
        """Have the input line taken, unless the program takes none."""
        self.enters += 1
        if not self.swallows:
            self.taken.append((now, self.line))
            self.line = ""

    def rows(self) -> list[str]:
        """The screen; the input line is its last row."""
        said = [f"took {number}: {line}" for number, (_, line) in enumerate(self.taken)]
        return [f"printed {self.looks} lines", *said[-CONVERSATION:], f"it> {self.line}"]

    def formats(self) -> dict[str, Any]:
        """Return tmux's formats of the pane."""
        rows = self.rows()
        return {
            "cursor_x": len(rows[-1]),
            "cursor_y": len(rows) - 1,
            "pane_width": 500,
            "pane_in_mode": int(self.scrolled),
            "pane_pid": self.pid,
            "pane_tty": f"/dev/{self.tty}",
            "pane_current_command": self.command,
        }


class FakeTmux(Tmux):
    """A tmux server whose panes a test types into, and which it may take away."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._clock = clock
        self.terminals: dict[str, FakePane] = {}
        self.runs = True

    async def look(self, socket: str, pane_ids: Sequence[str]) -> Looks:
        """Every pane's formats and the screens that are asked for."""
        if not self.runs:
            raise TmuxUnavailable("no server running")
        shown = {pane_id: self.terminals[pane_id] for pane_id in pane_ids if pane_id in self.terminals}
        for terminal in shown.values():
            terminal.look(self._clock.now())
        return Looks(
            panes={pane_id: terminal.formats() for pane_id, terminal in self.terminals.items()},
            screens={pane_id: "\n".join(one.rows()) for pane_id, one in shown.items()},
        )

    async def paste(self, pane: PaneRef, text: str, *, occupant: int) -> None:
        """Give the program the text."""
        self._there(pane).paste(text, self._clock.now())

    async def press(self, pane: PaneRef, *keys: str, occupant: int) -> None:
        """Give the program Enter."""
        self._there(pane).enter(self._clock.now())

    def _there(self, pane: PaneRef) -> FakePane:
        if not self.runs:
            raise TmuxUnavailable("no server running")
        if pane.pane_id not in self.terminals:
            raise PaneGone(f"can't find pane: {pane.pane_id}")
        return self.terminals[pane.pane_id]


class FakeProcesses(Processes):
    """The processes that a test says there are, by pid."""

    def __init__(self) -> None:
        self.there: dict[int, Process] = {}
        self.behind: set[int] = set()
        """Processes that are not in the foreground of their terminal."""
        self.stopped: set[int] = set()

    async def by_pid(self, pid: int) -> Process | None:
        """The process, if it is there."""
        return self.there.get(pid)

    async def occupant(self, pid: int, started_at: float | None, tty: str = "") -> BoundProcess | None:
        """The process with that start, if it is there, with something before it or not."""
        process = self.there.get(pid)
        if process is None or process.started_at != started_at:
            return None
        foreground = 0 if pid in self.behind else pid
        return BoundProcess(
            pid=pid,
            executable=process.name,
            tty=process.tty,
            group=pid,
            foreground=foreground,
            stopped=pid in self.stopped,
            waits=pid not in self.stopped,
        )

    async def living(self, seen: Collection[SeenProcess]) -> frozenset[SeenProcess]:
        """Return the processes that exist."""
        return frozenset(one for one in seen if one.pid in self.there)

    async def at_work(self, seen: Collection[SeenProcess]) -> frozenset[SeenProcess]:
        """Return the processes that exist."""
        return await self.living(seen)


class FakeTerminals(PaneTerminals):
    """Terminals that hand over each key, but for those that a test says do not."""

    def __init__(self) -> None:
        self.cooked: set[str] = set()

    async def look(self, tty: str, inner_tty: str | None = None) -> PaneTerminal | None:
        """Nothing is left unread."""
        return PaneTerminal(raw=tty not in self.cooked, unread=0)


class FakeChannel:
    """A transport that does not type, for agents of one kind of delivery."""

    name = "channel"
    types = False

    def __init__(self, kind: DeliveryKind, clock: Clock) -> None:
        self._kind = kind
        self._clock = clock
        self.reach = Reachability.OPEN
        self.busy = False
        self.takes = True
        """True if hints arrive."""
        self.taken: list[tuple[datetime, str]] = []
        """Time and agent of each hint."""

    def serves(self, agent: Agent) -> bool:
        """Return whether the agent has this kind of delivery."""
        return agent.delivery.kind is self._kind

    async def readiness(self, agent: Agent, *, urgent: bool = False) -> Observation:
        """Return the observation that the test has set."""
        gate = Gate(name="state", holds=not self.busy, detail="at work" if self.busy else "idle")
        return Observation(reach=self.reach, detail="at work" if self.busy else str(self.reach), gates=(gate,))

    def watch(self, agent: Agent) -> IntervalWatch:
        """Ask again after a while."""
        return IntervalWatch(self._clock)

    async def deliver(self, agent: Agent, hint: str, *, forced: bool = False, urgent: bool = False) -> DeliveryResult:
        """Keep the hint, if it arrives."""
        step = WakeStage.SUBMITTED if self.takes else WakeStage.ATTEMPTED
        if self.takes:
            self.taken.append((self._clock.now(), agent.agent_id))
        return DeliveryResult(
            step=step, detail="sent", seen_before="", seen_after=hint, typed=False, failed=not self.takes
        )


@dataclass(eq=False, kw_only=True)
class FakeTransport:
    """A transport that observes what the test has set, and keeps what it is asked."""

    name: str
    types: bool = False
    seen: Observation = field(default_factory=lambda: Observation(reach=Reachability.OPEN, detail="open", at_rest=True))
    asked_urgently: list[bool] = field(default_factory=list)

    def serves(self, agent: Agent) -> bool:
        """Serve every agent."""
        return True

    async def readiness(self, agent: Agent, *, urgent: bool = False) -> Observation:
        """Return the observation that the test has set."""
        self.asked_urgently.append(urgent)
        return self.seen

    def watch(self, agent: Agent) -> IntervalWatch:
        """Ask again after a while."""
        return IntervalWatch(FakeClock())

    async def deliver(self, agent: Agent, hint: str, *, forced: bool = False, urgent: bool = False) -> DeliveryResult:
        """Submit every hint."""
        return DeliveryResult(step=WakeStage.SUBMITTED, detail="taken", seen_before="", seen_after=hint, typed=False)
