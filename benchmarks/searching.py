"""Search in a store of 500,000 messages, 5,000 agents and 10,000 tasks: finding, and what the index costs.

Three coordinators with the same store run at the same time and are called in turn: one with its index, one without, and
one that fills its index from nothing, as it does with the file of an older version.
"""

import asyncio
import random
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.figures import Figure, p95, percentile
from benchmarks.line import Line
from benchmarks.programs import headless
from xats_tui.backend.store.search.indexing import Indexer, percent
from xats_tui.backend.store.sql.migrations import prepare
from xats_tui.core.clock import to_wire
from xats_tui.runtime.operator_client import ask
from xats_tui.runtime.settings import Settings


class Size(NamedTuple):
    """What a store holds."""

    messages: int
    agents: int
    tasks: int


FULL, QUICK = Size(500_000, 5_000, 10_000), Size(20_000, 200, 400)

WORDS, WORDS_PER_MESSAGE = 20_000, 45
"""Different words of the texts, of which some are frequent and most are rare, and a number of its own in each."""

QUERIES = 40
"""Searches of each kind."""

ROUNDS, QUICK_ROUNDS = 15, 4
MESSAGES_PER_ROUND = 100

GATHERING_S = 1.0
"""Time after which the index has what was sent in a round."""

FILLING_ROUNDS = 20
"""Rounds of calls beside a coordinator that fills its index."""

RARE_MS, COMMON_MS, SLOWER, WHILE_FILLING = 100, 150, 1.15, 1.5
"""Targets."""

WITHOUT_INDEX = (
    "SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%search\\_%' ESCAPE '\\'",
    "SELECT 'DROP VIEW ' || name FROM sqlite_master WHERE type = 'view' AND name LIKE 'search\\_%' ESCAPE '\\'",
    "SELECT 'DROP TABLE ' || name FROM sqlite_master WHERE name IN "
    "('search_index', 'search_parts', 'search_words', 'search_subjects', 'search_progress')",
)
"""Statements that give the statements which take the index out of a file."""


async def measure_search(*, quick: bool) -> list[Figure]:
    """Measure finding, writing with and without the index, and calls while an index is filled."""
    size, rounds = (QUICK, QUICK_ROUNDS) if quick else (FULL, ROUNDS)
    async with AsyncExitStack() as stack:
        homes = [Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="xats-bench-"))) for _ in range(3)]
        indexed, bare, old = homes
        words = fill(_database(old), size)
        bytes_before = _database(old).stat().st_size
        for home in (indexed, bare):
            shutil.copy(_database(old), _database(home))
        seconds = _index(_database(indexed))
        bytes_after = _database(indexed).stat().st_size
        _take_index_out(_database(bare))
        programs = {home: stack.enter_context(headless(home)) for home in (indexed, bare)}
        figures = _finding(indexed, words, size)
        figures += [
            Figure(name="indexing, processor time", value=seconds / size.messages * 1e6, unit="µs", samples=1),
            Figure(
                name="store with the index to store without",
                value=bytes_after / bytes_before,
                unit="×",
                samples=1,
                beside={"MB": bytes_after / 1e6},
            ),
        ]
        lines = [await _line(stack, programs[home].port) for home in (indexed, bare)]
        figures += await _writing(lines, [psutil.Process(programs[home].pid) for home in (indexed, bare)], rounds)
        filling = stack.enter_context(headless(old))
        lines[1] = await _line(stack, filling.port)
        return figures + await _while_filling(lines, _database(old))


def fill(path: Path, size: Size) -> list[str]:
    """Fill a store; return the words of its texts, the most frequent first."""
    random_one, now = random.Random(1), datetime.now(UTC)
    prepare(path, now)
    words = list(_words(random_one))
    weights = list(accumulate(1 / number for number in range(1, WORDS + 1)))
    agents = [f"{number:08x}-aaaa-4bbb-8ccc-{number:012x}" for number in range(size.agents)]
    teams = [f"team-{number % 100}" for number in range(size.agents)]

    def text(count: int) -> str:
        return " ".join(random_one.choices(words, cum_weights=weights, k=count))

    def messages() -> Iterator[tuple[object, ...]]:
        for number in range(1, size.messages + 1):
            sender = min(int(random_one.paretovariate(0.7)), size.agents) - 1
            recipient = (sender + 100 * random_one.randint(1, 49)) % size.agents
            body = f"{text(WORDS_PER_MESSAGE)} {random_one.getrandbits(64):016x} endpoint getUser{number % 997}"
            at = to_wire(now - timedelta(seconds=3 * (size.messages - number)))
            yield number, agents[sender], agents[recipient], teams[sender], f"subject {number}", body, at

    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.executemany(
            "INSERT INTO agents (agent_id, client, team, role, name, registered_at, last_seen_at) "
            "VALUES (?, 'custom', ?, 'developer', ?, ?, ?)",
            [(one, teams[number], f"agent-{number}", to_wire(now), to_wire(now)) for number, one in enumerate(agents)],
        )
        connection.executemany(
            "INSERT INTO tasks (id, team, title, description, status, depends_on, created_at) "
            "VALUES (?, ?, ?, ?, 'pending', '[]', ?)",
            [
                (f"task-{number}", f"team-{number % 100}", text(6), f"{text(30)} endpoint", to_wire(now))
                for number in range(size.tasks)
            ],
        )
        connection.execute(
            "CREATE TEMP TABLE letters (n INTEGER PRIMARY KEY, sender, recipient, team, subject, body, at)"
        )
        connection.executemany("INSERT INTO letters VALUES (?, ?, ?, ?, ?, ?, ?)", messages())
        connection.execute(
            "INSERT INTO events (event_id, from_team, to_team, event_type, actor_agent_id, payload, created_at) "
            "SELECT n, team, team, 'message_sent', sender, '{}', at FROM letters"
        )
        connection.execute(
            "INSERT INTO messages (id, event_id, from_team, to_team, from_agent_id, to_agent_id, subject, body, "
            "need_reply, sent_at, read_at) "
            "SELECT 'm-' || n, n, team, team, sender, recipient, subject, body, 0, at, at FROM letters"
        )
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return words


