"""Messages to everybody or to a role, over HTTP: who gets them, once each, and how the rows are numbered."""

import json

from tests.backend.api.plain_http import browsing, call, open_session
from tests.backend.tools.letters import inbox
from tests.conftest import Connect, Sql
from xats_tui.backend.coordinator import Coordinator

LONG_AGO = "2020-01-01T00:00:00.000Z"


async def test_a_broadcast_reaches_everybody_else_in_the_team_who_is_online(
    register: Connect, backend: Coordinator, sql: Sql
) -> None:
    async with browsing(backend) as http:  # no standing stream shows that this one is there
        away = call("register_agent", name="away", client="custom", model="m")
        await http.post("/mcp", json=away, headers=await open_session(http))
    alice, bob, carol = await register("alice"), await register("bob", role="qa"), await register("carol")
    stranger = await register("stranger", team="blue")
    sql("UPDATE agents SET last_seen_at = ? WHERE name = 'away'", LONG_AGO)
    sent = await alice.call("broadcast", body="all hands", subject="S")
    (received,) = (await bob.call("get_inbox"))["messages"]

    assert sent["recipients"] == [bob.agent_id, carol.agent_id]
    assert {reason["reason"] for reason in sent["poke_skip_reasons"]} == {"no_pane"}
    assert (received["to_role"], received["need_reply"], received["subject"]) == ("*broadcast*", False, "S")
    for left_out in (alice, stranger):
        assert await inbox(left_out) == []


async def test_the_rows_of_a_broadcast_share_event_time_and_base_id(register: Connect, sql: Sql) -> None:
    alice = await register("alice")
    await register("bob")
    await register("carol")
    sent = await alice.call("broadcast", body="x", auto_poke=False)

    base = sent["message_id"]
    assert sql("SELECT id, event_id, sent_at FROM messages ORDER BY id") == [
        (base, sent["event_id"], sent["sent_at"]),
        (f"{base}-1", sent["event_id"], sent["sent_at"]),
    ]


async def test_the_status_of_a_broadcast_has_a_row_for_each_recipient(register: Connect) -> None:
    alice, bob, carol = await register("alice"), await register("bob"), await register("carol")
    base = (await alice.call("broadcast", body="x"))["message_id"]
    whole = await alice.call("get_delivery_status", message_id=base)
    part = await alice.call("get_delivery_status", message_id=f"{base}-1")

    assert [row["agent_id"] for row in whole["statuses"]] == sorted([bob.agent_id, carol.agent_id])
    assert [row["agent_id"] for row in part["statuses"]] == [carol.agent_id]


async def test_a_broadcast_to_a_role_reaches_those_who_have_it(register: Connect, sql: Sql) -> None:
    alice, bob = await register("alice", role="qa"), await register("bob", role="qa")
    carol = await register("carol", role="dev")
    sent = await alice.call("broadcast_to_role", to_role="qa", body="test it")
    ((payload,),) = sql("SELECT payload FROM events")

    assert sent["recipients"] == [bob.agent_id]
    assert json.loads(payload) == {"to_role": "qa", "recipients": [bob.agent_id], "subject": None}
    assert await inbox(carol) == []


async def test_a_broadcast_to_nobody_is_refused(register: Connect, sql: Sql) -> None:
    alice = await register("alice")

    assert await alice.call("broadcast", body="x") == {"error": "unknown_recipient"}
    assert await alice.call("broadcast_to_role", to_role="qa", body="x") == {"error": "unknown_recipient"}
    assert sql("SELECT count(*) FROM events") == [(0,)]


async def test_w11_a_role_broadcast_is_seen_once_and_by_its_recipients_only(register: Connect) -> None:
    alice = await register("alice", role="qa")
    bob, carol = await register("bob", role="qa"), await register("carol", role="qa")
    await alice.call("broadcast_to_role", to_role="qa", body="once", auto_poke=False)
    late = await register("late", role="qa")
    marked = await register("marked", role="*broadcast*")

    assert [await inbox(one, since_event_id=0) for one in (bob, carol)] == [["once"], ["once"]]
    assert [await inbox(one, since_event_id=0) for one in (alice, late, marked)] == [[], [], []]


async def test_w23_a_channel_proxy_is_no_recipient_of_a_broadcast(register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob")
    await register("channel-proxy-1", role="__channel_proxy__")

    assert (await alice.call("broadcast", body="x"))["recipients"] == [bob.agent_id]


async def test_w7_a_damaged_delivery_harms_its_own_agent_only(register: Connect, sql: Sql) -> None:
    alice, bob, carol = await register("alice"), await register("bob"), await register("carol")
    sql("UPDATE agents SET delivery_kind = 'carrier-pigeon', delivery_payload = '{' WHERE name = 'bob'")

    assert len((await alice.call("list_agents"))["agents"]) == 3
    assert (await alice.call("broadcast", body="x"))["recipients"] == [bob.agent_id, carol.agent_id]
    assert (await alice.call("send_message", to_agent_name="bob", body="y"))["recipients"] == [bob.agent_id]
    assert await inbox(bob) == ["x", "y"]
