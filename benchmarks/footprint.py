"""Cost of the idle programs: start-up time, memory, processor time, and the size of `tools/list`.

Start-up and memory of the dashboard are in `dashboard.py`.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

from benchmarks.figures import Figure, median
from benchmarks.line import Line
from benchmarks.programs import cpu_seconds, headless, quiet_pane, resident
from tests.backend.api.plain_http import INITIALIZE
from tests.commands.processes import XATS, clean_environment, daemon
from tests.tmux_server import short_folder, tmux_server

LIST_TOOLS = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}

STARTS, QUICK_STARTS = 7, 3
AGENTS = 20
WATCHED, QUICK_WATCHED = 20.0, 5.0
"""Seconds for measuring the idle cost."""
WARM_UP = 6.0
"""Seconds before that, because quiet panes are looked at less often after a while."""

FIRST_ANSWERS = 20.0
"""Maximum time until a bridge has answered `initialize` and `tools/list`, as a multiple of the bare interpreter's."""

BARE = (sys.executable, "-S", "-E", "-c", "pass")

TOOLS_LIMIT = 25.0
"""Maximum size of `tools/list` in KB; a model reads all of it at each start."""


async def measure_footprint(*, quick: bool) -> list[Figure]:
    """Measure start-up of coordinator and bridge, cost with 20 agents, and the size of `tools/list`."""
    starts = QUICK_STARTS if quick else STARTS
    with short_folder() as home:
        return [
            median("start of the coordinator until it listens", [_start(home) for _ in range(starts)]),
            *await _running(home, starts, QUICK_WATCHED if quick else WATCHED),
        ]


def _start(home: Path) -> float:
    began = time.perf_counter()
    with daemon(home):
        return time.perf_counter() - began


async def _running(home: Path, starts: int, watched: float) -> list[Figure]:
    """Measure one coordinator with 20 registered agents in quiet panes."""
    async with AsyncExitStack() as stack:
        tmux = stack.enter_context(tmux_server(home))  # the coordinator of this home looks for it there
        program = stack.enter_context(headless(home))
        lines = [await stack.enter_async_context(Line.open(program.port, standing=True)) for _ in range(AGENTS)]
        for number, line in enumerate(lines):
            pane = await quiet_pane(tmux)
            await line.register(f"agent-{number}")
            await line.call("bind_runtime_identity", agent="custom", ui_pid=pane.pid, process_pattern="cat")
        listed = await lines[0].ask("tools/list", {})
        await asyncio.to_thread(_bridge, home)  # the first bridge of a coordinator keeps its tools for the others
        turns = [(await asyncio.to_thread(_bare), await asyncio.to_thread(_bridge, home)) for _ in range(starts)]
        await asyncio.sleep(WARM_UP)
        before = cpu_seconds(program.pid)
        await asyncio.sleep(watched)
        share = 100 * (cpu_seconds(program.pid) - before) / watched
        size = len(json.dumps(listed, separators=(",", ":"), ensure_ascii=False).encode()) / 1000
        return [
            median("start of the bridge until it answers initialize", [first for _, (first, _) in turns], 1000),
            Figure(
                name="bridge, until it has answered initialize and tools/list, to a bare python",
                value=statistics.median(second / bare for bare, (_, second) in turns),
                unit="×",
                target=FIRST_ANSWERS,
                samples=starts,
                beside={"initialize ×": statistics.median(first / bare for bare, (first, _) in turns)},
            ),
            Figure(
                name="memory, headless, 20 agents", value=resident(program.pid), unit="MB", target=120, samples=AGENTS
            ),
            Figure(name="CPU, headless, 20 quiet panes", value=share, unit="%", target=2, samples=AGENTS),
            Figure(
                name=f"tools/list, {len(listed['tools'])} tools", value=size, unit="KB", target=TOOLS_LIMIT, samples=1
            ),
        ]


def _bare() -> float:
    began = time.perf_counter()
    subprocess.run(BARE, check=True)
    return time.perf_counter() - began


def _bridge(home: Path) -> tuple[float, float]:
    """Return the seconds from the start of a bridge to its first answer and to its tools, as its client sees them."""
    began = time.perf_counter()
    with subprocess.Popen(
        [*XATS, "mcp", "--home", str(home)],
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as bridge:
        assert bridge.stdin is not None and bridge.stdout is not None
        seconds = []
        for request in (INITIALIZE, LIST_TOOLS):
            bridge.stdin.write(json.dumps(request).encode() + b"\n")
            bridge.stdin.flush()
            answer = json.loads(bridge.stdout.readline())
            seconds.append(time.perf_counter() - began)
            assert "result" in answer, answer
        bridge.stdin.close()
    return seconds[0], seconds[1]
