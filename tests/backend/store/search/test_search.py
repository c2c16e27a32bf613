"""Search: everything that is stored is found by its words, whether or not the index has it yet."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.backend.store.search.library import BEGINNING, Library, at, keys
from tests.fakes import FakeClock, Published
from xats_tui.backend.services.search import PATIENCE_S
from xats_tui.backend.store.search import indexing
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.search_schema import MESSAGE
from xats_tui.backend.store.upkeep import retention
from xats_tui.backend.store.upkeep.repair import empty_search_index
from xats_tui.backend.store.upkeep.salvage import salvage
from xats_tui.core.errors import Refusal, UnusableStore
from xats_tui.core.records import replace
from xats_tui.core.search.query_line import read_query
from xats_tui.core.search.records import FindQuery, FoundKind, Span

HOW_FAR = pytest.mark.parametrize("batches", [0, 2, 1_000_000], ids=["nothing", "a part", "everything"])
"""How much of what is stored the index has: documents by batches of two."""


@pytest.fixture
async def library(tmp_path: Path) -> AsyncIterator[Library]:
    async with Database.opened(tmp_path / "data.db", FakeClock(), Published()) as database:
        yield Library(database)


MATCHES = {
    "cafe": [5, 1],
    "CAFÉ": [5, 1],
    "order_total": [2],
    "der_tot": [2],
    "total": [2],
    "user": [3],
    "getuser": [3],
    "数据": [4],
    '"is the"': [2],
    "the -order_total": [1],
    "🙂": [4],
    "c++": [5],
    "zebra": [],
    "kabeltrommel": [3],
}
"""Events of the messages that each search finds."""


@HOW_FAR
async def test_a_message_is_found_by_words_parts_of_words_and_phrases(library: Library, batches: int) -> None:
    await library.message("le Café on the corner")
    await library.message("ORDER_TOTAL is the column")
    await library.message("getUser() fails", subject="Kabeltrommel")
    await library.message("这里有数据库 🙂")
    await library.message("a cafe in C++")
    await library.fill(batches, most=2)

    found = {line: await library.found(f"{line} kind:message") for line in MATCHES}
    assert found == {line: [f"m{number}-0" for number in numbers] for line, numbers in MATCHES.items()}


@HOW_FAR
async def test_every_kind_is_found_and_leads_to_its_place(library: Library, batches: int) -> None:
    await library.agent("agent-id", "needle")
    await library.event("task_added", '{"title": "needle", "task_id": "T"}', actor="A")
    await library.do(
        "INSERT INTO activity (at, actor, verb, detail) VALUES (?, 'operator', 'poke', 'a needle')", (at(2),)
    )
    await library.task("T", "a needle", "to thread")
    await library.do(
        "INSERT INTO contracts (team, name, version, format, schema, registered_by, registered_at) VALUES ('shop', "
        """'sewing', 3, 'jsonschema', '{"properties": {"box": {"properties": {"needle": {}}}}}', 'A', ?)""",
        (at(4),),
    )
    await library.message("the needle")
    await library.fill(batches, most=2)

    assert sorted(await library.found("needle")) == [
        "T",
        "agent-id",
        "event:1",
        "m2-0",
        "operator:1",
        "sewing v3",
    ]
    assert await library.found("box.needle") == ["sewing v3"]
    assert await library.found("needle kind:task,agent") == ["T", "agent-id"]


async def test_what_happened_to_a_task_is_told_with_its_title_instead_of_its_id(library: Library) -> None:
    await library.task("T-1", "migrate the table")
    await library.event("task_completed", '{"task_id": "T-1", "result": "built"}')
    await library.event("task_completed", '{"task_id": "T-2", "result": "built"}')
    hits = (await library.page("built kind:activity")).hits
    assert [(hit.title, hit.excerpt) for hit in hits] == [
        ("task completed", "T-2 built"),
        ("task completed: migrate the table", "built"),
    ]
    assert await library.found("T-1 kind:activity") == ["event:1"]


@HOW_FAR
async def test_a_search_is_narrowed_to_people_teams_times_and_unread_messages(library: Library, batches: int) -> None:
    for agent_id, name, team in (("A", "alice", "shop"), ("B", "bob", "shop"), ("C", "bob", "bank")):
        await library.agent(agent_id, name, team)
    await library.message("word", sender="A", recipients=("B",))
    await library.message("word", sender="B", recipients=("A",))
    await library.message("word", sender="C", recipients=("A",), team="bank")
    await library.message("word", sender="A", recipients=("B", "C"))
    await library.do("UPDATE messages SET read_at = '' WHERE event_id <> 2")
    await library.fill(batches, most=2)

    assert await library.found("word from:alice") == ["m4-0", "m1-0"]
    assert await library.found("word from:bob") == ["m3-0", "m2-0"]
    assert await library.found("word from:bob@bank") == ["m3-0"]
    assert await library.found("word to:bob@bank") == ["m4-1"]
    assert await library.found("team:bank") == ["C", "m3-0"][::-1]
    assert await library.found(f"word since:{at(2)} before:{at(4)}") == ["m3-0", "m2-0"]
    assert await library.found("is:unread") == ["m2-0"]
    with pytest.raises(Refusal) as refused:
        await library.found("from:nobody")
    assert refused.value.code == "unknown_agent"


async def test_an_agent_finds_its_own_mail_only_though_anothers_id_ends_like_its_own(library: Library) -> None:
    one, other = "one-aaaa-bbbbbbbbbbbb", "two-aaaa-bbbbbbbbbbbb"
    await library.message("word", sender=one, recipients=("B",))
    await library.message("word", sender="B", recipients=("C", one))
    await library.message("word", sender=other, recipients=("B", other))
    await library.task("T", "word")
    query = read_query("word", BEGINNING)

    before = await library.search.find_own(one, query)
    await library.fill()

    assert keys(before.hits) == keys((await library.search.find_own(one, query)).hits) == ["m2-1", "m1-0"]
    assert [hit.is_unread for hit in before.hits] == [True, False]


@HOW_FAR
async def test_an_agents_unread_mail_is_what_it_has_got_and_not_read(library: Library, batches: int) -> None:
    await library.message("word", sender="A", recipients=("B", "A"))
    await library.message("word", sender="A", recipients=("B",))
    await library.message("word", sender="B", recipients=("C", "A"))
    await library.message("word", sender="B", recipients=("A",))
    await library.do("UPDATE messages SET read_at = '' WHERE id IN ('m3-0', 'm4-0')")
    await library.fill(batches, most=2)

    found = await library.search.find_own("A", read_query("word is:unread", BEGINNING))

    assert [(hit.key, hit.is_unread) for hit in found.hits] == [("m3-1", True), ("m1-1", True)]


async def test_people_read_equal_names_of_several_teams_with_their_teams(library: Library) -> None:
    for agent_id, name, team in (("A", "bob", "shop"), ("B", "Bob", "bank"), ("C", "carl", "shop")):
        await library.agent(agent_id, name, team)
    await library.message("word", sender="A", recipients=("B",), team="bank")
    await library.message("word", sender="C", recipients=("A",))

    hits = (await library.page("word")).hits
    own = (await library.search.find_own("A", read_query("word", BEGINNING))).hits

    assert [(hit.who, hit.to) for hit in hits] == [("carl", "bob@shop"), ("bob@shop", "Bob@bank")]
    assert [(hit.who, hit.to) for hit in own] == [("carl", "bob"), ("bob", "Bob")]


async def test_a_broadcast_is_one_hit(library: Library) -> None:
    await library.message("to all", recipients=("B", "C", "D"))

    (hit,) = (await library.page("all")).hits

    assert (hit.to, hit.is_unread, hit.event_id) == ("3 agents", True, 1)
    assert hit.excerpt_spans == (Span(3, 3),)


@HOW_FAR
@pytest.mark.parametrize("order", ["time", "rank"])
async def test_pages_give_every_hit_once_though_more_is_stored_and_indexed_meanwhile(
    library: Library, batches: int, order: str
) -> None:
    for number in range(9):
        await library.message("word")
        await library.task(f"T{number}", "word")
    await library.fill(batches, most=2)
    query = replace(read_query(f"word order:{order}", BEGINNING), limit=4)

    page = await library.search.find(query)
    seen = keys(page.hits)
    while page.next_cursor is not None:
        await library.fill(1, most=2)
        page = await library.search.find(replace(query, cursor=page.next_cursor))
        seen += keys(page.hits)

    assert sorted(seen) == sorted(
        {*(f"m{number}-0" for number in range(1, 10)), *(f"T{number}" for number in range(9))}
    )


async def test_a_cursor_that_no_page_has_given_is_refused(library: Library) -> None:
    for cursor in ("x", "0-", "9-9-9", "0-1; --", "best-x"):
        with pytest.raises(Refusal) as refused:
            await library.search.find(FindQuery(cursor=cursor))
        assert refused.value.code == "unknown_cursor"


async def test_a_cursor_beyond_every_number_begins_at_the_newest(library: Library) -> None:
    await library.message("letter")

    page = await library.search.find(FindQuery(cursor=f"{MESSAGE}-{'9' * 19}"))

    assert [hit.event_id for hit in page.hits] == [1]


async def test_the_better_match_comes_first_by_rank(library: Library) -> None:
    await library.message("an order", subject="order")
    await library.message("reordered")

    assert await library.found("order order:rank") == ["m1-0", "m2-0"]


SYNTAX = ('"', "*", "NEAR(word", "OR", "AND word", "^word", "text:word", "{text} : word", "word*", "(", "-", "'", "%_")
"""What FTS5 or LIKE would take as syntax."""


@pytest.mark.parametrize("batches", [0, 1_000_000], ids=["not indexed", "indexed"])
async def test_what_fts5_takes_as_syntax_is_a_word(library: Library, batches: int) -> None:
    numbers = [await library.message(f"a {word} b") for word in SYNTAX]
    await library.message("something else")
    await library.fill(batches)

    for word, number in zip(SYNTAX, numbers, strict=True):
        found = await library.found(f"{word} kind:message")
        assert f"m{number}-0" in found, word
        assert f"m{numbers[-1] + 1}-0" not in found, word


async def test_a_part_of_more_words_than_an_expression_names_is_found_all_the_same(library: Library) -> None:
    await library.message(" ".join(f"x{number}needle" for number in range(500)))
    await library.message("other")
    await library.fill()

    assert await library.found("needle") == ["m1-0"]
    assert await library.found("needle other") == []


async def test_a_search_that_stops_after_its_time_says_how_far_it_has_looked_and_goes_on(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    await library.message("the needle")
    await library.hay(1200)
    clock = library.search._clock
    assert isinstance(clock, FakeClock)
    read = Database.read

    async def slowly(database: Database, work: Callable[[sqlite3.Connection], object]) -> object:
        clock.advance(PATIENCE_S / 2)
        return await read(database, work)

    monkeypatch.setattr(Database, "read", slowly)
    monkeypatch.setattr("xats_tui.backend.services.search.STEP_S", 0.0)
    query = read_query("needle kind:message", BEGINNING)

    page = await library.search.find(query)

    assert (page.hits, page.is_complete) == ((), False)
    assert page.next_cursor is not None
    assert page.looked_back_to == BEGINNING + timedelta(minutes=2)
    assert page.indexed_percent == 0
    monkeypatch.undo()
    page = await library.search.find(replace(query, cursor=page.next_cursor))
    assert (keys(page.hits), page.is_complete) == (["m1-0"], True)


async def test_an_old_file_is_filled_newest_first_and_goes_on_after_an_interruption(tmp_path: Path) -> None:
    path = tmp_path / "data.db"
    async with Database.opened(path, FakeClock(), Published()) as database:
        old = Library(database)
        await old.message("the needle")
        for _ in range(20):
            await old.message("hay")
        await database.write_whole(indexing.start_again)
        assert (await old.page("hay")).indexed_percent == 0
        await old.fill(4, most=2)
        await old.message("a new needle")
    async with Database.opened(path, FakeClock(), Published()) as database:
        reopened = Library(database)
        page = await reopened.page("needle")

        assert keys(page.hits) == ["m22-0", "m1-0"]
        assert 0 < page.indexed_percent < 100
        await reopened.check()
        await reopened.fill(most=2)
        assert (await reopened.page("needle")).indexed_percent == 100
        assert await reopened.found("needle") == ["m22-0", "m1-0"]
        await reopened.check()


async def test_an_index_that_was_emptied_is_filled_again(tmp_path: Path) -> None:
    path = tmp_path / "data.db"
    async with Database.opened(path, FakeClock(), Published()) as database:
        library = Library(database)
        await library.message("the needle")
        await library.task("T", "a needle")
        await library.fill()
        with pytest.raises(UnusableStore):
            empty_search_index(path, BEGINNING)
    empty_search_index(path, BEGINNING)
    async with Database.opened(path, FakeClock(), Published()) as database:
        emptied = Library(database)
        assert (await emptied.page("needle")).indexed_percent == 0
        assert sorted(await emptied.found("needle")) == ["T", "m1-0"]
        await emptied.fill()
        assert sorted(await emptied.found("needle")) == ["T", "m1-0"]
        await emptied.check()


async def test_what_is_saved_from_a_damaged_file_is_found(tmp_path: Path) -> None:
    async with Database.opened(tmp_path / "data.db", FakeClock(), Published()) as database:
        library = Library(database)
        await library.agent("agent-id", "needle")
        await library.message("the needle")
        await library.fill()
    salvage(tmp_path / "data.db", tmp_path / "new.db", BEGINNING)
    async with Database.opened(tmp_path / "new.db", FakeClock(), Published()) as database:
        saved = Library(database)
        assert sorted(await saved.found("needle")) == ["agent-id", "m1-0"]
        await saved.fill()
        assert sorted(await saved.found("needle")) == ["agent-id", "m1-0"]
        await saved.check()


async def test_reading_by_search_marks_nothing_as_read(library: Library) -> None:
    await library.message("word")
    await library.found("word")

    rows = await library.database.fetch_all("SELECT read_at FROM messages")
    assert [row["read_at"] for row in rows] == [None]


async def test_an_index_that_differs_from_what_is_stored_fails_its_check(library: Library) -> None:
    await library.message("word")
    await library.fill()
    await library.check()
    await library.do("UPDATE messages SET body = 'another'")

    with pytest.raises(AssertionError):
        await library.check()


WORDS = ("apple", "pear", "Überraschung", "getUser", "order_total", "数据库")
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
STEPS = st.one_of(
    st.tuples(st.just("message"), TEXTS),
    st.tuples(st.just("broadcast"), TEXTS),
    st.tuples(st.just("task"), TEXTS),
    st.tuples(st.just("edit"), TEXTS),
    st.tuples(st.just("agent"), st.sampled_from(WORDS)),
    st.tuples(st.just("role"), st.sampled_from(WORDS)),
    st.tuples(st.just("event"), st.sampled_from(WORDS)),
    st.tuples(st.sampled_from(("leave", "read one", "prune", "batch", "small batch", "delete task")), st.just("")),
)


def each(*names: str) -> list[tuple[str, str]]:
    """Return steps without a text."""
    return [(name, "") for name in names]


SUBJECTS = [("task", "apple"), ("agent", "pear"), ("event", "pear")]


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=15))
@example(steps=[("broadcast", "apple"), ("message", "pear"), *each("batch", "read one", "read one", "prune", "prune")])
@example(steps=[("broadcast", "apple"), *each("batch", "read one", "read one", "read one", "prune", "prune", "prune")])
@example(steps=[*SUBJECTS, *each("batch", "batch", "batch"), ("edit", "pear"), ("role", "apple")])
@example(steps=[*SUBJECTS, *each("batch", "batch", "batch", "delete task", "leave", "prune")])
async def test_the_index_has_what_is_stored_after_any_writes_and_deletions(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("library") / "data.db"
    async with Database.opened(path, FakeClock(), Published()) as database:
        library = Library(database)
        for number, (step, text) in enumerate(steps):
            await _take(library, number, step, text)
            await library.check()
        before = [await library.found(word) for word in WORDS]
        await library.fill()
        await library.check()

        assert [await library.found(word) for word in WORDS] == before
        await database.write_whole(indexing.start_again)
        assert [await library.found(word) for word in WORDS] == before


async def _take(library: Library, number: int, step: str, text: str) -> None:
    """Take one step of a story."""
    far = BEGINNING + timedelta(days=3650)
    match step:
        case "message":
            await library.message(text)
        case "broadcast":
            await library.message(text, recipients=("B", "C", "D"))
        case "task":
            await library.task(f"T{number}", text)
        case "edit":
            await library.do("UPDATE tasks SET title = ? WHERE rowid = (SELECT max(rowid) FROM tasks)", (text,))
        case "agent":
            await library.agent(f"agent-{text}", text)
        case "role":
            await library.do("UPDATE agents SET role = ?", (text,))
        case "event":
            await library.event("task_added", f'{{"title": "{text}"}}')
        case "leave":
            await library.do("DELETE FROM agents WHERE rowid = (SELECT min(rowid) FROM agents)")
        case "delete task":
            await library.do("DELETE FROM tasks WHERE rowid = (SELECT min(rowid) FROM tasks)")
        case "read one":
            await library.do(
                "UPDATE messages SET read_at = '' WHERE rowid = (SELECT min(rowid) FROM messages WHERE read_at IS NULL)"
            )
        case "batch" | "small batch":
            await library.fill(1, most=1 if step == "small batch" else 200)
        case "prune":
            async with library.database.write() as tx:
                await retention.prune_messages(tx, far, 2)
            async with library.database.write() as tx:
                await retention.prune_events(tx, far, 1)


@pytest.mark.slow
async def test_the_hundred_thousandth_message_back_is_found_with_and_without_the_index(tmp_path: Path) -> None:
    async with Database.opened(tmp_path / "data.db", FakeClock(), Published()) as database:
        library = Library(database)
        await library.message("a needle in the hay")
        await library.hay(100_001)

        assert await library.found("needle") == ["m1-0"]
        await library.fill()
        assert await library.found("needle") == ["m1-0"]
        assert await library.found("needles") == []
        assert {hit.kind for hit in (await library.page("hay")).hits} == {FoundKind.MESSAGE}
