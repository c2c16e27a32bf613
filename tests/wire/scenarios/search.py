"""Searching one's own mail."""

from tests.wire.producers import shows
from tests.wire.shapes import exactly, is_time
from tests.wire.world import World

FOUND = {"message_id", "event_id", "from_name", "to_name", "to_team", "sent_at", "subject", "excerpt"}

INVALID = ("since:later", "kind:letter", "is:red", "order:size", '""', "from:", "-from:bob", "x" * 1001)
"""Queries that cannot be read."""


@shows("search_messages", "ok: own mail")
async def what_one_has_sent_and_got(world: World) -> None:
    alice, bob, carol = [await world.agent(name) for name in ("alice", "bob", "carol")]
    sent = await alice.call("send_message", to_agent_name="bob", subject="Zürich", body="the order_total column")
    await alice.call("send_message", to_agent_name="carol", body="the order_total, too")
    answer = await bob.call("search_messages", query="zurich der_tot from:alice")

    exactly(answer, {"messages", "has_more"})
    (found,) = answer["messages"]
    exactly(found, FOUND | {"unread"})
    assert is_time(found["sent_at"])
    assert (found["message_id"], found["event_id"]) == (sent["message_id"], sent["event_id"])
    assert (found["from_name"], found["to_name"], found["subject"]) == ("alice", "bob", "Zürich")
    assert (found["excerpt"], found["unread"], answer["has_more"]) == ("the order_total column", True, False)
    both = await alice.call("search_messages", query="order_total")
    assert [one["to_name"] for one in both["messages"]] == ["carol", "bob"]
    assert not any("unread" in one for one in both["messages"])
    assert len((await bob.call("get_inbox"))["messages"]) == 1
    assert len((await carol.call("search_messages", query="order_total"))["messages"]) == 1


@shows("search_messages", "ok: pages")
async def a_page_after_the_other(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob")
    for number in range(5):
        await alice.call("send_message", to_agent_name="bob", body=f"word {number}", auto_poke=False)
    first = await bob.call("search_messages", query="word", limit=3)
    exactly(first, {"messages", "has_more", "next_cursor"})
    second = await bob.call("search_messages", query="word", limit=3, cursor=first["next_cursor"])

    shown = [one["excerpt"] for one in (*first["messages"], *second["messages"])]
    assert shown == [f"word {number}" for number in (4, 3, 2, 1, 0)]
    assert second["has_more"] is False


@shows("search_messages", "ok: nothing")
async def what_nobody_has_written(world: World) -> None:
    bob = await world.agent("bob")
    assert await bob.call("search_messages", query="nothing") == {"messages": [], "has_more": False}


@shows("search_messages", "unknown_cursor")
async def a_cursor_of_no_page(world: World) -> None:
    bob = await world.agent("bob")
    answer = await bob.call("search_messages", query="word", cursor="elsewhere")
    exactly(answer, {"error", "detail"})
    assert answer["error"] == "unknown_cursor"


@shows("search_messages", "tool error: no query")
async def no_query(world: World) -> None:
    bob = await world.agent("bob")
    await bob.tool_error("search_messages", {}, "query")


@shows("search_messages", "tool error: a limit of nothing")
async def a_page_of_nothing(world: World) -> None:
    bob = await world.agent("bob")
    await bob.tool_error("search_messages", {"query": "x", "limit": 0}, "limit")


@shows("search_messages", "invalid_query")
async def queries_that_cannot_be_read(world: World) -> None:
    bob = await world.agent("bob")
    for query in INVALID:
        answer = await bob.call("search_messages", query=query)
        exactly(answer, {"error", "detail"})
        assert answer["error"] == "invalid_query"


@shows("search_messages", "unknown_name")
async def a_name_that_nobody_has(world: World) -> None:
    bob = await world.agent("bob")
    answer = await bob.call("search_messages", query="from:nobody-of-this-name")
    exactly(answer, {"error", "detail"})
    assert answer["error"] == "unknown_name"
