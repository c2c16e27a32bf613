"""Load of a team of 200: 600 calls per second over 200 sessions with standing streams, for two minutes or longer.

Calls start at fixed times, even if earlier ones have not been answered, and durations count from then on: a coordinator
that falls behind cannot hide it.
"""

import asyncio
import itertools
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, percentile
from benchmarks.line import CallFailed, Line
from benchmarks.programs import Program, cpu_seconds, dashboard, headless, resident

AGENTS, TEAM_OF = 200, 10
RATE = 600.0
"""Calls per second of all agents together."""
P99_MS = 100.0
"""Maximum p99 of a call, from the time when it is due."""
RAMP = 30.0
"""Seconds in which memory may grow, because caches fill up."""
LOOK = 0.2
"""Seconds between two memory measurements."""

BODY = "The endpoint answers with a number since this morning: total is required now.\n"

GROWTH = 2.0
"""Allowed growth of memory in MB per minute, which is the normal fluctuation."""

LONG = 900.0
"""Seconds from which on a run is a long one, with a stricter limit for its later part."""
LONG_RAMP, LONG_GROWTH = 600.0, 0.1
"""Seconds in which memory may grow in a long run, and its allowed growth afterwards."""

Act = Callable[["Worker"], Awaitable[object]]


@dataclass(slots=True, kw_only=True, eq=False)
class Worker:
    """One agent and its current messages and tasks."""

    number: int
    line: Line
    sent: str = ""
    """Id of the agent's newest message."""
    tasks: list[str] = field(default_factory=list)
    """Ids of its unfinished tasks."""

    @property
    def colleague(self) -> str:
        """Name of the next agent in its team."""
        team, place = divmod(self.number, TEAM_OF)
        return f"agent-{team * TEAM_OF + (place + 1) % TEAM_OF}"

    async def send(self, *, wake: bool = False) -> None:
        """Send a message to a colleague."""
        answer = await self.line.call("send_message", to_agent_name=self.colleague, body=BODY, auto_poke=wake)
        self.sent = answer["message_id"]

    async def follow_up(self) -> None:
        """Ask for the delivery status of the newest message."""
        if self.sent:
            await self.line.call("get_delivery_status", message_id=self.sent)

    async def work(self) -> None:
        """Complete a task, or add and claim a new one."""
        if self.tasks:
            await self.line.call("task_complete", task_id=self.tasks.pop())
            return
        task = (await self.line.call("task_add", title="migrate a table"))["task_id"]
        await self.line.call("task_claim", task_id=task)
        self.tasks.append(task)


def _calls(tool: str, **arguments: Any) -> Act:
    return lambda worker: worker.line.call(tool, **arguments)


MIX: Sequence[tuple[int, str, Act]] = (
    (6, "send_message", lambda worker: worker.send()),
    (1, "send_message, with a wake", lambda worker: worker.send(wake=True)),
    (6, "get_inbox", _calls("get_inbox")),
    (2, "get_delivery_status", lambda worker: worker.follow_up()),
    (2, "list_agents", _calls("list_agents")),
    (1, "task_list", _calls("task_list", status="in_progress")),
    (1, "tasks", lambda worker: worker.work()),
    (1, "whoami", _calls("whoami")),
)
"""Number per twenty calls, name and action of each kind; no agent has a pane, so wakes end at once."""


@dataclass(slots=True, kw_only=True)
class Noted:
    """Observations during the load."""

    seconds: list[float] = field(default_factory=list)
    """Seconds of each call from its due time to its answer."""
    errors: Counter[str] = field(default_factory=Counter)
    memory: list[tuple[float, float]] = field(default_factory=list)
    """Memory measurements: seconds since the start, and MB."""
    took: float = 0.0
    """Seconds until the last call was answered."""
    computed: float = 0.0
    """Seconds of processor time of the coordinator."""


