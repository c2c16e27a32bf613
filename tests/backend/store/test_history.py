"""What happened since a moment is counted from indexes, by the number of the first event at that moment."""

import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.backend.store.test_query_plans import Explained, full_scans
from tests.conftest import Sql
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.store.history import happenings, summary
from xats_tui.backend.store.sql.migrations import prepare
from xats_tui.backend.store.sql.transactions import Reader
from xats_tui.core.clock import to_wire

NOW = datetime(2026, 11, 30, 13, tzinfo=UTC)

READS: dict[str, Callable[[Reader, summary.Span], Awaitable[object]]] = {
    "first event": lambda reader, span: summary.first_event_since(reader, NOW),
    "messages": summary.sent,
    "messages to the operator": summary.to_operator,
    "wakes": summary.wakes,
    "failed wakes": summary.failed,
    "dialogs": summary.dialogs,
    "tasks done": summary.done,
    "contract versions": summary.published,
    "breaking versions": summary.broken,
    "agents lost": summary.lost,
    "agents that came": summary.came,
    "agents that left": summary.left,
    "open dialogs": lambda reader, span: happenings.open_ones(reader),
}

SMALL = (
    "SCAN CONSTANT ROW",
    "SCAN agents",
    "SCAN departed_agents",
    "SCAN halves",
    "SCAN teams",
    "SCAN k ",
    "SCAN chosen",
    "SCAN w USING INDEX",
)
"""One row for each name, what a query has found itself by then, and failed wakes by their index."""


@pytest.fixture
def explained(tmp_path: Path) -> Iterator[Explained]:
    prepare(tmp_path / "data.db", NOW)
    with closing(sqlite3.connect(tmp_path / "data.db")) as connection:
        yield Explained(connection)


@pytest.mark.parametrize("team", [None, "red"])
async def test_no_part_of_a_summary_reads_what_came_before_the_moment(explained: Explained, team: str | None) -> None:
    for name, read in READS.items():
        explained.steps.clear()
        await read(explained, summary.Span(since=NOW, until=NOW, first=7, end=9, team=team))

        assert explained.steps, name
        assert [step for step in full_scans(explained.steps) if not step.startswith(SMALL)] == [], name


@pytest.mark.parametrize("gaps", [False, True])
async def test_the_first_event_at_a_moment_is_found_even_where_numbers_are_missing(
    backend: Coordinator, sql: Sql, gaps: bool
) -> None:
    for number in range(1, 60):
        if not (gaps and 10 < number < 40):
            at = to_wire(NOW + timedelta(minutes=number))
            sql(
                "INSERT INTO events (event_id, from_team, to_team, event_type, payload, created_at) "
                f"VALUES ({number}, 'red', 'red', 'message_sent', '{{}}', '{at}')"
            )
    kept = [int(number) for (number,) in sql("SELECT event_id FROM events ORDER BY event_id")]

    for minute in (-5, 1, 5, 10, 25, 40, 59):
        first = await summary.first_event_since(backend._database, NOW + timedelta(minutes=minute))
        assert min(number for number in kept if number >= first) == min(one for one in kept if one >= minute)
    assert await summary.first_event_since(backend._database, NOW + timedelta(minutes=90)) == 60


async def test_a_store_without_events_has_no_first_one(backend: Coordinator) -> None:
    assert await summary.first_event_since(backend._database, NOW) == 1