def _words(random_one: random.Random) -> Iterator[str]:
    for _ in range(WORDS):
        syllables = random_one.randint(1, 5)
        yield "".join(random_one.choice("bcdfghklmnprstvz") + random_one.choice("aeiou") for _ in range(syllables))


def _index(path: Path) -> float:
    """Fill the index of a store that nobody uses; return the seconds of processor time."""
    began, indexer = time.thread_time(), Indexer()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=OFF")
        has_more = True
        while has_more:
            connection.execute("BEGIN")
            has_more = indexer.take_batch(connection)
            connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    indexer.close()
    return time.thread_time() - began


def _take_index_out(path: Path) -> None:
    """Drop the index; the coordinator then cannot fill it, and looks again twice a minute."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in WITHOUT_INDEX:
            for (drop,) in connection.execute(statement).fetchall():
                connection.execute(drop)


def _finding(home: Path, words: list[str], size: Size) -> list[Figure]:
    """Ask for the first page of searches, each for another word."""
    settings = Settings(home=home)
    rare = words[-QUERIES:]
    queries = {
        ("find, a rare word", RARE_MS): rare,
        ("find, a word that nobody has written", RARE_MS): [f"{word}q" for word in rare],
        ("find, a common word", COMMON_MS): [words[number // 2] for number in range(QUERIES)],
        ("find, a common word from one sender", COMMON_MS): [
            f"endpoint from:agent-{size.agents - 1 - number}" for number in range(QUERIES)
        ],
        ("find, a part of words", None): [f"{word}er"[1:] for word in words[:QUERIES]],
    }
    figures = []
    for (name, target), lines in queries.items():
        timed = []
        for line in lines:
            began = time.perf_counter()
            answer = ask(settings, "find", query=line, limit=50)
            timed.append(time.perf_counter() - began)
            assert answer["is_complete"] or target is None, line
        figures.append(p95(name, timed, target))
    return figures


async def _line(stack: AsyncExitStack, port: int) -> Line:
    line = await stack.enter_async_context(Line.open(port))
    await line.register("writer", "writers")
    return line


async def _writing(lines: list[Line], processes: list[psutil.Process], rounds: int) -> list[Figure]:
    """Send in turn with the index and without it."""
    timed: list[list[float]] = [[], []]
    used: list[list[float]] = [[], []]
    for number in range(1 + rounds):
        before = [sum(process.cpu_times()[:2]) for process in processes]
        seconds = [[await _send(line) for line in lines] for _ in range(MESSAGES_PER_ROUND)]
        await asyncio.sleep(GATHERING_S)
        for place, process in enumerate(processes if number else ()):  # the first round warms up
            timed[place].append(statistics.median(pair[place] for pair in seconds))
            used[place].append(sum(process.cpu_times()[:2]) - before[place])
    slower = statistics.median(with_index / bare for with_index, bare in zip(*timed, strict=True))
    dearer = sum(used[0]) / sum(used[1])
    samples = rounds * MESSAGES_PER_ROUND
    beside = {"p50 ms": statistics.median(timed[0]) * 1000, "p50 ms without": statistics.median(timed[1]) * 1000}
    cpu = {f"ms {name}": sum(one) / samples * 1000 for name, one in zip(("with", "without"), used, strict=True)}
    return [
        Figure(
            name="send_message with the index to without",
            value=slower,
            unit="×",
            target=SLOWER,
            samples=samples,
            beside=beside,
        ),
        Figure(name="its processor time, indexing included", value=dearer, unit="×", samples=samples, beside=cpu),
    ]


async def _send(line: Line) -> float:
    body = f"{' '.join(f'word{random.randrange(5000)}' for _ in range(WORDS_PER_MESSAGE))} {random.getrandbits(64):x}"
    began = time.perf_counter()
    await line.call("send_message", to_agent_name="writer", body=body, auto_poke=False)
    return time.perf_counter() - began


async def _while_filling(lines: list[Line], filled: Path) -> list[Figure]:
    """Call in turn a coordinator whose index is full, and one that fills its index."""
    timed: defaultdict[int, list[float]] = defaultdict(list)
    began = _percent(filled)
    for _ in range(FILLING_ROUNDS):
        for place, line in enumerate(lines):
            for _ in range(MESSAGES_PER_ROUND // 2):
                timed[place].append(await _send(line))
                started = time.perf_counter()
                await line.call("list_agents")
                timed[place].append(time.perf_counter() - started)
    reached = _percent(filled)
    full, filling = (percentile(timed[place], 95) for place in (0, 1))
    return [
        Figure(
            name="calls while an old file is indexed to calls after, p95",
            value=filling / full,
            unit="×",
            target=WHILE_FILLING,
            samples=len(timed[0]),
            beside={"p95 ms": filling * 1000, "% indexed before": began, "% after": reached},
        )
    ]


def _percent(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return percent(connection)


def _database(home: Path) -> Path:
    return Settings(home=home).db_path
