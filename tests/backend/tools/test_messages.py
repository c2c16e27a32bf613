"""Messages from one agent to another, over HTTP: what the tools answer, what is stored, what counts as read."""

import json

import pytest

from tests.backend.tools.letters import inbox, send
from tests.conftest import Connect, Sql
from xats_tui.settings import Settings

LONG_AGO = "2020-01-01T00:00:00.000Z"


async def test_a_message_is_in_its_recipients_inbox_with_everything_that_belongs_to_it(register: Connect) -> None:
    alice, bob = await register("alice", role="lead"), await register("bob")
    sent = await alice.call("send_message", to_agent_name="bob", subject="Review", body="Please.", need_reply=False)
    received = await bob.call("get_inbox")

    assert received == {
        "messages": [
            {
                "id": sent["message_id"],
                "event_id": sent["event_id"],
                "from_team": "default",
                "to_team": "default",
                "from_agent_id": alice.agent_id,
                "from_name": "alice",
                "from_role": "lead",
                "to_agent_id": bob.agent_id,
                "to_role": None,
                "subject": "Review",
                "body": "Please.",
                "need_reply": False,
                "sent_at": sent["sent_at"],
            }
        ],
        "has_more": False,
        "last_event_id": sent["event_id"],
    }
    assert sent["recipients"] == [bob.agent_id]


