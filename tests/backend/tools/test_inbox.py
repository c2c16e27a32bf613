"""Reading mail, over HTTP: what comes in which order, what counts as read, and that none is lost."""

import asyncio

import pytest

from tests.backend.tools.letters import inbox, send
from tests.conftest import Connect, Sql
from tests.mcp_caller import ToolError


async def test_mail_is_unread_until_the_reader_calls_again(register: Connect, sql: Sql) -> None:
    alice, bob = await register("alice"), await register("bob")
    await send(alice, "bob")
    await bob.call("get_inbox")
    assert sql("SELECT read_at FROM messages") == [(None,)]

    await bob.call("task_list")
    assert sql("SELECT count(*) FROM messages WHERE read_at IS NOT NULL") == [(1,)]
    assert await inbox(bob) == []


async def test_unread_mail_comes_oldest_first_in_pages_that_the_next_call_turns(register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob")
    for number in range(5):
        await send(alice, "bob", str(number))
    pages = [await bob.call("get_inbox", limit=2) for _ in range(4)]

    assert [[message["body"] for message in page["messages"]] for page in pages] == [["0", "1"], ["2", "3"], ["4"], []]
    assert [page["has_more"] for page in pages] == [True, True, False, False]
    assert pages[3]["last_event_id"] == 5


async def test_a_look_at_history_marks_nothing_and_shows_what_was_read(register: Connect, sql: Sql) -> None:
    alice, bob = await register("alice"), await register("bob")
    await send(alice, "bob", "one")
    await send(alice, "bob", "two")

    assert await inbox(bob, since_event_id=0) == ["one", "two"]
    assert await inbox(bob, since_event_id=1) == ["two"]
    assert sql("SELECT count(*) FROM messages WHERE read_at IS NULL") == [(2,)]
    assert await inbox(bob) == ["one", "two"]
    assert await inbox(bob) == []
    assert await inbox(bob, since_event_id=0) == ["one", "two"]


async def test_a_look_past_the_end_leaves_the_cursor_where_it_was(register: Connect) -> None:
    bob = await register("bob")

    assert await bob.call("get_inbox", since_event_id=7) == {"messages": [], "has_more": False, "last_event_id": 7}


async def test_w12_a_page_boundary_loses_no_message(register: Connect) -> None:
    alice = await register("alice", role="qa")
    readers = [await register(name, role="qa") for name in ("bob", "carol", "dave")]
    for number in range(4):
        await alice.call("broadcast_to_role", to_role="qa", body=str(number), auto_poke=False)

    for reader in readers:
        seen, cursor, has_more = [], 0, True
        while has_more:
            page = await reader.call("get_inbox", since_event_id=cursor, limit=1)
            seen += [message["body"] for message in page["messages"]]
            cursor, has_more = page["last_event_id"], page["has_more"]
        assert seen == ["0", "1", "2", "3"]


async def test_w12_a_page_boundary_in_a_batch_of_one_instant_loses_none(register: Connect) -> None:
    alice, bob, carol = await register("alice"), await register("bob"), await register("carol")
    for number in range(7):
        await alice.call("broadcast", body=str(number), auto_poke=False)
        await send(alice, "bob", f"{number}b")

    for reader, expected in ((bob, 14), (carol, 7)):
        seen, has_more = [], True
        while has_more:
            page = await reader.call("get_inbox", limit=3)
            seen += [message["event_id"] for message in page["messages"]]
            has_more = page["has_more"]
        assert len(seen) == expected
        assert seen == sorted(set(seen))


async def test_mail_stays_unread_while_its_reader_only_looks_at_history(register: Connect, sql: Sql) -> None:
    alice, bob = await register("alice"), await register("bob")
    await send(alice, "bob")
    for _ in range(3):
        await bob.call("get_inbox", since_event_id=0)

    assert sql("SELECT count(*) FROM messages WHERE read_at IS NULL") == [(1,)]
    assert await inbox(bob) == ["hello"]


async def test_an_empty_inbox_leaves_the_cursor_at_the_newest_mail(register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob")
    assert await bob.call("get_inbox") == {"messages": [], "has_more": False, "last_event_id": 0}
    await send(alice, "bob")
    await alice.call("task_add", title="later")
    await inbox(bob)

    assert await bob.call("get_inbox") == {"messages": [], "has_more": False, "last_event_id": 1}


@pytest.mark.parametrize("arguments", [{"limit": 0}, {"limit": -1}, {"since_event_id": -1}, {"limit": 1.5}])
async def test_w25_a_limit_or_cursor_without_meaning_is_refused(
    register: Connect, arguments: dict[str, object]
) -> None:
    bob = await register("bob")

    with pytest.raises(ToolError, match=next(iter(arguments))):
        await bob.call("get_inbox", **arguments)


async def test_a_page_holds_as_many_messages_as_are_asked_for_if_there_is_room(register: Connect, sql: Sql) -> None:
    alice, bob = await register("alice"), await register("bob")
    await send(alice, "bob")
    columns = "event_id, from_team, to_team, from_agent_id, to_agent_id, body, need_reply, sent_at"
    sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250) "
        f"INSERT INTO messages (id, {columns}) SELECT 'copy-' || i, {columns} FROM messages, n"
    )

    pages = [len(await inbox(bob, limit=1000, since_event_id=0)), len(await inbox(bob, limit=20))]

    assert pages[0] < 200, "the host would not hand on so many"
    assert pages[1] == 20


async def test_mail_that_was_handed_to_a_session_which_ended_is_handed_out_again(register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob")
    await send(alice, "bob")
    assert await inbox(bob) == ["hello"]

    again = await register("bob")
    assert await inbox(again) == ["hello"]


async def test_a_call_that_was_made_before_the_answer_came_does_not_mark_its_mail_read(
    register: Connect, sql: Sql
) -> None:
    alice, bob = await register("alice"), await register("bob")
    for number in range(10):
        await send(alice, "bob", str(number))
        await asyncio.gather(bob.call("get_inbox"), bob.call("detect_tmux_pane", agent="codex"))
        assert sql("SELECT count(*) FROM messages WHERE read_at IS NULL") == [(1,)], "read before its answer was there"
        await bob.call("task_list")


async def test_fifty_concurrent_messages_are_all_there_each_once(register: Connect) -> None:
    alice, bob, carol = await register("alice"), await register("bob"), await register("carol")
    await asyncio.gather(*(send(sender, "carol", f"{n}") for n in range(25) for sender in (alice, bob)))

    assert sorted(map(int, await inbox(carol))) == sorted([*range(25), *range(25)])


async def test_w16_who_leaves_and_comes_back_finds_its_id_and_its_mail(register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob")
    await send(alice, "bob")
    assert (await bob.call("unregister_self"))["ok"] is True
    assert (await alice.call("send_message", to_agent_name="bob", body="x"))["error"] == "unknown_recipient"
    back = await register("bob")

    assert back.agent_id == bob.agent_id
    assert await inbox(back) == ["hello"]


async def test_the_name_of_a_sender_who_left_is_still_known(register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob")
    await send(alice, "bob")
    await alice.call("unregister_self")
    (message,) = (await bob.call("get_inbox"))["messages"]

    assert (message["from_name"], message["from_role"]) == ("alice", None)
