"""Messages from one agent to another, over HTTP: what the tools answer, what is stored, what counts as read."""

import asyncio
import json
import sqlite3
from collections import Counter
from contextlib import closing

import pytest

from tests.backend.api.plain_http import browsing
from tests.backend.tools.letters import inbox, send
from tests.conftest import Connect, Sql
from tests.mcp_caller import ToolError
from tests.patience import eventually
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.services.wakes.attempts import Tried, WakeAttempts
from xats_tui.backend.store import wakes as wakes_store
from xats_tui.backend.store.sql.transactions import Reader
from xats_tui.core.model.wakes import Wake
from xats_tui.runtime.settings import Settings

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


async def test_the_own_team_may_be_named(register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob")
    sent = await alice.call("send_message", to_agent_name="bob", to_team="default", body="x", auto_poke=False)

    assert sent["recipients"] == [bob.agent_id]


async def test_a_name_in_other_letters_is_another_name(register: Connect) -> None:
    alice = await register("alice")
    await register("bob")

    for name in ("Bob", "b ob", "ｂｏｂ"):
        assert await alice.call("send_message", to_agent_name=name, body="x") == {"error": "unknown_recipient"}


async def test_every_send_answers_the_same_keys(register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob", role="qa")
    direct = {"to_agent_name": "bob", "body": "x"}
    answers = [
        await alice.call(tool, **arguments)
        for tool, arguments in (
            ("send_message", direct),
            ("send_message_by_id", {"to_agent_id": bob.agent_id, "body": "x"}),
            ("broadcast", {"body": "x"}),
            ("broadcast_to_role", {"to_role": "qa", "body": "x"}),
        )
    ]

    keys = {"message_id", "event_id", "recipients", "sent_at", "poked", "poke_skip_reasons", "retry_scheduled"}
    assert [set(answer) for answer in answers] == [keys] * 4
    assert [answer["recipients"] for answer in answers] == [[bob.agent_id]] * 4
    assert [answer["event_id"] for answer in answers] == [1, 2, 3, 4]


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    ("tool", "arguments", "field"),
    [
        ("send_message", {"to_agent_name": "", "body": "x"}, "to_agent_name"),
        ("send_message", {"to_agent_name": "bob", "body": ""}, "body"),
        ("send_message", {"to_agent_name": "bob", "body": "x", "to_team": 1}, "to_team"),
        ("send_message", {"to_agent_name": "bob", "body": "x", "subject": {}}, "subject"),
        ("send_message", {"to_agent_name": "bob", "body": "x", "need_reply": "no"}, "need_reply"),
        ("send_message", {"to_agent_name": "bob", "body": "x", "to_role": "qa"}, "to_role"),
        ("send_message_by_id", {"to_agent_id": "B", "body": "x", "to_team": "blue"}, "to_team"),
        ("broadcast", {"body": "x", "to_team": "blue"}, "to_team"),
        ("broadcast", {"body": "x", "need_reply": True}, "need_reply"),
        ("broadcast_to_role", {"to_role": "", "body": "x"}, "to_role"),
        ("get_delivery_status", {}, "message_id"),
    ],
)
async def test_w25_a_bad_argument_is_refused_by_name(
    register: Connect, tool: str, arguments: dict[str, object], field: str
) -> None:
    alice = await register("alice")

    with pytest.raises(ToolError, match=f"(?s){tool}.*{field}"):
        await alice.call(tool, **arguments)


async def test_w3_a_locked_database_costs_its_own_call_and_nobody_elses(
    register: Connect, backend: Coordinator, settings: Settings
) -> None:
    alice = await register("alice")
    async with browsing(backend) as http:
        with closing(sqlite3.connect(settings.db_path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            stuck = asyncio.create_task(alice.call("task_add", title="x"))
            answers = [await http.get("/health") for _ in range(20)]
            assert [answer.status_code for answer in answers] == [200] * 20
            assert not stuck.done()
            other.execute("ROLLBACK")
        assert "task_id" in await stuck


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


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    "body", ["\x1b[201~\r\nrm -rf /\r", "[bold]not markup[/]", "emoji 🧑‍🚀 and \N{RIGHT-TO-LEFT OVERRIDE}", "\u0000nul"]
)
async def test_a_body_arrives_as_it_was_sent_whatever_is_in_it(register: Connect, body: str) -> None:
    alice, bob = await register("alice"), await register("bob")
    await send(alice, "bob", body)

    assert await inbox(bob) == [body]


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


async def test_a_sender_reads_its_wakes_again_only_when_its_own_recipients_are_decided_on(
    register: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, reads = wakes_store.of_message, Counter[str]()
    try_once, others_are_decided = WakeAttempts.try_once, asyncio.Event()

    async def count(reader: Reader, message_id: str) -> tuple[Wake, ...]:
        reads[message_id] += 1
        return await read(reader, message_id)

    async def try_bob_last(attempts: WakeAttempts, agent_id: str, *, forced: bool = False) -> Tried | None:
        if agent_id == bob.agent_id:
            await others_are_decided.wait()
        return await try_once(attempts, agent_id, forced=forced)

    alice, bob, *_ = [await register(name) for name in ("alice", "bob", "carol", "dave", "eve")]
    monkeypatch.setattr(wakes_store, "of_message", count)
    monkeypatch.setattr(WakeAttempts, "try_once", try_bob_last)
    to_bob = asyncio.create_task(alice.call("send_message", to_agent_name="bob", body="hello"))
    await eventually(lambda: reads.total() == 1)
    for name in ("carol", "dave", "eve"):
        await bob.call("send_message", to_agent_name=name, body="hello")
    others_are_decided.set()

    assert reads[(await to_bob)["message_id"]] == len(["at first", "after the decision"])
