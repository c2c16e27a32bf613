"""Contracts: versions without gaps, what changed, who is told."""

import asyncio
import json
from typing import Any

import pytest

from tests.conftest import Connect, Sql
from tests.mcp_caller import ToolError
from xats_tui.backend.coordinator import Coordinator

Schema = dict[str, Any]

ONE: Schema = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
TWO: Schema = {
    "type": "object",
    "properties": {"id": {"type": "integer"}, "at": {"type": "string"}},
    "required": ["id"],
}

CHANGE = {
    "added_fields": [{"path": "/properties/at", "type_summary": "string"}],
    "removed_fields": [],
    "changed_fields": [
        {
            "path": "/properties/id",
            "from": {"required": True, "raw": {"type": "string"}, "type": "string"},
            "to": {"required": True, "raw": {"type": "integer"}, "type": "integer"},
        }
    ],
    "breaking": True,
}


async def test_the_first_version_has_no_diff_and_the_next_one_has(register: Connect) -> None:
    alice = await register("alice")

    assert await alice.call("register_contract", name="api", schema=ONE) == {"name": "api", "version": 1}
    assert await alice.call("register_contract", name="api", schema=TWO) == {
        "name": "api",
        "version": 2,
        "diff": CHANGE,
        "compatibility": {
            "backward": False,
            "forward": False,
            "summary": "the new version refuses some data of the old one; the old version refuses some data of the "
            "new one",
        },
        "reasons": [
            {
                "path": "/properties/id/type",
                "what": 'the new version allows "integer", not string',
                "direction": "backward",
            },
            {
                "path": "/properties/id/type",
                "what": 'the old version allows "string", not integer',
                "direction": "forward",
            },
        ],
    }


