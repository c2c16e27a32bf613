"""Subscribing to contracts, and asking for what came since."""

from tests.wire.producers import shows
from tests.wire.scenarios.contracts import FIRST, FIRST_TO_SECOND, SECOND, published
from tests.wire.shapes import CONTRACT_EVENT, CONTRACT_EVENTS, exactly, is_time
from tests.wire.world import World


@shows("subscribe_contract", "ok: before it exists")
async def an_early_subscription(world: World) -> None:
    alice = await world.agent("alice")
    for _ in range(2):
        assert await alice.call("subscribe_contract", name="api") == {"ok": True, "current_version": None}


@shows("subscribe_contract", "ok: a version there is")
async def a_late_subscription(world: World) -> None:
    alice = await world.agent("alice")
    await published(alice, FIRST, SECOND)
    assert await alice.call("subscribe_contract", name="api") == {"ok": True, "current_version": 2}


@shows("subscribe_contract", "tool error: an empty name")
async def a_subscription_to_nothing(world: World) -> None:
    await (await world.agent("alice")).tool_error("subscribe_contract", {"name": ""}, "name")


@shows("pending_contract_events", "ok")
async def new_versions(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob")
    assert await bob.call("pending_contract_events") == {"events": [], "has_more": False, "last_event_id": 0}
    await bob.call("subscribe_contract", name="api")
    await published(alice, FIRST, SECOND)
    answer = await bob.call("pending_contract_events")

    exactly(answer, CONTRACT_EVENTS)
    first, second = answer["events"]
    for event in (first, second):
        exactly(event, CONTRACT_EVENT)
        assert is_time(event["registered_at"])
        assert event["contract_name"] == "api"
    assert (first["version"], first["diff"]) == (1, None)
    assert (second["version"], second["diff"]) == (2, FIRST_TO_SECOND)
    assert (answer["has_more"], answer["last_event_id"]) == (False, second["event_id"])


@shows("pending_contract_events", "ok: pages")
async def new_versions_in_pages(world: World) -> None:
    alice = await world.agent("alice")
    await alice.call("subscribe_contract", name="api")
    await published(alice, FIRST, SECOND, FIRST)
    seen, cursor, more = [], 0, True
    while more:
        page = await alice.call("pending_contract_events", since_event_id=cursor, limit=1)
        seen += [event["version"] for event in page["events"]]
        cursor, more = page["last_event_id"], page["has_more"]
    assert seen == [1, 2, 3]
    rest = await alice.call("pending_contract_events", since_event_id=cursor, limit=1000)
    assert rest == {"events": [], "has_more": False, "last_event_id": cursor}


@shows("pending_contract_events", "ok: of subscribed contracts only")
async def versions_that_nobody_asked_for(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob")
    await bob.call("subscribe_contract", name="api")
    await published(alice, FIRST)
    await published(alice, FIRST, name="other")
    names = [event["contract_name"] for event in (await bob.call("pending_contract_events"))["events"]]
    assert names == ["api"]


@shows("pending_contract_events", "tool error: a limit of nothing")
async def a_page_of_no_versions(world: World) -> None:
    alice = await world.agent("alice")
    for limit in (0, -1, 1.5, "0"):
        await alice.tool_error("pending_contract_events", {"limit": limit}, "limit")
    await alice.tool_error("pending_contract_events", {"since_event_id": -1}, "since_event_id")
