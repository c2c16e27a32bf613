"""Calls per second and duration of a call, compared with the bare SDK.

The bare SDK, a coordinator without a dashboard and one with a dashboard take turns in short slices, so that other load
on the machine affects all of them; the result is the median of the rounds.
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
"""Number of concurrent connections."""
SLICE = 0.5
"""Seconds for which all connections call one tool."""
SINGLES = 500
"""Number of sequential calls on one connection, enough for the dashboard to draw several times."""
SILENCES, QUICK_SILENCES = 15, 3
"""Number of silences for each tool."""
SILENCE = 1.2
"""Seconds without a call, after which the dashboard draws the next change at once."""
AFTER_SILENCE = 50
"""Number of sequential calls on one connection after a silence; the first ones meet that drawing."""
WARM_UP = 20
"""Calls of each tool on each connection before the measurement."""

BODY = "The endpoint answers with a number since this morning: total is required now, ids are integers.\n" * 3

SHARE = 0.6
"""Minimum throughput of sending a message, as a share of the bare SDK's."""
DISTURBED = 1.5
"""Maximum p95 of a call beside a dashboard, as a multiple of that without one."""

CALLS: Mapping[str, Mapping[str, Any]] = {
    "echo": {"msg": "hi"},
    "send_message": {"body": BODY, "auto_poke": False},
    "get_inbox": {"limit": 1},  # one of the messages just sent
    "list_agents": {},
    "task_add": {"title": "migrate the table"},
}
BARE, HEADLESS, DASHBOARD = "bare SDK", "headless", "dashboard"


@dataclass(slots=True, kw_only=True)
class Timed:
    """Results of one tool of one server, with one entry per round."""

    rates: list[float] = field(default_factory=list)
    """Calls per second over all connections."""
    computed: list[float] = field(default_factory=list)
    """Server processor time for each of those calls in seconds; the most reliable value on a busy machine."""
    singles: list[list[float]] = field(default_factory=list)
    """Seconds of each call on one connection."""
    after_silence: list[list[float]] = field(default_factory=list)
    """The same, of the first calls after a silence, with one entry per silence."""

    def in_ms(self, hundredth: int) -> float:
        """Return a percentile of the calls in ms: the median of the rounds, or of all calls above the 95th."""
        if hundredth > 95:
            return percentile([seconds for singles in self.singles for seconds in singles], hundredth) * 1000
        return statistics.median(percentile(singles, hundredth) for singles in self.singles) * 1000

    def beside(self) -> dict[str, float]:
        """Return the absolute values."""
        throughput = {"calls/s": statistics.median(self.rates), "CPU ms": statistics.median(self.computed) * 1000}
        return throughput | {f"p{hundredth} ms": self.in_ms(hundredth) for hundredth in (50, 95, 99)}


Results = Mapping[tuple[str, str], Timed]
"""Results by server and tool."""


async def measure_calls(*, quick: bool) -> list[Figure]:
    """Measure the throughput of 8 connections, and the duration of a call on one connection."""
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
            await asyncio.gather(*(line.register(agent_name(number)) for number, line in enumerate(lines[server])))
        for server, tool in slices:
            await asyncio.gather(*(singles(line, number, tool, WARM_UP) for number, line in enumerate(lines[server])))
        for _ in range(QUICK_ROUNDS if quick else ROUNDS):
            for server, tool in slices:
                before = cpu_seconds(servers[server].pid)
                calls, seconds = await together(lines[server], tool)
                timed[server, tool].rates.append(calls / seconds)
                timed[server, tool].computed.append((cpu_seconds(servers[server].pid) - before) / calls)
            for server, tool in slices:
                timed[server, tool].singles.append(await singles(lines[server][0], 0, tool, SINGLES))
        for _ in range(QUICK_SILENCES if quick else SILENCES):
            for tool in CALLS:
                await asyncio.sleep(SILENCE)
                for server in (HEADLESS, DASHBOARD):  # in this order: the dashboard is still drawing after its calls
                    first = await singles(lines[server][0], 0, tool, AFTER_SILENCE)
                    timed[server, tool].after_silence.append(first)
    return figures(timed)


def figures(timed: Results) -> list[Figure]:
    """Return throughput as shares of the bare SDK's in the same round, and the dashboard's effect on a call."""
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
    return found + [_after_silence(tool, timed) for tool in CALLS]


def _after_silence(tool: str, timed: Results) -> Figure:
    """Return the dashboard's effect on the first calls after a silence."""
    silences = {server: timed[server, tool].after_silence for server in (DASHBOARD, HEADLESS)}
    p95s = {server: [percentile(calls, 95) for calls in silences[server]] for server in silences}
    typical = _undisturbed_p95(silences[DASHBOARD]) / _undisturbed_p95(silences[HEADLESS])
    return Figure(
        name=f"{tool}, {AFTER_SILENCE} calls after a silence: p95 with the dashboard to headless",
        value=_ratio(p95s[DASHBOARD], p95s[HEADLESS]),
        unit="×",
        target=DISTURBED,
        samples=len(p95s[HEADLESS]) * AFTER_SILENCE,
        beside={"undisturbed ×": typical} | {f"{server} ms": statistics.median(p95s[server]) * 1000 for server in p95s},
    )


def _undisturbed_p95(silences: Sequence[Sequence[float]]) -> float:
    """Return the p95 of calls of which each is the lower quartile of its place after the silences.

    On a busy machine the p95 of a single silence is the scheduler's.
    """
    return percentile([statistics.quantiles(calls, n=4)[0] for calls in zip(*silences, strict=True)], 95)


async def together(lines: Sequence[Line], tool: str) -> tuple[int, float]:
    """Call on all connections at once; return the number of calls and the seconds they took."""
    began = time.perf_counter()
    calls = 0

    async def work(number: int, line: Line) -> None:
        nonlocal calls
        while time.perf_counter() < began + SLICE:
            await line.call(tool, **_arguments(tool, number))
            calls += 1

    await asyncio.gather(*(work(number, line) for number, line in enumerate(lines)))
    return calls, time.perf_counter() - began


async def singles(line: Line, number: int, tool: str, calls: int) -> list[float]:
    """Return the seconds of each sequential call."""
    seconds = []
    for _ in range(calls):
        began = time.perf_counter()
        await line.call(tool, **_arguments(tool, number))
        seconds.append(time.perf_counter() - began)
    return seconds


def _arguments(tool: str, number: int) -> dict[str, Any]:
    """Return arguments for a call; agents write to themselves, so that they have messages to read."""
    to = {"to_agent_name": agent_name(number)} if tool == "send_message" else {}
    return {**CALLS[tool], **to}


def agent_name(number: int) -> str:
    return f"agent-{number}"


def _p95s(timed: Timed) -> list[float]:
    return [percentile(singles, 95) for singles in timed.singles]


def _ratio(those: Sequence[float], to: Sequence[float]) -> float:
    """Return the median of the rounds' ratios."""
    return statistics.median(one / other for one, other in zip(those, to, strict=True))


def _home(stack: AsyncExitStack) -> Path:
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="xats-bench-")))
