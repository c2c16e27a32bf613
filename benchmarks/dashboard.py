"""Cost and response times of the dashboard with a large store and 20 quiet panes.

Start-up time, memory and processor time are those of the real program in a tmux pane.  Response times are measured
inside the program, because captured panes are too coarse for that.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.crowd import agent_id, fill, name, team
from benchmarks.figures import Figure, median, p95, steady_p95
from benchmarks.programs import cpu_seconds, quiet_pane, quit_pane, resident
from benchmarks.watched_screen import Pressed, WatchedApp
from tests.tmux_server import COLUMNS, ROWS, Pane, TmuxServer, short_folder, tmux_server
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.thread import CoordinatorThread
from xats_tui.core.events import Event
from xats_tui.core.model.messages import Addressees
from xats_tui.runtime.memory_tuning import exclude_prepared, settle
from xats_tui.runtime.settings import Settings
from xats_tui.screens.modes.places import Mode, Panel
from xats_tui.screens.widgets.tables import KeyedTable

PANES = 20
"""Number of agents with a pane, all of them quiet."""

STARTS = 5
"""Number of starts."""

WARM_UP = 8.0
"""Seconds before the idle cost is measured."""

WATCHED, LOOKS = 10.0, 3
"""Seconds of an idle measurement, and their number; the result is the median."""

MODES = (*list(Mode)[1:], Mode.LIVE)
"""Modes in the order in which they are opened; the program starts with the last one."""

PATIENCE = 20.0
"""Seconds for the program to start or end."""

LOADED = 0.5
"""Seconds for a mode to load its further details."""

PRESSES = 12
"""Number of cursor movements in each mode."""

TURNS = 3
"""Number of passes through the modes for each kind of key."""

OPENINGS = 5
"""Number of openings of each mode in a pass: enough for a 95th percentile."""

FILTER = "agent-0"
"""Text typed as a filter in each mode."""

EVENTS = 40
"""Number of messages whose way to the dashboard is timed."""

RECIPIENT = 30
"""Number of an agent without a pane, whose messages wake nobody."""


async def measure_dashboard() -> list[Figure]:
    """Measure start-up, memory, processor time, and the time from a key or an event to its display."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="xats-bench-")))
        tmux = stack.enter_context(_own_tmux())
        fill(Settings(home=home, port=0).db_path, [await quiet_pane(tmux) for _ in range(PANES)])
        return [*await _from_outside(tmux, home), *await _from_inside(home)]


async def _from_outside(tmux: TmuxServer, home: Path) -> list[Figure]:
    """Start the program several times, and measure the last one."""
    starts = []
    for number in range(STARTS):
        began = time.perf_counter()
        pane = tmux.new_pane([sys.executable, "-m", "xats_tui", "--home", str(home), "--port", "0"])
        await tmux.wait_for(pane.pane_id, name(0), PATIENCE)
        starts.append(time.perf_counter() - began)
        if number < STARTS - 1:
            await quit_pane(tmux, pane)
    figures = [median("start to first data", starts, 1200), await _cpu(pane), await _memory(tmux, pane)]
    await quit_pane(tmux, pane)
    return figures


async def _cpu(pane: Pane) -> Figure:
    """Measure the dashboard and coordinator together, including the tmux commands that they run."""
    await asyncio.sleep(WARM_UP)
    shares = []
    for _ in range(LOOKS):
        before = cpu_seconds(pane.pid)
        await asyncio.sleep(WATCHED)
        shares.append(100 * (cpu_seconds(pane.pid) - before) / WATCHED)
    value = statistics.median(shares)
    return Figure(name=f"CPU with the screen, {PANES} quiet panes", value=value, unit="%", target=3, samples=LOOKS)


async def _memory(tmux: TmuxServer, pane: Pane) -> Figure:
    """Measure the resident memory after every mode has been opened."""
    for mode in Mode:
        tmux.send(pane.pane_id, mode.digit)
        await asyncio.sleep(LOADED)
        tmux.send(pane.pane_id, *["Down"] * PRESSES)
        await asyncio.sleep(LOADED)
    return Figure(name="memory, every mode visited", value=resident(pane.pid), unit="MB", target=160, samples=1)


