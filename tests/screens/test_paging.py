"""Lists without an end, at a store of more than a hundred thousand messages."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.conftest import Sql
from tests.screens.looking import put, settled, shows, text, until
from tests.screens.supervising import dashboard, open_mode
from tests.screens.test_modes import names, table
from xats_tui.backend.thread import CoordinatorThread
from xats_tui.core.events import Scope
from xats_tui.core.model.agents import OPERATOR_ID
from xats_tui.core.model.pages import Wanted
from xats_tui.core.model.panes import PaneRef, TmuxCommand
from xats_tui.core.records import replace
from xats_tui.screens.data.coordinator import CoordinatorSource
from xats_tui.screens.data.snapshot import Slice, Snapshot
from xats_tui.screens.data.targets import log_of
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.paging import long_lists
from xats_tui.screens.paging.long_lists import LONG_LISTS, LongList
from xats_tui.screens.paging.window import PAGE_ENTRIES, ListWindow, Step, Windows

MESSAGES = 100_400

NUMBERS = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?) "
SENT = "strftime('%Y-%m-%dT%H:%M:%fZ', 1780000000 + n, 'unixepoch')"

KEYS: dict[str, Callable[[Any], object]] = {
    "messages": lambda one: one.id,
    "wakes": lambda one: one.key,
    "tasks": lambda one: one.task.id,
    "history": lambda one: (type(one).__name__, getattr(one, "event_id", None) or getattr(one, "activity_id", None)),
}


def fill(sql: Sql, number: int) -> None:
    """Store messages with their events, wakes, tasks and actions; the third message has a word of its own."""
    sql(
        f"{NUMBERS} INSERT INTO events (event_id, from_team, to_team, event_type, actor_agent_id, payload, created_at) "
        f"SELECT n, 'shop', 'shop', 'message_sent', 'ann', '{{}}', {SENT} FROM numbers",
        number,
    )
    sql(
        f"{NUMBERS} INSERT INTO messages (id, event_id, from_team, to_team, from_agent_id, to_agent_id, body, "
        f"need_reply, sent_at, read_at) SELECT 'm' || n, n, 'shop', 'shop', 'ann', iif(n % 5, 'bob', '{OPERATOR_ID}'), "
        f"iif(n = 3, 'the planted needle', 'number ' || n), 0, {SENT}, {SENT} FROM numbers",
        number,
    )


def fill_others(sql: Sql, number: int) -> None:
    sql(
        f"{NUMBERS} INSERT INTO message_delivery_status (message_id, agent_id, wake_status, updated_at, queued_at, "
        f"recipient_message_id) SELECT 'm' || n, 'bob', 'delivered', {SENT}, {SENT}, 'm' || n FROM numbers",
        number,
    )
    sql(
        f"{NUMBERS} INSERT INTO tasks (id, team, title, status, depends_on, created_at) "
        f"SELECT 't' || n, 'shop', 'task ' || n, iif(n % 9, 'completed', 'pending'), '[]', {SENT} FROM numbers",
        number,
    )
    sql(
        f"{NUMBERS} INSERT INTO activity (at, actor, verb, detail) SELECT {SENT}, 'operator', 'poke', '' FROM numbers",
        number,
    )


async def loaded(source: CoordinatorSource) -> Snapshot:
    """Return a snapshot of the lists."""
    return Snapshot(**await source.load(Slice, ()))


def everything(_: object) -> bool:
    return True


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_the_hundred_thousandth_message_back_is_found_by_a_word_and_by_going_back(
    coordinator: CoordinatorThread, sql: Sql
) -> None:
    fill(sql, MESSAGES)
    source = CoordinatorSource(coordinator)
    async with dashboard(coordinator) as pilot:
        await open_mode(pilot, Mode.MESSAGES)
        await shows(pilot, f"300 of {MESSAGES:,}")
        await pilot.press("slash")
        await put(pilot, "needle")
        await pilot.press("enter")
        await until(pilot, lambda: names(pilot) == ["3"])
        await pilot.press("escape")
        await until(pilot, lambda: names(pilot)[-1] == "1")
        assert table(pilot).chosen == "3"
        await pilot.press("escape", "slash")
        await put(pilot, "no-such-word")
        await pilot.press("enter")
        await shows(pilot, "no message matches “no-such-word”, however old")

    snapshot, window = await loaded(source), ListWindow(long_lists.MESSAGES)
    steps = 0
    while "m3" not in {one.id for one in window.shown(snapshot).stream}:
        assert await window.go_older(source, snapshot, everything) is Step.FOUND
        steps += 1
    assert steps > 900
    assert len(window.shown(snapshot).stream) == 3 * PAGE_ENTRIES


@pytest.mark.slow
async def test_a_search_says_how_far_it_has_looked_and_escape_stops_it(
    coordinator: CoordinatorThread, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(sql, 30_000)
    monkeypatch.setattr("xats_tui.backend.store.lists.messages.SEARCHED_EVENTS", 2)
    async with dashboard(coordinator) as pilot:
        await open_mode(pilot, Mode.MESSAGES)
        await shows(pilot, "300 of 30,000")
        await pilot.press("slash")
        await put(pilot, "needle")
        await pilot.press("enter")
        await until(pilot, lambda: "back to" in text(pilot) and "looking on" in text(pilot))  # a first step was taken
        await pilot.press("escape")
        await shows(pilot, "o looks on")
        stopped_at = text(pilot)
        await settled(pilot)
        assert "looking on" not in text(pilot)
        await pilot.press("o")
        await until(pilot, lambda: text(pilot) != stopped_at)


@pytest.mark.slow
@pytest.mark.parametrize("listed", LONG_LISTS, ids=lambda listed: listed.parts[0].value)
async def test_a_window_shows_every_entry_on_its_way_back_and_ends_at_the_newest(
    coordinator: CoordinatorThread, sql: Sql, listed: LongList
) -> None:
    fill(sql, 2000)
    fill_others(sql, 1000)
    source, window, key = CoordinatorSource(coordinator), ListWindow(listed), KEYS[listed.name]
    snapshot = await loaded(source)

    def shown() -> list[object]:
        made = window.shown(snapshot)
        return [key(one) for part in listed.parts for one in getattr(made, part.value)]

    met, number = set(shown()), 0
    while await window.go_older(source, snapshot, everything) is Step.FOUND:
        assert met & set(shown())  # pages overlap: the row under the cursor stays
        met |= set(shown())
        number += 1
        assert number < 100
    expected = {"stream": 2000, "inbox": 400, "wakes": 1000, "tasks": 1000, "events": 3000}[listed.parts[0].value]
    assert len(met) == expected
    back = set(shown())
    while await window.go_newer(source, everything) is Step.FOUND:
        back |= set(shown())
    assert not window.is_open
    assert back | set(shown()) == met


@pytest.mark.slow
async def test_a_window_that_continues_the_newest_entries_takes_over_what_leaves_them(
    coordinator: CoordinatorThread, sql: Sql
) -> None:
    fill(sql, 1000)
    source, windows = CoordinatorSource(coordinator), Windows()
    window = windows.of(long_lists.MESSAGES)
    window.limit(Wanted(words=("number 6",)))
    snapshot = await loaded(source)
    assert await window.go_older(source, snapshot, everything) is Step.FOUND
    assert window.is_joined
    newest = [one.event_id for one in window.shown(snapshot).stream if one.event_id > 700]
    assert newest == list(range(1000, 700, -1))

    sql("UPDATE messages SET body = 'number 6' WHERE event_id = 705")
    sql(
        f"{NUMBERS} INSERT INTO messages (id, event_id, from_team, to_team, from_agent_id, to_agent_id, body, sent_at) "
        f"SELECT 'x' || n, n + 1000, 'shop', 'shop', 'ann', 'bob', 'new', {SENT} FROM numbers",
        50,
    )
    windows.mark({Scope.MESSAGES})
    assert window.is_stale
    later = await loaded(source)
    await window.reload(source, later, everything)

    ids = [one.event_id for one in window.shown(later).stream]
    assert 705 in ids
    assert ids == sorted(set(ids), reverse=True)


@pytest.mark.slow
async def test_a_team_without_newest_messages_is_looked_for_in_the_store(
    coordinator: CoordinatorThread, sql: Sql
) -> None:
    fill(sql, 2000)
    sql("UPDATE messages SET from_team = 'docs', to_team = 'docs' WHERE event_id = 7")
    async with dashboard(coordinator) as pilot:
        await open_mode(pilot, Mode.MESSAGES)
        await shows(pilot, "300 of 2,000")
        pilot.app._desk.scope.team = "docs"  # type: ignore[attr-defined]
        await until(pilot, lambda: names(pilot) == ["7"])
        pilot.app._desk.scope.team = "away"  # type: ignore[attr-defined]
        await shows(pilot, "Nothing of team away here")


@pytest.mark.slow
async def test_what_is_in_memory_only_stands_among_the_entries_of_its_time(
    coordinator: CoordinatorThread, sql: Sql
) -> None:
    fill(sql, 1000)
    source, window = CoordinatorSource(coordinator), ListWindow(long_lists.HISTORY)
    snapshot = await loaded(source)
    old = TmuxCommand(
        number=1, at=snapshot.events[-1].at - timedelta(minutes=3), what="paste x", pane=PaneRef("", "%1")
    )
    snapshot = replace(snapshot, commands=(old,))
    assert old not in log_of(snapshot)  # older than what is loaded of the logs

    while old not in log_of(window.shown(snapshot)):
        assert await window.go_older(source, snapshot, everything) is Step.FOUND
    listed = log_of(window.shown(snapshot))
    assert [one.at for one in listed] == sorted((one.at for one in listed), reverse=True)
    window.limit(Wanted(states=frozenset({"tmux"})))
    assert await window.go_older(source, snapshot, everything) is Step.END
    assert old in log_of(window.shown(snapshot))
