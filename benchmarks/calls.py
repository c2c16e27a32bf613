"""How many calls a second, and how long one takes, as a share of what the bare SDK does beside it.

The bare SDK, a coordinator without a screen and one with its dashboard open take turns, a slice each, so that what else
the machine does hits all of them; what is reported is the median of the rounds.
"""

import asyncio
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, percentile
from benchmarks.line import Line
from benchmarks.programs import cpu_seconds, dashboard, echo_server, headless

ROUNDS, QUICK_ROUNDS = 7, 2
LINES = 8
"""Connections at once."""
SLICE = 0.5
"""Seconds for which all of them call one tool."""
SINGLES = 500
"""Calls that are made one after the other over one connection; in most of a second the screen draws more than once."""
WARM_UP = 20
"""Calls of each tool over each line before anything is measured."""

BODY = "The endpoint answers with a number since this morning: total is required now, ids are integers.\n" * 3

SHARE = 0.6
"""Of the bare SDK's throughput that sending a message has at least."""
DISTURBED = 1.5
"""Times a call's p95 without a screen that it takes at most beside the dashboard."""

CALLS: Mapping[str, Mapping[str, Any]] = {
    "echo": {"msg": "hi"},
    "send_message": {"body": BODY, "auto_poke": False},
    "get_inbox": {"limit": 1},  # what was sent just before, one by one
    "list_agents": {},
    "task_add": {"title": "migrate the table"},
}
BARE, HEADLESS, DASHBOARD = "bare SDK", "headless", "dashboard"


@dataclass(slots=True, kw_only=True)
class Timed:
    """What one tool of one server did, an entry a round."""

    rates: list[float] = field(default_factory=list)
    """Calls a second over all lines."""
    computed: list[float] = field(default_factory=list)
    """Seconds of the server's processor time for each of those: what a busy machine tells best."""
    singles: list[list[float]] = field(default_factory=list)
    """Seconds of each call over one line."""

    def in_ms(self, hundredth: int) -> float:
        """A percentile of the single calls: the median of the rounds, but of all calls what few exceed."""
        if hundredth > 95:
            return percentile([seconds for singles in self.singles for seconds in singles], hundredth) * 1000
        return statistics.median(percentile(singles, hundredth) for singles in self.singles) * 1000

    def beside(self) -> dict[str, float]:
        """The absolute numbers."""
        throughput = {"calls/s": statistics.median(self.rates), "CPU ms": statistics.median(self.computed) * 1000}
        return throughput | {f"p{hundredth} ms": self.in_ms(hundredth) for hundredth in (50, 95, 99)}


Results = Mapping[tuple[str, str], Timed]
"""By server and tool."""


async def measure_calls(*, quick: bool) -> list[Figure]:
    """Throughput at 8 connections, and how long a call takes at one."""
    timed: defaultdict[tuple[str, str], Timed] = defaultdict(lambda: Timed())
    async with AsyncExitStack() as stack:
        servers = {
            BARE: stack.enter_context(echo_server()),
            HEADLESS: stack.enter_context(headless(_home(stack))),
            DASHBOARD: await stack.enter_async_context(dashboard(_home(stack))),
        }
        lines = {
            server: [await stack.enter_async_context(Line.open(program.port)) for _ in range(LINES)]
            for server, program in servers.items()
        }
        slices = [(server, tool) for tool in CALLS for server in servers if server != BARE or tool == "echo"]
        for server in (HEADLESS, DASHBOARD):
            await asyncio.gather(*(line.register(_name(number)) for number, line in enumerate(lines[server])))
        for server, tool in slices:
            await asyncio.gather(*(_singles(line, number, tool, WARM_UP) for number, line in enumerate(lines[server])))
        for _ in range(QUICK_ROUNDS if quick else ROUNDS):
            for server, tool in slices:
                before = cpu_seconds(servers[server].pid)
                calls, seconds = await _together(lines[server], tool)
                timed[server, tool].rates.append(calls / seconds)
                timed[server, tool].computed.append((cpu_seconds(servers[server].pid) - before) / calls)
            for server, tool in slices:
                timed[server, tool].singles.append(await _singles(lines[server][0], 0, tool, SINGLES))
    return figures(timed)


def figures(timed: Results) -> list[Figure]:
    """Throughput as shares of the bare SDK's in the same round; what the dashboard adds to a call."""
    bare = timed[BARE, "echo"]
    in_all = len(bare.rates)
    found = [
        Figure(
            name="echo, bare SDK", value=statistics.median(bare.rates), unit="/s", samples=in_all, beside=bare.beside()
        )
    ]
    for server in (HEADLESS, DASHBOARD):
        for tool in CALLS:
            this = timed[server, tool]
            target = SHARE if (server, tool) == (HEADLESS, "send_message") else None
            name = f"{tool}, {server}: throughput to bare echo"
            share = _ratio(this.rates, bare.rates)
            found.append(
                Figure(
                    name=name,
                    value=share,
                    unit="×",
                    target=target,
                    at_least=True,
                    samples=in_all,
                    beside=this.beside(),
                )
            )
    for tool in CALLS:
        value = _ratio(_p95s(timed[DASHBOARD, tool]), _p95s(timed[HEADLESS, tool]))
        name = f"{tool}: p95 with the dashboard to headless"
        found.append(Figure(name=name, value=value, unit="×", target=DISTURBED, samples=in_all * SINGLES))
    return found


async def _together(lines: Sequence[Line], tool: str) -> tuple[int, float]:
    """How many calls all lines together made, and in how many seconds."""
    began = time.perf_counter()
    calls = 0

    async def work(number: int, line: Line) -> None:
        nonlocal calls
        while time.perf_counter() < began + SLICE:
            await line.call(tool, **_arguments(tool, number))
            calls += 1

    await asyncio.gather(*(work(number, line) for number, line in enumerate(lines)))
    return calls, time.perf_counter() - began


async def _singles(line: Line, number: int, tool: str, calls: int) -> list[float]:
    """Seconds of each of some calls."""
    seconds = []
    for _ in range(calls):
        began = time.perf_counter()
        await line.call(tool, **_arguments(tool, number))
        seconds.append(time.perf_counter() - began)
    return seconds


def _arguments(tool: str, number: int) -> dict[str, Any]:
    """Everybody writes to itself, so that it has mail to read."""
    to = {"to_agent_name": _name(number)} if tool == "send_message" else {}
    return {**CALLS[tool], **to}


def _name(number: int) -> str:
    return f"agent-{number}"


def _p95s(timed: Timed) -> list[float]:
    return [percentile(singles, 95) for singles in timed.singles]


def _ratio(those: Sequence[float], to: Sequence[float]) -> float:
    """The median of the rounds' ratios."""
    return statistics.median(one / other for one, other in zip(those, to, strict=True))


def _home(stack: AsyncExitStack) -> Path:
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="xats-bench-")))