async def test_an_agent_without_a_pane_is_not_woken_and_the_answer_says_so(register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob")
    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    assert sent["poked"] is False
    assert sent["retry_scheduled"] is False
    assert "retry_delays_s" not in sent
    (reason,) = sent["poke_skip_reasons"]
    assert (reason["agent_id"], reason["reason"]) == (bob.agent_id, "no_pane")


async def test_a_message_to_oneself_wakes_nobody(register: Connect) -> None:
    alice = await register("alice")
    sent = await alice.call("send_message", to_agent_name="alice", body="note")

    assert [one["reason"] for one in sent["poke_skip_reasons"]] == ["self"]
    assert await inbox(alice) == ["note"]


async def test_auto_poke_false_stores_the_message_and_wakes_nobody(register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob")
    sent = await alice.call("send_message", to_agent_name="bob", body="hello", auto_poke=False)
    status = await alice.call("get_delivery_status", message_id=sent["message_id"])

    assert sent == {
        "message_id": sent["message_id"],
        "event_id": 1,
        "recipients": [bob.agent_id],
        "sent_at": sent["sent_at"],
        "poked": False,
        "retry_scheduled": False,
    }
    assert [(one["wake_status"], one["skip_reason"]) for one in status["statuses"]] == [
        ("skipped", "auto_poke_disabled")
    ]


async def test_an_unknown_recipient_is_refused_and_nothing_is_written(register: Connect, sql: Sql) -> None:
    alice = await register("alice")
    await register("bob", team="blue")

    unknown = {"error": "unknown_recipient"}
    assert await alice.call("send_message", to_agent_name="nobody", body="x") == unknown
    assert await alice.call("send_message", to_agent_name="bob", body="x") == unknown
    assert await alice.call("send_message", to_agent_name="Alice", body="x") == unknown
    assert await alice.call("send_message_by_id", to_agent_id="nobody", body="x") == unknown
    assert sql("SELECT count(*) FROM messages") == [(0,)]
    assert sql("SELECT count(*) FROM events") == [(0,)]


async def test_only_a_named_team_takes_a_message_out_of_its_own(register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob", team="blue")
    sent = await alice.call("send_message", to_agent_name="bob", to_team="blue", body="over there")
    (message,) = (await bob.call("get_inbox"))["messages"]

    assert sent["recipients"] == [bob.agent_id]
    assert (message["from_team"], message["to_team"]) == ("default", "blue")
    assert (await alice.call("send_message_by_id", to_agent_id=bob.agent_id, body="x"))["error"] == "unknown_recipient"


async def test_a_message_by_id_arrives_as_one_by_name_does(register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob")
    await alice.call("send_message_by_id", to_agent_id=bob.agent_id, body="by id", auto_poke=False)

    assert await inbox(bob) == ["by id"]


async def test_a_recipient_that_is_away_gets_its_mail_when_it_comes(register: Connect, sql: Sql) -> None:
    alice, bob = await register("alice"), await register("bob")
    sql("UPDATE agents SET last_seen_at = ? WHERE name = 'bob'", LONG_AGO)
    await send(alice, "bob")

    assert await inbox(bob) == ["hello"]


async def test_the_event_of_a_message_has_recipients_and_subject_and_not_the_body(register: Connect, sql: Sql) -> None:
    alice, bob = await register("alice"), await register("bob")
    await send(alice, "bob", "SECRET", subject="S", need_reply=False)
    ((kind, actor, payload),) = sql("SELECT event_type, actor_agent_id, payload FROM events")

    assert (kind, actor) == ("message_sent", alice.agent_id)
    assert json.loads(payload) == {"recipients": [bob.agent_id], "subject": "S", "need_reply": False}


async def test_w4_a_body_over_the_limit_is_refused_with_the_limit(register: Connect, settings: Settings) -> None:
    alice, bob = await register("alice"), await register("bob")
    limit = settings.body_limit

    refused = await alice.call("send_message", to_agent_name="bob", body="é" * (limit // 2) + "x", auto_poke=False)
    assert refused == {"error": "body_too_large", "detail": {"max": limit, "got": limit + 1}}
    await send(alice, "bob", "é" * (limit // 2))
    assert len(await inbox(bob)) == 1


@pytest.mark.parametrize(
    "body", ["\x1b[201~\r\nrm -rf /\r", "[bold]not markup[/]", "emoji 🧑‍🚀 and \N{RIGHT-TO-LEFT OVERRIDE}", "\u0000nul"]
)
async def test_a_body_arrives_as_it_was_sent_whatever_is_in_it(register: Connect, body: str) -> None:
    alice, bob = await register("alice"), await register("bob")
    await send(alice, "bob", body)

    assert await inbox(bob) == [body]


# Broadcasts


async def test_a_broadcast_reaches_everybody_else_in_the_team_who_is_online(register: Connect, sql: Sql) -> None:
    alice, bob, carol = await register("alice"), await register("bob", role="qa"), await register("carol")
    away, stranger = await register("away"), await register("stranger", team="blue")
    sql("UPDATE agents SET last_seen_at = ? WHERE name = 'away'", LONG_AGO)
    sent = await alice.call("broadcast", body="all hands", subject="S")
    (received,) = (await bob.call("get_inbox"))["messages"]

    assert sent["recipients"] == [bob.agent_id, carol.agent_id]
    assert {reason["reason"] for reason in sent["poke_skip_reasons"]} == {"no_pane"}
    assert (received["to_role"], received["need_reply"], received["subject"]) == ("*broadcast*", False, "S")
    for left_out in (alice, away, stranger):
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
    assert sent["role"] == "qa"
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


# Delivery status


async def test_only_the_sender_learns_what_became_of_a_wake(register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob")
    message_id = (await alice.call("send_message", to_agent_name="bob", body="x"))["message_id"]
    (row,) = (await alice.call("get_delivery_status", message_id=message_id))["statuses"]

    assert {
        name: row[name] for name in ("agent_id", "wake_status", "skip_reason", "retry_attempts", "delivered_at")
    } == {
        "agent_id": bob.agent_id,
        "wake_status": "skipped",
        "skip_reason": "no_pane",
        "retry_attempts": 0,
        "delivered_at": None,
    }
    assert await bob.call("get_delivery_status", message_id=message_id) == {"error": "unknown_message"}
    assert await alice.call("get_delivery_status", message_id="nothing") == {"error": "unknown_message"}


async def test_a_new_session_of_the_sender_learns_it_too(register: Connect) -> None:
    alice = await register("alice")
    await register("bob")
    message_id = await send(alice, "bob")
    again = await register("alice")

    assert len((await again.call("get_delivery_status", message_id=message_id))["statuses"]) == 1


async def test_the_evidence_ladder_shows_that_a_message_was_seen_and_then_read(register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob")
    message_id = (await alice.call("send_message", to_agent_name="bob", body="x"))["message_id"]

    async def evidence() -> set[str]:
        (row,) = (await alice.call("get_delivery_status", message_id=message_id))["statuses"]
        return set(row["evidence"])

    assert await evidence() == {"queued"}
    await bob.call("get_inbox")
    assert await evidence() == {"queued", "seen"}
    await bob.call("task_list")
    assert await evidence() == {"queued", "seen", "read"}


async def test_a_message_and_its_wake_are_stored_together(register: Connect, sql: Sql) -> None:
    alice = await register("alice")
    await register("bob")
    sql("CREATE TRIGGER no_wakes BEFORE INSERT ON message_delivery_status BEGIN SELECT RAISE(ABORT, 'no'); END")

    answer = await alice.call("send_message", to_agent_name="bob", body="x")

    assert answer == {"error": "storage_unavailable"}
    assert sql("SELECT count(*) FROM messages") == [(0,)]
    assert sql("SELECT count(*) FROM events") == [(0,)]
