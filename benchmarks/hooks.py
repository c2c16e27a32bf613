"""Cost of a hook, beside that of the bare interpreter: they take turns, so that a busy machine distorts both."""

import json
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.programs import headless
from tests.commands.processes import clean_environment
from tests.tmux_server import short_folder
from xats_tui.clients.setup.own_command import own_program

AT_ONCE = 20

WALL_RATIO, CPU_MS, AT_ONCE_MS, ALONE_MS = 3.0, 60.0, 1000.0, 300.0
"""Targets: wall time relative to the bare interpreter, processor time, 20 together, and without a coordinator."""

EVENT = json.dumps({"session_id": "s", "tool_input": {"text": "x" * 2_000}, "hook_event_name": "PostToolUse"}).encode()

BARE = (sys.executable, "-S", "-E", "-c", "pass")

Cost = tuple[float, float]
"""Seconds of wall time and of processor time."""


async def measure_hooks(rounds: int) -> list[Figure]:
    """Measure a hook with a coordinator and without one, and many at once."""
    with short_folder() as home, headless(home):
        lines = {"bare": BARE, "hook": _hook(home), "alone": _hook(home / "none")}
        taken = [{name: _cost(line) for name, line in lines.items()} for _ in range(rounds)]
        together = statistics.median(_together(lines["hook"]) for _ in range(max(rounds // 5, 2)))
    wall = {name: statistics.median(turn[name][0] for turn in taken) for name in lines}
    cpu = {name: statistics.median(turn[name][1] for turn in taken) * 1000 for name in lines}
    ratio = statistics.median(turn["hook"][0] / turn["bare"][0] for turn in taken)
    beside = {"ms": wall["hook"] * 1000, "bare ms": wall["bare"] * 1000}
    return [
        Figure(name="hook, to a bare python", value=ratio, unit="×", target=WALL_RATIO, samples=rounds, beside=beside),
        Figure(
            name="hook, processor time",
            value=cpu["hook"],
            unit="ms",
            target=CPU_MS,
            samples=rounds,
            beside={"bare ms": cpu["bare"]},
        ),
        Figure(name="hook, none to ask", value=wall["alone"] * 1000, unit="ms", target=ALONE_MS, samples=rounds),
        Figure(name=f"{AT_ONCE} hooks at once", value=together * 1000, unit="ms", target=AT_ONCE_MS, samples=AT_ONCE),
    ]


def _hook(home: Path) -> tuple[str, ...]:
    return (*own_program(), "hook", "--client", "claude-code", "--home", str(home))


def _cost(line: tuple[str, ...]) -> Cost:
    began = time.perf_counter()
    process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=clean_environment())
    assert process.stdin is not None
    process.stdin.write(EVENT)
    process.stdin.close()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return time.perf_counter() - began, used.ru_utime + used.ru_stime


def _together(line: tuple[str, ...]) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(_cost, [line] * AT_ONCE))
    return time.perf_counter() - began
