"""Reading one's mail, and learning what became of the mail that one sent."""

from tests.wire.producers import shows
from tests.wire.shapes import DELIVERY, INBOX, INBOX_WITH_MORE, MESSAGE, STATUS, exactly, is_time
from tests.wire.world import World


@shows("get_inbox", "ok: unread")
async def new_mail(world: World) -> None:
    alice, bob = await world.agent("alice", role="lead"), await world.agent("bob")
    first = await alice.call("send_message", to_agent_name="bob", subject="s", body="one")
    second = await alice.call("send_message", to_agent_name="bob", body="two", need_reply=False)
    inbox = await bob.call("get_inbox")

    exactly(inbox, INBOX)
    assert (inbox["has_more"], inbox["last_event_id"]) == (False, second["event_id"])
    for message in inbox["messages"]:
        exactly(message, MESSAGE)
        assert is_time(message["sent_at"])
    one, two = inbox["messages"]
    assert one == one | {
        "id": first["message_id"],
        "event_id": first["event_id"],
        "from_team": world.team,
        "to_team": world.team,
        "from_agent_id": alice.agent_id,
        "to_agent_id": bob.agent_id,
        "to_role": None,
        "subject": "s",
        "body": "one",
        "need_reply": True,
        "from_role": "lead",
        "from_name": "alice",
    }
    assert (two["subject"], two["need_reply"]) == (None, False)


@shows("get_inbox", "ok: empty")
async def no_mail(world: World) -> None:
    bob = await world.agent("bob")
    assert await bob.call("get_inbox") == {"messages": [], "has_more": False, "last_event_id": 0}
    assert await bob.call("get_inbox", since_event_id=7) == {"messages": [], "has_more": False, "last_event_id": 7}


