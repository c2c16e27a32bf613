"""W-1: what the tools ask the store is answered from indexes, however much mail there is."""

import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from xats_tui.backend.store import agents, channels, contracts, exchanges, messages, receipts, tasks, wakes
from xats_tui.backend.store.lists import history as history_list
from xats_tui.backend.store.lists import messages as message_list
from xats_tui.backend.store.lists import tasks as task_list
from xats_tui.backend.store.lists import wakes as wake_list
from xats_tui.backend.store.sql.migrations import prepare
from xats_tui.backend.store.sql.transactions import Parameters, Reader, Row, Transaction
from xats_tui.backend.store.sql.writer import RowId
from xats_tui.backend.store.upkeep import retention
from xats_tui.core.clock import to_wire
from xats_tui.core.model.agents import Binding, VerificationMode
from xats_tui.core.model.pages import Key, Stretch, StretchRequest, Wanted
from xats_tui.core.model.panes import PaneRef
from xats_tui.core.model.tasks import Task, TaskStatus

NOW = datetime(2026, 11, 22, 14, tzinfo=UTC)
BINDING = Binding(
    pane=PaneRef("", "%1"), tty=None, ui_pid=1, ui_started_at=1.0, mode=VerificationMode.PID_TTY_PANE, bound_at=NOW
)
TASK = Task(
    id="T",
    team="red",
    title="build",
    description=None,
    status=TaskStatus.PENDING,
    depends_on=(),
    claimed_by=None,
    claimed_at=None,
    completed_at=None,
    result=None,
    created_at=NOW,
)
HOLDER = receipts.ReceiptHolder(agent_id="A", reader="R", ui_pid=None)


class Explained(Transaction):
    """A transaction in which every statement is explained instead of run, with no rows for an answer unless told."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.now = NOW
        self.events = []
        self._explaining = connection
        self.steps: list[str] = []
        """Steps of SQLite's plan."""
        self.found: list[Any] = []
        """The answer of every statement."""

    async def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        self.steps += [row[3] for row in self._explaining.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)]
        return self.found

    async def execute_many(self, sql: str, rows: Iterable[Parameters]) -> None:  # `execute` goes this way, too
        for row in rows:
            await self.fetch_all(sql, row)

    async def insert(self, sql: str, parameters: Parameters = ()) -> RowId:
        await self.fetch_all(sql, parameters)
        row = RowId()
        row.learn(1)
        return row


@pytest.fixture
def explained(tmp_path: Path) -> Iterator[Explained]:
    prepare(tmp_path / "data.db", NOW)
    with closing(sqlite3.connect(tmp_path / "data.db")) as connection:
        yield Explained(connection)


READS: dict[str, Callable[[Reader], Awaitable[object]]] = {
    "agent by id": lambda reader: agents.by_id(reader, "A"),
    "names": lambda reader: agents.names(reader, ["A", "B"]),
    "agent by name": lambda reader: agents.by_name(reader, "red", "bob"),
    "agents of a team": lambda reader: agents.of_team(reader, "red"),
    "others of a team": lambda reader: agents.others_of_team(reader, "red", but="A", role="qa"),
    "holder of a pane": lambda reader: agents.holder_of(reader, PaneRef("", "%1")),
    "unread mail": lambda reader: messages.unread(reader, "A", 50, 10),
    "mail since": lambda reader: messages.since(reader, "A", 7, 50, 10),
    "newest mail": lambda reader: messages.newest_event_id(reader, "A"),
    "newest mail of one": lambda reader: messages.newest_to(reader, "A", 50),
    "unanswered": lambda reader: messages.unanswered(reader, 50),
    "letter": lambda reader: messages.of_event(reader, 7),
    "thread": lambda reader: messages.between(reader, "A", ["B", "C"], 7, before=50, after=50),
    "unread among": lambda reader: messages.unread_among(reader, "A", ["M", "N"]),
    "sender of": lambda reader: messages.sent_by(reader, "M"),
    "wakes of a message": lambda reader: wakes.of_message(reader, "M"),
    "wakes of an agent": lambda reader: wakes.open_for(reader, "A"),
    "parts begun": lambda reader: receipts.begun(reader, HOLDER),
    "mail in hand": lambda reader: receipts.has_mail_in_hand(reader, "A"),
    "wasted hints": lambda reader: wakes.wasted_hints(reader, "A", NOW),
    "work of late": lambda reader: exchanges.worked_since(reader, "red", frozenset({"A"}), NOW),
    "agents due": lambda reader: wakes.agents_due(reader, NOW, 10),
    "next due": wakes.next_due,
    "attempts": lambda reader: wakes.attempts(reader, "M", "A"),
    "task by id": lambda reader: tasks.by_id(reader, "red", "T"),
    "tasks of a team": lambda reader: tasks.of_team(reader, "red"),
    "missing dependencies": lambda reader: tasks.missing(reader, "red", ("T", "U")),
    "unfinished dependencies": lambda reader: tasks.unfinished(reader, "red", ("T", "U")),
    "tasks owned": lambda reader: tasks.owned_by(reader, "red", "A"),
    "task taken": lambda reader: tasks.was_taken_from(reader, TASK, "A"),
    "contract version": lambda reader: contracts.version(reader, "red", "api", 2),
    "latest contract": lambda reader: contracts.version(reader, "red", "api"),
    "subscribers": lambda reader: contracts.subscribers(reader, "red", "api"),
    "contract events": lambda reader: contracts.events_since(reader, "red", "A", 7, 100),
    "channels of a pid": lambda reader: channels.of_ui_pid(reader, 1),
    "agents of a pid": lambda reader: channels.hosts_of(reader, 1),
    "agents on a channel": lambda reader: channels.hosts_on(reader, "C"),
}

