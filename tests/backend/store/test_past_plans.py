"""However much mail there is, a step of travel reads what was open then, and the pages that are shown."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.fakes import FakeClock
from xats_tui.backend.store import activity, messages, tasks, wakes
from xats_tui.backend.store.past import lists, looks, moments, views
from xats_tui.backend.store.past.reader import PastReader
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.transactions import Parameters, Row

NOW = FakeClock().now()


class ExplainedPast(PastReader):
    """A past in which every query is explained instead of run."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.steps: list[str] = []
        """Steps of SQLite's plan."""

    async def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Explain the query."""
        self.steps += [row[3] for row in await super().fetch_all(f"EXPLAIN QUERY PLAN {sql}", parameters)]
        return []


@pytest.fixture
async def explained(tmp_path: Path) -> AsyncIterator[ExplainedPast]:
    async with Database.opened(tmp_path / "data.db", FakeClock(), lambda events: None) as database:
        past, moment = ExplainedPast(database.path), await moments.newest(database)
        assert moment is not None
        async with past.at(moment):
            yield past
        await past.close()


READS: dict[str, Callable[[ExplainedPast], Awaitable[object]]] = {
    "unread mail": lambda past: past.fetch_all(views.FIND_UNREAD),
    "open wakes": lambda past: past.fetch_all(views.FIND_OPEN),
    "messages": lambda past: messages.stream(past, 300),
    "mail of one": lambda past: messages.newest_to(past, "A", 300),
    "unanswered": lambda past: messages.unanswered(past, 200),
    "wakes": lambda past: lists.newest_wakes(past, 200),
    "waiting wakes": lists.waiting_by_agent,
    "failed wakes": lists.failed_count,
    "latest wakes": wakes.latest_by_agent,
    "wakes of a message": lambda past: wakes.of_message(past, "M"),
    "attempts": lambda past: wakes.attempts(past, "M", "A"),
    "events": lambda past: activity.newest_events(past, 200),
    "actions": lambda past: activity.newest(past, 200),
    "screens": lambda past: looks.newest(past, NOW),
    "step": lambda past: moments.step(past, 5, -1),
    "board": lambda past: tasks.newest(past, 200),
}

SMALL = ("temp.here", "h", "o", "u", "a", "tasks", "agents", "t", "listed")
"""Temporary tables (the moment, what was open, agents, tasks), and the page of wakes that is listed."""

IN_ORDER = ("e", "m", "w", "message_delivery_status")
"""Read in the order of an index, as far as a page goes."""


def is_bounded(step: str) -> bool:
    """Return whether a step of a plan does not grow with the mail."""
    words = step.split()
    if words[0] != "SCAN" or words[1].startswith(("(", "json_each", "SUBQUERY")) or words[1] in SMALL:
        return True
    return words[1] in IN_ORDER and (" USING " in step or words[1] == "e")


@pytest.mark.parametrize("name", READS)
async def test_no_step_of_travel_reads_all_mail(explained: ExplainedPast, name: str) -> None:
    await READS[name](explained)

    assert explained.steps
    assert [step for step in explained.steps if not is_bounded(step)] == []
