"""Our coordinator beside the reference, a checkout that the user has built: the same calls in turns, as ratios.

A ratio is that of one round, in which both serve the same calls right after each other, so that other load on the
machine affects both.  It is given with the quartiles of the rounds.
"""

import asyncio
import json
import shutil
import socket
import statistics
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.calls import CALLS, LINES, agent_name, singles, together
from benchmarks.figures import Figure
from benchmarks.line import Line
from benchmarks.programs import Program, cpu_seconds, headless
from tests.commands.processes import LISTENING, clean_environment, end

ROUNDS, QUICK_ROUNDS = 15, 3

# Node compiles what runs often: after 20 calls, one cost twice as much as after a thousand.
WARM_UP = 300
"""Calls of each tool on each connection before the measurement."""

PACKAGE = "cross-agent-teams-mcp"

NEEDED = (
    f"the part peers needs --reference DIR: a folder with the built npm package {PACKAGE}, or one in which npm has "
    "installed it, and node on PATH"
)

THROUGHPUT: Mapping[str, float] = {
    "echo": 2.0,
    "send_message": 1.2,
    "get_inbox": 1.3,
    "list_agents": 1.5,
    "task_add": 1.2,
}
"""Minimum throughput of each call at 8 connections, as a multiple of the reference's."""

PROCESSOR = 0.8
"""Maximum processor time of each call, as a multiple of the reference's."""

OURS, THEIRS = "ours", "reference"


class NoReference(Exception):
    """There is nothing to compare with; the text is one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one server did in one round."""

    rate: float
    """Calls per second over all connections."""
    cpu_ms: float
    """Processor time of the server for one call."""


async def measure_peers(reference: Path | None, *, quick: bool) -> list[Figure]:
    """Measure the same calls of our coordinator and of the reference, in turns.

    Raises:
        NoReference: there is no reference to compare with.
    """
    command = reference_command(reference)
    turns: defaultdict[str, list[Mapping[str, Turn]]] = defaultdict(list)
    async with AsyncExitStack() as stack:
        homes = [Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="xats-bench-"))) for _ in range(2)]
        servers = {
            OURS: stack.enter_context(headless(homes[0])),
            THEIRS: stack.enter_context(_reference(command, homes[1])),
        }
        lines = {name: await _registered(stack, server.port) for name, server in servers.items()}
        for number in range(QUICK_ROUNDS if quick else ROUNDS):
            order = list(servers) if number % 2 else [*reversed(servers)]
            for tool in CALLS:
                turns[tool].append({name: await _turn(servers[name], lines[name], tool) for name in order})
    return [figure for tool, rounds in turns.items() for figure in figures(tool, rounds)]


def figures(tool: str, rounds: Sequence[Mapping[str, Turn]]) -> list[Figure]:
    """Return both ratios of a call, with their quartiles and the medians behind them."""
    rates = {name: [turn[name].rate for turn in rounds] for name in (OURS, THEIRS)}
    cpu = {name: [turn[name].cpu_ms for turn in rounds] for name in (OURS, THEIRS)}
    return [
        _ratio(f"{tool}: throughput to the reference", rates, "/s", THROUGHPUT[tool], at_least=True),
        _ratio(f"{tool}: processor time to the reference", cpu, "ms", PROCESSOR, at_least=False),
    ]


def _ratio(name: str, values: Mapping[str, Sequence[float]], unit: str, target: float, *, at_least: bool) -> Figure:
    ratios = [one / other for one, other in zip(values[OURS], values[THEIRS], strict=True)]
    lower, middle, upper = statistics.quantiles(ratios, n=4)
    medians = {f"{who} {unit}": statistics.median(values[who]) for who in (OURS, THEIRS)}
    return Figure(
        name=name,
        value=middle,
        unit="×",
        target=target,
        at_least=at_least,
        samples=len(ratios),
        beside={"lower quartile ×": lower, "upper quartile ×": upper, **medians},
    )


def reference_command(folder: Path | None) -> tuple[str, ...]:
    """Return the command line that runs the reference of a folder, without its arguments.

    Raises:
        NoReference: the folder holds no built reference, or there is no node.
    """
    node = shutil.which("node")
    if folder is None or node is None:
        raise NoReference(NEEDED)
    for package in (folder, folder / "node_modules" / PACKAGE):
        program = _program_of(package)
        if program is not None:
            return node, str(program)
    raise NoReference(f"{folder} holds no built {PACKAGE}: {NEEDED}")


def _program_of(package: Path) -> Path | None:
    """Return the program that a package's manifest names, if it is the reference and built."""
    try:
        manifest = json.loads((package / "package.json").read_bytes())
    except (OSError, ValueError):
        return None
    programs = manifest.get("bin") if isinstance(manifest, dict) and manifest.get("name") == PACKAGE else None
    named = programs.get(PACKAGE) or _first_but_proxy(programs) if isinstance(programs, dict) else programs
    program = (package / named).resolve() if isinstance(named, str) else None
    return program if program and program.is_file() else None


def _first_but_proxy(programs: Mapping[str, Any]) -> Any:
    """Return the program that is left when the one for channels is not meant."""
    return next((path for name, path in programs.items() if "proxy" not in name), None)


@contextmanager
def _reference(command: Sequence[str], home: Path) -> Iterator[Program]:
    """Run the reference with a home and a port of its own."""
    files = ("--db", str(home / "data.db"), "--pid-file", str(home / "daemon.pid"))
    process = subprocess.Popen(
        [*command, "daemon", "--port", str(_free_port()), *files],
        env=clean_environment() | {"CROSS_AGENT_TEAMS_MCP_HOME": str(home), "TMUX_TMPDIR": str(home)},
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        listening = LISTENING.match(line)
        if listening is None:
            raise NoReference(f"the reference does not run: it said {line!r} (`{' '.join(command)} daemon`)")
        yield Program(process.pid, int(listening[1]))
    finally:
        end(process)


def _free_port() -> int:
    """Return a port that is free now; the reference has no way to tell which one the system has chosen."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _registered(stack: AsyncExitStack, port: int) -> list[Line]:
    """Open connections, each of an agent, and call every tool until both servers are warm."""
    lines = [await stack.enter_async_context(Line.open(port)) for _ in range(LINES)]
    await asyncio.gather(*(line.register(agent_name(number)) for number, line in enumerate(lines)))
    for tool in CALLS:
        await asyncio.gather(*(singles(line, number, tool, WARM_UP) for number, line in enumerate(lines)))
    return lines


async def _turn(server: Program, lines: Sequence[Line], tool: str) -> Turn:
    before = cpu_seconds(server.pid)
    calls, seconds = await together(lines, tool)
    return Turn(rate=calls / seconds, cpu_ms=(cpu_seconds(server.pid) - before) / calls * 1000)