async def _from_inside(home: Path) -> list[Figure]:
    """Run the same program in this process, with a terminal that records its output times."""
    coordinator = CoordinatorThread(Settings(home=home, port=0))
    await asyncio.to_thread(coordinator.start)
    app = WatchedApp(coordinator)
    showing = asyncio.create_task(app.run_async(size=(COLUMNS, ROWS)))
    try:
        await app.painted(lambda: bool(app.snapshot.stream))
        settle()  # like the real program
        while not app.is_prepared:  # noqa: ASYNC110 - nothing tells when it is
            await asyncio.sleep(LOADED)
        exclude_prepared()
        return [*await _keys(app), await _events(app, coordinator)]
    finally:
        app.exit()
        await showing
        await asyncio.to_thread(coordinator.stop)


@dataclass(slots=True)
class Turn:
    """The key presses of one pass."""

    moved: list[Pressed] = field(default_factory=list)
    typed: list[Pressed] = field(default_factory=list)
    opened: list[Pressed] = field(default_factory=list)

    @property
    def all(self) -> list[Pressed]:
        """Return all key presses."""
        return [*self.moved, *self.typed, *self.opened]


async def _keys(app: WatchedApp) -> list[Figure]:
    """Open each mode for the first time, then measure the passes."""
    first = await _opened(app)
    turns = [await _turn(app) for _ in range(TURNS)]
    kinds: Mapping[str, Sequence[Sequence[Pressed]]] = {
        "all": [turn.all for turn in turns],
        "cursor": [turn.moved for turn in turns],
        "filter": [turn.typed for turn in turns],
        "mode": [turn.opened for turn in turns],
    }
    worst = max(pressed.painted for pressed in first) * 1000
    return [
        *(
            steady_p95(
                f"key to paint, {kind}",
                [[pressed.painted for pressed in keys] for keys in of_turns],
                40 if kind == "all" else None,  # with few openings, a single garbage collection would decide
            )
            for kind, of_turns in kinds.items()
        ),
        steady_p95("key to loaded detail", [[pressed.loaded for pressed in turn.all] for turn in turns]),
        Figure(name="a mode's first opening, worst", value=worst, unit="ms", target=200, samples=len(first)),
    ]


async def _opened(app: WatchedApp, pause: float = LOADED) -> list[Pressed]:
    """Open each mode, and give it time to load its details."""
    opened = []
    for mode in MODES:
        opened.append(await app.open(mode))
        await asyncio.sleep(pause)
    return opened


async def _turn(app: WatchedApp) -> Turn:
    """Move the cursor and type a filter in each mode, then open all modes in turn."""
    turn = Turn()
    for mode in MODES:
        turn.opened.append(await app.open(mode))
        await asyncio.sleep(LOADED)
        turn.moved += [await app.press("down") for _ in range(PRESSES)]
        await app.press("slash")
        turn.typed += [await app.press(character) for character in FILTER]
        await app.press("escape")
    for _ in range(OPENINGS):
        turn.opened += await _opened(app, pause=0)
    return turn


async def _events(app: WatchedApp, coordinator: CoordinatorThread) -> Figure:
    """Measure the time from the commit of a message to its row in the list."""
    await app.open(Mode.LIVE)
    stream = app.screen.query_one(f"#{Panel.STREAM} KeyedTable", KeyedTable)
    samples = []
    for number in range(EVENTS):
        await asyncio.sleep(0.2 + number / EVENTS)  # varying times between the last message and the next heartbeat
        subject = f"number {number}."
        painted = asyncio.create_task(app.painted(partial(_is_listed, stream, subject)))
        committed_at = await coordinator.ask(partial(_send, subject))
        samples.append(await painted - committed_at)
    return p95("committed event to paint", samples, 200)


async def _send(subject: str, backend: Coordinator) -> float:
    """Send a message as the operator; return the time of its commit."""
    committed: list[float] = []

    def hear(_: Event) -> None:
        committed.append(time.perf_counter())

    end = backend.bus.listen(hear)
    to = Addressees(team=team(RECIPIENT), agent_ids=(agent_id(RECIPIENT),))
    await backend.operator.send([to], "bench", subject=subject, need_reply=False)
    end()
    return committed[0]


def _is_listed(table: KeyedTable, words: str) -> bool:
    return any(words in table.render_line(y).text for y in range(min(6, table.size.height)))


@contextmanager
def _own_tmux() -> Iterator[TmuxServer]:
    """Start a tmux server that every program started here finds."""
    with short_folder() as folder, tmux_server(folder) as server:
        os.environ.pop("TMUX", None)
        os.environ["TMUX_TMPDIR"] = str(folder)
        yield server
