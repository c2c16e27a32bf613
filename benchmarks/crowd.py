"""A store like that of a large team after weeks: 50 agents, 100,000 messages, 1,000 wakes, 2,000 tasks, 300 contracts.

The rows are written directly with SQL, which takes seconds; sending them would take an hour.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from xats_tui.backend.store.sql.migrations import prepare
from xats_tui.backend.store.sql.search_schema import ACTION, CONTRACT, EVENT, MESSAGE
from xats_tui.core.clock import to_wire
from xats_tui.core.model.agents import OPERATOR_ID
from xats_tui.core.model.messages import BROADCAST_MARK

AGENTS, TEAMS = 50, 5
MESSAGES = 100_000
WAKES = 1_000
TASKS = 2_000
CONTRACTS, VERSIONS = 60, 5
ACTS = 1_000
OPERATORS_MAIL = 300

SPACING = timedelta(seconds=20)
"""Time between two messages."""

BODY = (
    "The endpoint answers with a number since this morning: 注文 ids are integers now, [red]total[/] is required.\n" * 4
)

Row = Sequence[object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A pane of the default tmux server for an agent."""

    pane_id: str
    tty: str
    pid: int
    started_at: float


def fill(path: Path, panes: Sequence[Bound] = ()) -> None:
    """Fill the store; the first agents are bound to `panes`, and all agents have just called."""
    now = datetime.now(UTC)
    prepare(path, now)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        for table, columns, rows in (
            ("agents", AGENT_COLUMNS, _agents(now, panes)),
            ("events", "event_id, from_team, to_team, event_type, actor_agent_id, payload, created_at", _events(now)),
            ("messages", MESSAGE_COLUMNS, _messages(now)),
            ("message_delivery_status", WAKE_COLUMNS, _wakes(now)),
            (
                "wake_attempts",
                "message_id, agent_id, number, at, transport, outcome, seen_before, seen_after",
                _tries(now),
            ),
            (
                "tasks",
                "id, team, title, description, status, depends_on, claimed_by, claimed_at, created_at",
                _tasks(now),
            ),
            ("contracts", CONTRACT_COLUMNS, _contracts(now)),
            ("contract_subscriptions", "agent_id, team, contract_name, subscribed_at", _subscriptions(now)),
            ("activity", "at, actor, verb, agent_id, message_id, detail", _acts(now)),
        ):
            marks = ", ".join("?" * (columns.count(",") + 1))
            connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)
        _skip_search(connection)
        connection.commit()


def _skip_search(connection: sqlite3.Connection) -> None:
    """Say that everything is in the index of the search, which takes a quarter of an hour to be filled."""
    newest = {MESSAGE: "events", EVENT: "events", ACTION: "activity", CONTRACT: "contracts"}
    for kind, table in newest.items():
        connection.execute(
            f"UPDATE search_progress SET low = 0, high = (SELECT max(rowid) FROM {table}) WHERE kind = {kind}"
        )
    connection.execute("UPDATE search_subjects SET is_indexed = 1")


def name(number: int) -> str:
    """Return the name of an agent by its number."""
    return f"agent-{number % AGENTS:02d}"


AGENT_COLUMNS = (
    "agent_id, client, team, role, name, registered_at, last_seen_at, tmux_pane_id, tmux_socket, runtime_ui_pid, "
    "runtime_ui_started_at, runtime_tty, runtime_verification_mode, runtime_bound_at"
)
MESSAGE_COLUMNS = (
    "id, event_id, from_team, to_team, from_agent_id, to_agent_id, to_role, subject, body, need_reply, sent_at, read_at"
)
WAKE_COLUMNS = (
    "message_id, agent_id, wake_status, retry_attempts, updated_at, recipient_message_id, detail, attempts, failures, "
    "transport, due_at, expires_at, queued_at, attempted_at"
)
CONTRACT_COLUMNS = "team, name, version, format, schema, note, registered_by, registered_at, breaking"


def agent_id(number: int) -> str:
    """Return the id of an agent by its number."""
    return f"{name(number)}-6f0e-4c41"


def team(number: int) -> str:
    """Return the team of an agent by its number."""
    return f"team-{number % TEAMS}"


