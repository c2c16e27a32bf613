"""Effect of a blocked dashboard on agents: a dashboard with its coordinator, and an agent beside it.

The dashboard's loop is blocked twice: by waiting, as for a terminal that accepts no output, and by computing, which
also takes the interpreter from the coordinator's thread.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure
from xats_tui.app import XatsApp
from xats_tui.backend.thread import CoordinatorThread
from xats_tui.core.clock import SystemClock
from xats_tui.core.model.panes import PaneRef
from xats_tui.runtime.settings import Settings
from xats_tui.screens.data.coordinator import CoordinatorSource
from xats_tui.screens.data.coordinator_verbs import CoordinatorVerbs
from xats_tui.screens.data.desk import ModeContext
from xats_tui.screens.data.snapshot import Slice

BLOCKED = 10.0
"""Seconds for which the loop is blocked, and for which normal operation is measured."""
LEEWAY = 5.0
"""Seconds for the agent to connect, and to continue after the last block."""

Interval = tuple[float, float]


class BlockingSource(CoordinatorSource):
    """Data source whose next snapshot blocks the dashboard's loop."""

    block: Callable[[], None] | None = None

    async def load(self, parts: Iterable[Slice], panes: Iterable[PaneRef]) -> Mapping[str, Any]:
        """Block if a block was requested."""
        if block := self.block:
            self.block = None
            block()
        return await super().load(parts, panes)


async def measure_blocked_screen(seconds: float = BLOCKED) -> list[Figure]:
    """Compare the 95th percentile of an agent's calls while the dashboard is blocked with that before."""
    with tempfile.TemporaryDirectory(prefix="xats-bench-") as home:
        settings = Settings(home=Path(home), port=0)
        coordinator = CoordinatorThread(settings)
        await asyncio.to_thread(coordinator.start)
        try:
            return await _measured(coordinator, seconds)
        finally:
            await asyncio.to_thread(coordinator.stop)


async def _measured(coordinator: CoordinatorThread, seconds: float) -> list[Figure]:
    source = BlockingSource(coordinator)
    app = XatsApp(ModeContext(source=source, verbs=CoordinatorVerbs(coordinator), clock=SystemClock()))
    showing = asyncio.create_task(app.run_async(headless=True, size=(120, 40)))
    with coordinator.listener() as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
    agent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.calling", url, str(3 * seconds + LEEWAY)),
        stdout=asyncio.subprocess.PIPE,
    )
    await asyncio.sleep(LEEWAY / 2)
    normal = time.monotonic(), time.monotonic() + seconds
    await asyncio.sleep(seconds)
    waiting = await _blocked(source, lambda: time.sleep(seconds))
    computing = await _blocked(source, lambda: _compute(seconds))
    output, _ = await agent.communicate()
    app.exit()
    await showing
    calls: list[tuple[float, float]] = json.loads(output)
    usual = _p95(calls, normal)
    return [
        _figure("agents' calls, screen at work, p95", usual * 1000, "ms", 100, calls, normal),
        _figure(f"screen waits for {seconds:g} s, p95 to that", _p95(calls, waiting) / usual, "×", 2, calls, waiting),
        _figure(
            f"screen computes for {seconds:g} s, p95 to that", _p95(calls, computing) / usual, "×", 2, calls, computing
        ),
    ]


async def _blocked(source: BlockingSource, block: Callable[[], None]) -> Interval:
    """Block the dashboard's loop; return the start and end of the block."""
    began, over = [0.0], asyncio.Event()

    def timed() -> None:
        began[0] = time.monotonic()
        block()
        over.set()

    source.block = timed
    await over.wait()
    return began[0], time.monotonic()


def _compute(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


def _within(calls: Sequence[tuple[float, float]], interval: Interval) -> list[float]:
    return [duration for began, duration in calls if interval[0] <= began and began + duration <= interval[1]]


def _p95(calls: Sequence[tuple[float, float]], interval: Interval) -> float:
    return statistics.quantiles(_within(calls, interval), n=20)[-1]


def _figure(
    name: str, value: float, unit: str, target: float, calls: Sequence[tuple[float, float]], interval: Interval
) -> Figure:
    return Figure(name=name, value=value, unit=unit, target=target, samples=len(_within(calls, interval)))
