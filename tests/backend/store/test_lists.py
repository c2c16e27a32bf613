"""Lists without an end: whatever is stored is found stretch by stretch, once, in both directions."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import FakeClock, Published
from xats_tui.backend.store.lists import conditions, history, messages, tasks, totals, wakes
from xats_tui.backend.store.sql.database import Database
from xats_tui.core.model.pages import Key, Stretch, StretchRequest, Wanted

BEYOND = 2**62

Read = Callable[[Database, StretchRequest], Awaitable[Stretch[Any]]]

TOP: dict[str, tuple[Read, Key, Callable[[Any], Any]]] = {
    "messages": (messages.stretch, (BEYOND,), lambda one: one.id),
    "wakes": (wakes.stretch, ("9", BEYOND), lambda one: one.key),
    "tasks": (tasks.stretch, (1, "9", BEYOND), lambda one: one.id),
    "history": (
        history.stretch,
        (BEYOND, BEYOND),
        lambda one: (type(one).__name__, one.at, getattr(one, "about", one)),
    ),
}
"""Each list: its reader, the key above its newest entry, and what tells its entries apart."""

ENTRIES = 120


def at(number: int) -> str:
    return f"2026-11-22T14:{number // 60:02d}:{number % 60:02d}.000Z"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.opened(tmp_path / "data.db", FakeClock(), Published()) as opened:
        yield opened


async def fill(database: Database) -> None:
    """Every third message goes to three agents, several wakes and tasks share a time, the logs overlap."""
    async with database.write() as tx:
        for name in ("ann", "bob", "cid"):
            await tx.execute(
                "INSERT INTO agents (agent_id, team, role, name, registered_at, last_seen_at) "
                "VALUES (?, ?, 'x', ?, '', '')",
                (f"id-{name}", "red" if name == "ann" else "blue", name),
            )
        for n in range(ENTRIES):
            await tx.execute(
                "INSERT INTO events (event_id, from_team, to_team, event_type, actor_agent_id, payload, created_at) "
                "VALUES (?, 'red', 'red', 'message_sent', 'id-ann', '{}', ?)",
                (n + 1, at(n)),
            )
            to = ("id-ann", "id-bob", "id-cid") if n % 3 == 0 else ("id-bob",)
            for place, agent_id in enumerate(to):
                await tx.execute(
                    "INSERT INTO messages (id, event_id, from_team, to_team, from_agent_id, to_agent_id, body, "
                    "sent_at) VALUES (?, ?, 'red', 'red', 'id-ann', ?, ?, ?)",
                    (f"m{n}-{place}", n + 1, agent_id, f"number {n}", at(n)),
                )
                await tx.execute(
                    "INSERT INTO message_delivery_status (message_id, agent_id, wake_status, updated_at, queued_at, "
                    "recipient_message_id) VALUES (?, ?, 'delivered', ?, ?, ?)",
                    (f"m{n}-0", agent_id, at(n), at(n // 4), f"m{n}-{place}"),
                )
            await tx.execute(
                "INSERT INTO tasks (id, team, title, status, depends_on, created_at) VALUES (?, 'red', ?, ?, '[]', ?)",
                (f"t{n}", f"number {n}", "completed" if n % 3 else "pending", at(n // 5)),
            )
            if n % 7 == 0:
                await tx.execute(
                    "INSERT INTO activity (at, actor, verb, agent_id, detail) "
                    "VALUES (?, 'operator', 'poke', 'id-bob', ?)",
                    (at(n), f"number {n}"),
                )


async def walk(
    database: Database, name: str, key: Key, *, newer: bool = False, limit: int = 11, **wanted: Any
) -> list[Any]:
    """All that is found from a key to the end of the list, in the order of the list."""
    read, _, told = TOP[name]
    found: list[Any] = []
    while True:
        part = await read(database, StretchRequest(key=key, newer=newer, limit=limit, wanted=Wanted(**wanted)))
        names = [told(one) for one in part.entries]
        found = names + found if newer else found + names
        if part.is_last:
            return found
        assert part.reached != key
        key = part.reached


@pytest.mark.parametrize("name", TOP)
async def test_every_entry_is_found_once_in_either_direction(database: Database, name: str) -> None:
    await fill(database)
    read, top, told = TOP[name]
    whole = await read(database, StretchRequest(key=top, limit=1000))
    everything = [told(one) for one in whole.entries]

    assert len(set(everything)) == len(everything) > ENTRIES // 7
    assert whole.is_last
    assert sorted(await walk(database, name, top)) == sorted(everything)
    assert sorted(await walk(database, name, whole.reached, newer=True)) == sorted(everything)


@pytest.mark.parametrize("name", ["messages", "wakes", "tasks"])
async def test_stretches_keep_the_order_of_the_list(database: Database, name: str) -> None:
    await fill(database)
    read, top, told = TOP[name]
    whole = await read(database, StretchRequest(key=top, limit=1000))

    assert await walk(database, name, top) == [told(one) for one in whole.entries]


async def test_both_logs_come_merged_by_time(database: Database) -> None:
    await fill(database)

    walked = await walk(database, "history", TOP["history"][1])

    assert [one[1] for one in walked] == sorted((one[1] for one in walked), reverse=True)
    assert {one[0] for one in walked[:11]} == {"Activity", "LoggedEvent"}


async def test_a_letter_to_many_is_never_cut(database: Database) -> None:
    await fill(database)

    part = await messages.stretch(database, StretchRequest(key=(BEYOND,), limit=2))

    copies = {one.event_id: 0 for one in part.entries}
    for one in part.entries:
        copies[one.event_id] += 1
    assert copies == {event_id: 3 if (event_id - 1) % 3 == 0 else 1 for event_id in copies}


@pytest.mark.parametrize("name", TOP)
async def test_a_range_is_read_again_as_it_is_now(database: Database, name: str) -> None:
    await fill(database)
    read, top, told = TOP[name]
    upper = (await read(database, StretchRequest(key=top, limit=20))).reached
    part = await read(database, StretchRequest(key=upper, limit=20))

    again = await read(database, StretchRequest(key=upper, until=part.reached, limit=500))

    assert [told(one) for one in again.entries] == [told(one) for one in part.entries]
    assert again.reached == part.reached


async def test_the_end_is_said_only_when_nothing_is_left_to_look_through(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(database)
    monkeypatch.setattr(messages, "SEARCHED_EVENTS", 10)
    wanted = Wanted(words=("number 3",))

    first = await messages.stretch(database, StretchRequest(key=(91,), wanted=wanted))
    assert (first.entries, first.is_last, first.reached) == ((), False, (81,))
    assert await walk(database, "messages", (91,), words=("number 3",)) == [
        *(f"m{n}-{place}" for n in range(39, 29, -1) for place in range(1 + 2 * (n % 3 == 0))),
        "m3-0",
        "m3-1",
        "m3-2",
    ]


async def test_agents_teams_and_states_limit_a_list_in_the_store(database: Database) -> None:
    await fill(database)

    assert (
        len(await walk(database, "messages", (BEYOND,), agents=("cid",))) == ENTRIES
    )  # three copies, every third time
    assert await walk(database, "messages", (BEYOND,), team="blue") == []
    assert await walk(database, "messages", (BEYOND,), states=frozenset({"read"})) == []
    assert len(await walk(database, "messages", (BEYOND,), recipient="id-cid")) == ENTRIES // 3
    assert len(await walk(database, "wakes", ("9", BEYOND), team="red")) == ENTRIES // 3
    assert len(await walk(database, "tasks", (1, "9", BEYOND), states=frozenset({"pending"}))) == ENTRIES // 3
    history_key = (BEYOND, BEYOND)
    assert len(await walk(database, "history", history_key, states=frozenset({"operator"}))) == 18
    assert len(await walk(database, "history", history_key, states=frozenset({"message"}))) == ENTRIES
    assert await walk(database, "history", history_key, states=frozenset({"tmux"})) == []


async def test_totals_count_only_what_came_since_the_last_count(database: Database) -> None:
    assert (await totals.count(database)).totals.messages == 0
    await fill(database)
    first = await totals.count(database)
    assert first.totals.tasks == ENTRIES
    assert first.totals.activity == ENTRIES + 18
    async with database.write() as tx:
        await tx.execute(
            "INSERT INTO tasks (id, team, title, status, depends_on, created_at) "
            "VALUES ('x', 'red', 'x', 'pending', '[]', '')"
        )
    assert (await totals.count(database, first)).totals.tasks == ENTRIES + 1


def test_without_conditions_everything_is_wanted() -> None:
    assert str(conditions.Conditions()) == "TRUE"