WRITES: dict[str, Callable[[Transaction], Awaitable[object]]] = {
    "touch": lambda tx: agents.touch(tx, "A"),
    "bind": lambda tx: agents.bind(tx, "A", BINDING),
    "mark read": lambda tx: messages.mark_read(tx, ["M"]),
    "end as seen": lambda tx: wakes.end_as_seen(tx, ["M"]),
    "note begun": lambda tx: wakes.note_begun(tx, ["M"], NOW),
    "let read on": lambda tx: wakes.let_read_on(tx, "A", NOW),
    "release unread": lambda tx: wakes.release_unread(tx, "A", NOW, "hook"),
    "reopen": lambda tx: wakes.reopen(tx, ["M"], NOW),
    "confirm of a reader": lambda tx: receipts.confirm_of_reader(tx, HOLDER, 2),
    "confirm of a host": lambda tx: receipts.confirm_of_host(tx, "A", ["R"], [1], 2),
    "withdraw": lambda tx: receipts.withdraw(tx, "A", ["R"]),
    "forget": lambda tx: receipts.forget(tx, ["M"]),
    "end as read": lambda tx: wakes.end_as_read(tx, ["M"]),
    "end for departed": lambda tx: wakes.end_for_departed(tx, "A"),
    "revive": lambda tx: wakes.revive(tx, "A", NOW + timedelta(hours=1)),
    "claim": lambda tx: tasks.claim(tx, "T", "A"),
    "complete": lambda tx: tasks.complete(tx, "T", None),
    "save": lambda tx: tasks.save(tx, TASK),
    "unsubscribe": lambda tx: contracts.unsubscribe_all(tx, "A"),
    "prune messages": lambda tx: retention.prune_messages(tx, NOW, 500),
    "prune events": lambda tx: retention.prune_events(tx, NOW, 500),
    "prune activity": lambda tx: retention.prune_activity(tx, NOW, 500),
    "prune calls": lambda tx: retention.prune_calls(tx, NOW, 500),
}

NOT_TABLES = ("SCAN json_each", "SCAN (subquery")
"""The caller's own list of ids, and what a query has found itself by then."""


def full_scans(steps: Iterable[str]) -> list[str]:
    """The steps that read a whole table, or the whole of an index."""
    return [step for step in steps if step.startswith("SCAN") and not step.startswith(NOT_TABLES)]


@pytest.mark.parametrize("name", READS)
async def test_w1_no_read_of_a_tool_scans_a_table(explained: Explained, name: str) -> None:
    await READS[name](explained)

    assert explained.steps
    assert full_scans(explained.steps) == []


@pytest.mark.parametrize("name", WRITES)
async def test_w1_no_write_of_a_tool_scans_a_table(explained: Explained, name: str) -> None:
    with suppress(AssertionError):  # rows that a function expects of its own statement are not there
        await WRITES[name](explained)

    assert explained.steps
    assert full_scans(explained.steps) == []


async def test_w1_deleting_old_mail_with_its_wakes_and_events_scans_no_table(explained: Explained) -> None:
    explained.found = [{"id": "M", "event_id": 1}]
    await retention.prune_messages(explained, NOW, 500)

    assert len(explained.steps) > 8
    assert full_scans(explained.steps) == []