async def measure_load(
    seconds: float, *, agents: int = AGENTS, rate: float = RATE, with_dashboard: bool = False
) -> list[Figure]:
    """Measure errors, durations of calls, and memory, of the coordinator alone or together with its dashboard."""
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="xats-bench-")))
        if with_dashboard:
            program = await stack.enter_async_context(dashboard(home))
        else:
            program = stack.enter_context(headless(home))
        workers = []
        for number in range(agents):
            line = await stack.enter_async_context(Line.open(program.port, standing=True))
            await line.register(f"agent-{number}", f"team-{number // TEAM_OF}")
            workers.append(Worker(number=number, line=line))
        return _figures(await _worked(program, workers, seconds, rate), agents)


async def _worked(program: Program, workers: Sequence[Worker], seconds: float, rate: float) -> Noted:
    noted = Noted()
    before, start = cpu_seconds(program.pid), time.perf_counter()
    looking = asyncio.create_task(_look(program, start, noted))
    dues = [itertools.takewhile(lambda due: due < seconds, _dues(one.number, len(workers), rate)) for one in workers]
    await asyncio.gather(*(_work(worker, start, due, noted) for worker, due in zip(workers, dues, strict=True)))
    looking.cancel()
    noted.took, noted.computed = time.perf_counter() - start, cpu_seconds(program.pid) - before
    return noted


def _dues(number: int, of: int, rate: float) -> Iterator[float]:
    """Yield the due times of an agent's calls in seconds from the start."""
    return ((turn * of + number) / rate for turn in itertools.count())


async def _work(worker: Worker, start: float, dues: Iterable[float], noted: Noted) -> None:
    """Make an agent's calls at their due times, going through all kinds; each agent starts with another kind."""
    acts = [(name, act) for often, name, act in MIX for _ in range(often)]
    for turn, due in enumerate(dues):
        await asyncio.sleep(start + due - time.perf_counter())
        name, act = acts[(turn * 7 + worker.number) % len(acts)]
        try:
            await act(worker)
        except (CallFailed, OSError, EOFError, TimeoutError) as error:
            noted.errors[f"{name}: {error!r}"] += 1
        noted.seconds.append(time.perf_counter() - start - due)


async def _look(program: Program, start: float, noted: Noted) -> None:
    while True:
        noted.memory.append((time.perf_counter() - start, resident(program.pid)))
        await asyncio.sleep(LOOK)


def _figures(noted: Noted, agents: int) -> list[Figure]:
    calls = len(noted.seconds)
    quantiles = {f"p{part} ms": percentile(noted.seconds, part) * 1000 for part in (50, 95)}
    complaints = [f"{times} × {error}" for error, times in noted.errors.most_common(10)]
    rates = {"calls/s": calls / noted.took, "CPU %": 100 * noted.computed / noted.took}
    rates["CPU ms a call"] = 1000 * noted.computed / calls
    return [
        Figure(
            name=f"load: errors in {calls:,} calls of {agents} agents",
            value=noted.errors.total(),
            unit="",
            target=0,
            samples=calls,
            beside=rates,
            notes=complaints,
        ),
        Figure(
            name="load: p99 from due to answered",
            value=percentile(noted.seconds, 99) * 1000,
            unit="ms",
            target=P99_MS,
            samples=calls,
            beside=quantiles,
        ),
        _growth(noted),
    ]


def _growth(noted: Noted) -> Figure:
    """Return the growth of memory after the ramp, in a long run with the memory of each minute."""
    is_long = noted.took >= LONG
    ramp = LONG_RAMP if is_long else min(RAMP, noted.took / 2)
    settled = [(at, size) for at, size in noted.memory if at > ramp]
    slope, _ = statistics.linear_regression(*zip(*settled, strict=True))
    minutes = {int(at // 60): size for at, size in reversed(noted.memory)}  # the first measurement of each
    return Figure(
        name=f"load: memory after the first {ramp:.0f} s, a minute",
        value=slope * 60,
        unit="MB",
        target=LONG_GROWTH if is_long else GROWTH,
        samples=len(settled),
        beside={"MB at first": settled[0][1], "MB at last": settled[-1][1]},
        notes=[f"{at:3} min  {size:.1f} MB" for at, size in sorted(minutes.items())] if is_long else (),
    )