def _agents(now: datetime, panes: Sequence[Bound]) -> Iterable[Row]:
    for number in range(AGENTS):
        bound = panes[number] if number < len(panes) else None
        pane: Row = (
            (bound.pane_id, "", bound.pid, bound.started_at, bound.tty, "verified_pid_tty_pane", to_wire(now))
            if bound
            else (None, "", None, None, None, None, None)
        )
        registered = to_wire(now - timedelta(days=20))
        yield (agent_id(number), "custom", team(number), "developer", name(number), registered, to_wire(now), *pane)


def _sent_at(now: datetime, number: int) -> datetime:
    return now - SPACING * (MESSAGES - number)


def _events(now: datetime) -> Iterable[Row]:
    for number in range(1, MESSAGES + 1):
        payload = json.dumps({"recipients": [agent_id(number + 1)], "subject": f"subject {number}"})
        yield (
            number,
            team(number),
            team(number),
            "message_sent",
            agent_id(number),
            payload,
            to_wire(_sent_at(now, number)),
        )


def _messages(now: datetime) -> Iterable[Row]:
    """Yield the messages: the last 500 unread, one in seven wanting a reply, some to the operator."""
    every = MESSAGES // OPERATORS_MAIL
    for number in range(1, MESSAGES + 1):
        at = _sent_at(now, number)
        to = OPERATOR_ID if number % every == 0 else agent_id(number + TEAMS)
        role = BROADCAST_MARK if number % 11 == 0 else None
        read_at = to_wire(at + timedelta(minutes=1)) if number < MESSAGES - 500 else None
        names = (f"m-{number}", number, team(number), team(number), agent_id(number), to, role)
        yield (*names, f"subject {number}", BODY, number % 7 == 0, to_wire(at), read_at)


def _wakes(now: datetime) -> Iterable[Row]:
    """Yield the wakes of the newest messages: half are done, some failed, the waiting ones are due tomorrow."""
    for number in range(MESSAGES - WAKES + 1, MESSAGES + 1):
        at = _sent_at(now, number)
        status = ("delivered", "failed", "skipped", "delivered", "retrying")[number % 5]
        waits = status == "retrying"
        due, expires = (to_wire(now + timedelta(days=days)) if waits else None for days in (1, 2))
        key = (f"m-{number}", agent_id(number + TEAMS), status, 1, to_wire(at), f"m-{number}")
        yield (*key, "the pane is a shell (zsh)", 2, 1, "tmux-pane", due, expires, to_wire(at), to_wire(at))


def _tries(now: datetime) -> Iterable[Row]:
    for number in range(MESSAGES - WAKES + 1, MESSAGES + 1):
        for attempt in (1, 2):
            key = (f"m-{number}", agent_id(number + TEAMS), attempt, to_wire(_sent_at(now, number)))
            yield (*key, "tmux-pane", "failed: the pane is a shell", "% ls\n% make\n%", "% ls\n% make\n%")


def _tasks(now: datetime) -> Iterable[Row]:
    for number in range(TASKS):
        status = ("pending", "in_progress", "completed", "pending")[number % 4]
        owner = agent_id(number) if status != "pending" else None
        depends = [f"task-{number - TEAMS}"] if number > TEAMS and number % 3 == 0 else []
        at = to_wire(now - timedelta(minutes=TASKS - number))
        what = (f"Migrate table {number}", BODY, status, json.dumps(depends))
        yield (f"task-{number}", team(number), *what, owner, at if owner else None, at)


def _contracts(now: datetime) -> Iterable[Row]:
    for number in range(CONTRACTS):
        for version in range(1, VERSIONS + 1):
            properties = {f"field_{index}": {"type": "string"} for index in range(30 + version)}
            schema = json.dumps({"type": "object", "properties": properties, "required": ["field_1"]})
            breaking = None if version == 1 else version % 2
            at = to_wire(now - timedelta(hours=CONTRACTS * VERSIONS - number * VERSIONS - version))
            key = (team(number), f"contract-{number}", version, "jsonschema", schema, "as agreed")
            yield (*key, agent_id(number), at, breaking)


def _subscriptions(now: datetime) -> Iterable[Row]:
    for number in range(CONTRACTS):
        for other in range(3):
            yield (agent_id(number + TEAMS * other), team(number), f"contract-{number}", to_wire(now))


def _acts(now: datetime) -> Iterable[Row]:
    for number in range(ACTS):
        at = to_wire(now - timedelta(minutes=ACTS - number))
        yield (at, "operator", "replay", agent_id(number), f"m-{MESSAGES - number}", "tried again")