@pytest.mark.parametrize("name", ["prune messages", "prune events", "prune activity", "prune calls"])
async def test_what_may_be_deleted_is_found_by_age_without_looking_at_what_stays(
    explained: Explained, name: str
) -> None:
    await WRITES[name](explained)

    assert any("_kept (" in step or "_at (" in step for step in explained.steps), explained.steps
    assert not any("TEMP B-TREE" in step for step in explained.steps)


@pytest.mark.parametrize("name", ["unread mail", "mail since", "tasks of a team"])
async def test_w1_mail_and_tasks_come_in_order_without_sorting(explained: Explained, name: str) -> None:
    await READS[name](explained)

    assert not any("TEMP B-TREE" in step for step in explained.steps)


async def test_tasks_that_another_depends_on_are_found_by_id_and_not_among_all_of_the_team(
    explained: Explained,
) -> None:
    await tasks.missing(explained, "red", ["T"])
    await tasks.unfinished(explained, "red", ["T"])

    assert [step for step in explained.steps if " tasks " in step] == [
        "SEARCH tasks USING INDEX sqlite_autoindex_tasks_1 (id=?)"
    ] * 2


GROWS: dict[str, Callable[[Reader], Awaitable[object]]] = {
    "latest wakes": wakes.latest_by_agent,
    "waiting wakes": wakes.waiting_by_agent,
    "failed wakes": wakes.failed_count,
    "submitted wakes of an hour": lambda reader: wakes.submitted_by_minute(reader, NOW, 100),
    "failed wakes of an hour": lambda reader: wakes.failed_by_minute(reader, NOW, 100),
    "waits of an hour": lambda reader: wakes.typical_waits(reader, NOW, 100),
    "messages of an hour": lambda reader: messages.sent_by_minute(reader, NOW, 0, 100),
    "unread counts": messages.unread_counts,
}
"""Queries that the dashboard makes after every change."""

OF_WHAT_IS_OPEN = ("idx_messages_unread", "idx_wakes_failed")
"""Indexes of what waits for somebody; what is over is not in them."""


@pytest.mark.parametrize("name", GROWS)
async def test_no_round_of_the_dashboard_reads_what_is_over(explained: Explained, name: str) -> None:
    await GROWS[name](explained)

    agents_and_found = ("SCAN a ", "SCAN u", "SCAN waits")
    scans = [step for step in full_scans(explained.steps) if not step.startswith(agents_and_found)]
    assert explained.steps
    assert [step for step in scans if not step.endswith(OF_WHAT_IS_OPEN)] == []


LISTS: dict[str, tuple[Callable[[Reader, StretchRequest], Awaitable[Stretch[Any]]], Key]] = {
    "messages": (message_list.stretch, (7,)),
    "wakes": (wake_list.stretch, (to_wire(NOW), 7)),
    "tasks": (task_list.stretch, (1, to_wire(NOW), 7)),
    "history": (history_list.stretch, (7, 7)),
}

WANTED = {
    "all": Wanted(),
    "words": Wanted(words=("needle",)),
    "agents": Wanted(agents=("bob",), team="red"),
    "states": Wanted(states=frozenset({"unread", "failed", "pending", "message"})),
    "recipient": Wanted(recipient="A"),
}


@pytest.mark.parametrize("newer", [False, True])
@pytest.mark.parametrize("wanted", WANTED)
@pytest.mark.parametrize("name", LISTS)
async def test_a_stretch_of_a_list_begins_at_its_key_and_comes_in_order(
    explained: Explained, name: str, wanted: str, newer: bool
) -> None:
    read, key = LISTS[name]
    await read(explained, StretchRequest(key=key, newer=newer, wanted=WANTED[wanted]))

    names = ("SCAN agents", "SCAN departed_agents", "SCAN CONSTANT ROW")  # each statement looks names up once
    assert explained.steps
    assert [step for step in full_scans(explained.steps) if not step.startswith(names)] == []
    assert not any("TEMP B-TREE FOR ORDER BY" in step or "FOR GROUP BY" in step for step in explained.steps)


async def test_a_planted_scan_is_found(explained: Explained) -> None:
    await explained.fetch_all("SELECT * FROM messages WHERE body = ?", (to_wire(NOW),))

    assert full_scans(explained.steps) == ["SCAN messages"]