async def test_a_version_comes_back_as_it_was_registered(register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob")
    await alice.call("register_contract", name="api", schema=ONE, note="first", format="jsonschema")
    await alice.call("register_contract", name="api", schema=TWO)
    first = await bob.call("get_contract", name="api", version=1)

    assert first == {
        "name": "api",
        "version": 1,
        "schema": ONE,
        "format": "jsonschema",
        "note": "first",
        "registered_at": first["registered_at"],
    }
    assert (await bob.call("get_contract", name="api"))["version"] == 2
    assert (await bob.call("get_contract", name="api", version=0))["version"] == 2


async def test_a_schema_keeps_numbers_of_any_size(register: Connect) -> None:
    alice = await register("alice")
    largest = 2**128 - 1
    await alice.call("subscribe_contract", name="api")
    await alice.call("register_contract", name="api", schema={"properties": {"id": {"maximum": largest}}})
    await alice.call("register_contract", name="api", schema={})

    assert (await alice.call("get_contract", name="api", version=1))["schema"]["properties"]["id"]["maximum"] == largest
    assert len((await alice.call("pending_contract_events"))["events"]) == 2


async def test_what_was_never_registered_is_unknown(register: Connect) -> None:
    alice, stranger = await register("alice"), await register("stranger", team="blue")
    await alice.call("register_contract", name="api", schema=ONE)

    assert await alice.call("get_contract", name="other") == {"error": "unknown_contract"}
    assert await alice.call("get_contract", name="api", version=2) == {"error": "unknown_version"}
    assert await stranger.call("get_contract", name="api") == {"error": "unknown_contract"}
    assert await stranger.call("diff_contracts", name="api", from_version=1, to_version=1) == {
        "error": "unknown_contract"
    }
    assert await alice.call("diff_contracts", name="api", from_version=1, to_version=2) == {"error": "unknown_version"}


async def test_two_versions_are_compared_in_either_direction(register: Connect) -> None:
    alice = await register("alice")
    await alice.call("register_contract", name="api", schema=ONE)
    await alice.call("register_contract", name="api", schema=TWO)
    back = await alice.call("diff_contracts", name="api", from_version=2, to_version=1)
    same = await alice.call("diff_contracts", name="api", from_version=2, to_version=2)

    assert await alice.call("diff_contracts", name="api", from_version=1, to_version=2) == CHANGE
    assert [field["path"] for field in back["removed_fields"]] == ["/properties/at"]
    assert same == {"added_fields": [], "removed_fields": [], "changed_fields": [], "breaking": False}


async def test_ten_concurrent_registrations_get_versions_one_to_ten(register: Connect) -> None:
    agents = [await register(f"agent-{number}") for number in range(10)]
    await agents[0].call("subscribe_contract", name="api")
    answers = await asyncio.gather(
        *(agent.call("register_contract", name="api", schema={"title": agent.agent_id}) for agent in agents)
    )

    assert sorted(answer["version"] for answer in answers) == list(range(1, 11))
    events = (await agents[0].call("pending_contract_events"))["events"]
    assert [event["version"] for event in events] == list(range(1, 11))


async def test_the_event_of_a_registration_has_name_version_and_diff(register: Connect, sql: Sql) -> None:
    alice = await register("alice")
    await alice.call("register_contract", name="api", schema=ONE)
    await alice.call("register_contract", name="api", schema=TWO)

    assert [json.loads(payload) for (payload,) in sql("SELECT payload FROM events")] == [
        {"name": "api", "version": 1, "diff": None},
        {"name": "api", "version": 2, "diff": CHANGE},
    ]


async def test_subscribing_answers_the_current_version(register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob")

    assert await bob.call("subscribe_contract", name="api") == {"ok": True, "current_version": None}
    await alice.call("register_contract", name="api", schema=ONE)
    assert await bob.call("subscribe_contract", name="api") == {"ok": True, "current_version": 1}


async def test_w25_pending_events_are_those_of_subscriptions(register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob")
    await bob.call("subscribe_contract", name="api")
    await alice.call("register_contract", name="other", schema=ONE)
    await alice.call("register_contract", name="api", schema=ONE)
    await alice.call("register_contract", name="api", schema=TWO)
    first = await bob.call("pending_contract_events", limit=1)
    second = await bob.call("pending_contract_events", since_event_id=first["last_event_id"])

    assert [(event["contract_name"], event["version"]) for event in first["events"]] == [("api", 1)]
    assert first["has_more"] is True
    (event,) = second["events"]
    assert event | {"registered_at": ""} == {
        "event_id": 3,
        "contract_name": "api",
        "version": 2,
        "diff": CHANGE,
        "registered_at": "",
    }
    assert (second["has_more"], second["last_event_id"]) == (False, 3)
    assert await bob.call("pending_contract_events", since_event_id=3) == {
        "events": [],
        "has_more": False,
        "last_event_id": 3,
    }


async def test_subscribers_are_notified_on_their_stream_and_others_are_not(register: Connect) -> None:
    alice, bob, carol = await register("alice"), await register("bob"), await register("carol")
    for subscriber in (alice, bob):
        await subscriber.call("subscribe_contract", name="api")
    await alice.call("register_contract", name="api", schema=ONE)
    await alice.call("register_contract", name="api", schema=TWO)

    for subscriber in (alice, bob):
        first = await subscriber.next_notification("notifications/contract_event")
        second = await subscriber.next_notification("notifications/contract_event")
        assert first == {"type": "contract_event", "event_id": 1, "contract_name": "api", "version": 1, "diff": None}
        assert (second["version"], second["diff"]) == (2, CHANGE)
    assert carol.notifications_so_far() == []


async def test_the_newest_session_of_an_agent_gets_its_notifications(register: Connect) -> None:
    alice, old = await register("alice"), await register("bob")
    await old.call("subscribe_contract", name="api")
    new = await register("bob")
    await alice.call("register_contract", name="api", schema=ONE)

    assert (await new.next_notification("notifications/contract_event"))["version"] == 1
    assert old.notifications_so_far() == []


async def test_the_summary_of_the_screen_knows_who_has_fetched_which_version(
    register: Connect, backend: Coordinator
) -> None:
    alice, bob = await register("alice"), await register("bob")
    await bob.call("subscribe_contract", name="api")
    await alice.call("register_contract", name="api", schema=ONE)
    await bob.call("get_contract", name="api")
    await alice.call("register_contract", name="api", schema=TWO)
    await bob.call("get_contract", name="api", version=1)
    (summary,) = await backend.contracts.summaries()

    assert (summary.version, summary.breaking, summary.registered_by_name) == (2, True, "alice")
    assert [(one.name, one.fetched_version) for one in summary.subscribers] == [("bob", 1)]


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    ("tool", "arguments", "field"),
    [
        ("register_contract", {"name": "", "schema": {}}, "name"),
        ("register_contract", {"name": "api", "schema": []}, "schema"),
        ("register_contract", {"name": "api", "schema": "{"}, "schema"),
        ("register_contract", {"name": "api", "schema": {}, "format": "protobuf"}, "format"),
        ("subscribe_contract", {"name": ""}, "name"),
        ("get_contract", {"name": "api", "version": -1}, "version"),
        ("diff_contracts", {"name": "api", "from_version": 0, "to_version": 1}, "from_version"),
        ("pending_contract_events", {"since_event_id": -1}, "since_event_id"),
        ("pending_contract_events", {"limit": 0}, "limit"),
    ],
)
async def test_w25_a_bad_argument_is_refused_by_name(
    register: Connect, tool: str, arguments: Schema, field: str
) -> None:
    alice = await register("alice")

    with pytest.raises(ToolError, match=f"(?s){tool}.*{field}"):
        await alice.call(tool, **arguments)


async def test_a_subscription_ends_when_its_agent_unregisters(register: Connect, sql: Sql) -> None:
    bob = await register("bob")
    await bob.call("subscribe_contract", name="api")
    await bob.call("subscribe_contract", name="api")
    assert sql("SELECT count(*) FROM contract_subscriptions") == [(1,)]
    await bob.call("unregister_self")

    assert sql("SELECT count(*) FROM contract_subscriptions") == [(0,)]
    assert (await (await register("bob")).call("pending_contract_events"))["events"] == []


async def test_a_page_of_events_holds_a_hundred_unless_asked_and_what_finds_room_at_most(
    register: Connect, sql: Sql
) -> None:
    alice = await register("alice")
    await alice.call("subscribe_contract", name="api")
    await alice.call("register_contract", name="api", schema=ONE)
    columns = "from_team, to_team, event_type, actor_agent_id, payload, created_at"
    sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600) "
        f"INSERT INTO events ({columns}) SELECT {columns} FROM events, n"
    )
    usual = await alice.call("pending_contract_events")
    largest = await alice.call("pending_contract_events", limit=1000)

    assert (len(usual["events"]), usual["has_more"], usual["last_event_id"]) == (100, True, 100)
    assert len(largest["events"]) > 200, "as many as its host hands on"
    assert (largest["has_more"], largest["last_event_id"]) == (True, len(largest["events"]))