@shows("get_inbox", "ok: history")
async def old_mail(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob")
    sent = [(await alice.call("send_message", to_agent_name="bob", body=str(one)))["event_id"] for one in range(3)]
    for _ in range(2):
        everything = await bob.call("get_inbox", since_event_id=0)
        assert [message["body"] for message in everything["messages"]] == ["0", "1", "2"]
    later = await bob.call("get_inbox", since_event_id=sent[0], limit=1)
    assert [message["body"] for message in later["messages"]] == ["1"]
    assert (later["has_more"], later["last_event_id"]) == (True, sent[1])
    assert len((await bob.call("get_inbox"))["messages"]) == 3
    await bob.call("list_agents")
    assert (await bob.call("get_inbox"))["messages"] == []
    assert len((await bob.call("get_inbox", since_event_id=0))["messages"]) == 3


@shows("get_inbox", "ok: pages")
async def mail_in_pages(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob")
    for number in range(55):
        await alice.call("send_message", to_agent_name="bob", body=str(number), auto_poke=False)
    first = await bob.call("get_inbox")
    second = await bob.call("get_inbox")

    assert (len(first["messages"]), first["has_more"]) == (50, True)
    assert (len(second["messages"]), second["has_more"]) == (5, False)
    assert [message["body"] for page in (first, second) for message in page["messages"]] == [
        str(number) for number in range(55)
    ]
    capped = await bob.call("get_inbox", since_event_id=0, limit=10_000)
    assert (len(capped["messages"]), capped["has_more"]) == (55, False)


@shows("get_inbox", "ok: a broadcast's rows")
async def mail_of_one_event_in_small_pages(world: World) -> None:
    agents = [await world.agent(name, role="worker") for name in ("alice", "bob", "carol")]
    await agents[0].call("broadcast_to_role", to_role="worker", body="x", auto_poke=False)
    for agent, expected in zip(agents, (0, 1, 1), strict=True):
        page = await agent.call("get_inbox", since_event_id=0, limit=1)
        assert len(page["messages"]) == expected
        assert page["has_more"] is False
        assert all(message["to_agent_id"] == agent.agent_id for message in page["messages"])


@shows("get_inbox", "ok: a long message in parts")
@shows("get_inbox", "unknown_part")
@shows("get_inbox", "tool error: a part of new mail")
async def a_message_longer_than_an_answer(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob")
    body = "a line\n" * 5_000
    await alice.call("send_message", to_agent_name="bob", body=body, auto_poke=False)
    first = await bob.call("get_inbox")
    exactly(first, INBOX_WITH_MORE)
    exactly(first["messages"][0], MESSAGE | {"part"})
    assert (first["messages"][0]["part"], first["has_more"], first["waiting"]) == ("1 of 2", True, 1)
    second = await bob.call("get_inbox")
    exactly(second, INBOX)
    assert second["messages"][0]["part"] == "2 of 2"
    assert first["messages"][0]["body"] + second["messages"][0]["body"] == body

    look = await bob.call("get_inbox", since_event_id=0)
    exactly(look, INBOX | {"next_part"})
    assert look["next_part"] == {"since_event_id": 0, "part": 2}
    assert (await bob.call("get_inbox", since_event_id=0, part=2))["messages"] == second["messages"]
    assert (await bob.call("get_inbox", since_event_id=0, part=3))["error"] == "unknown_part"
    await bob.tool_error("get_inbox", {"part": 2}, "part goes with since_event_id")


@shows("get_inbox", "tool error: a limit of nothing")
async def a_page_of_nothing(world: World) -> None:
    bob = await world.agent("bob")
    for limit in (0, -1, -200):
        await bob.tool_error("get_inbox", {"limit": limit}, "limit")


@shows("get_inbox", "tool error: a limit that is no integer")
async def a_page_of_a_half(world: World) -> None:
    bob = await world.agent("bob")
    for limit in (1.5, "1.5", "ten", "1_0", True, "true"):
        await bob.tool_error("get_inbox", {"limit": limit}, "limit")


@shows("get_inbox", "tool error: a cursor before the start")
async def a_cursor_before_the_start(world: World) -> None:
    bob = await world.agent("bob")
    for cursor in (-1, 2**63, "-1", "0x0"):
        await bob.tool_error("get_inbox", {"since_event_id": cursor}, "since_event_id")


@shows("get_delivery_status", "unknown_cursor")
async def a_status_from_nowhere_on(world: World) -> None:
    alice = await world.agent("alice")
    await world.agent("bob")
    sent = await alice.call("send_message", to_agent_name="bob", body="x")
    answer = await alice.call("get_delivery_status", message_id=sent["message_id"], cursor="nobody")
    assert answer["error"] == "unknown_cursor"


@shows("get_delivery_status", "ok: skipped")
async def the_status_of_a_message(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob")
    message_id = (await alice.call("send_message", to_agent_name="bob", body="x"))["message_id"]
    answer = await alice.call("get_delivery_status", message_id=message_id)

    exactly(answer, DELIVERY)
    assert answer["message_id"] == message_id
    (status,) = answer["statuses"]
    exactly(status, STATUS)
    assert status == status | {
        "agent_id": bob.agent_id,
        "wake_status": "skipped",
        "skip_reason": "no_pane",
        "retry_attempts": 0,
        "delivered_at": None,
    }
    assert is_time(status["updated_at"])


@shows("get_delivery_status", "ok: from a new session of the sender")
async def the_status_in_a_new_session(world: World) -> None:
    alice, _ = await world.agent("alice"), await world.agent("bob")
    message_id = (await alice.call("send_message", to_agent_name="bob", body="x"))["message_id"]
    again = await world.agent("alice")
    assert len((await again.call("get_delivery_status", message_id=message_id))["statuses"]) == 1


@shows("get_delivery_status", "unknown_message: none of that id")
async def the_status_of_nothing(world: World) -> None:
    alice = await world.agent("alice")
    assert await alice.call("get_delivery_status", message_id="nothing") == {"error": "unknown_message"}


@shows("get_delivery_status", "unknown_message: of another sender")
async def the_status_for_the_recipient(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob")
    message_id = (await alice.call("send_message", to_agent_name="bob", body="x"))["message_id"]
    assert await bob.call("get_delivery_status", message_id=message_id) == {"error": "unknown_message"}


@shows("get_delivery_status", "tool error: no id")
async def the_status_of_what(world: World) -> None:
    await (await world.agent("alice")).tool_error("get_delivery_status", {}, "message_id")
