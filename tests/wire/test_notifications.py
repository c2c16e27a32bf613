"""Notifications on a standing stream: heartbeats, new versions of contracts, and their recipients."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.patience import PATIENCE
from tests.tmux_server import short_folder
from tests.wire.coordinator import Coordinator, running
from tests.wire.doors import HttpDoor
from tests.wire.shapes import CONTRACT_PUSH, exactly
from tests.wire.world import Speaker

HEARTBEAT_MS = 100

CONTRACT_EVENT = "notifications/contract_event"
HEARTBEAT = "notifications/heartbeat"

Heard = asyncio.Queue[dict[str, Any]]


@pytest.fixture(scope="module")
def coordinator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coordinator]:
    """One whose heart beats fast."""
    home: Path = tmp_path_factory.mktemp("beating")
    with short_folder() as folder, running(home, folder, HEARTBEAT_INTERVAL_MS=str(HEARTBEAT_MS)) as started:
        yield started


@pytest.fixture
async def door(coordinator: Coordinator) -> AsyncIterator[HttpDoor]:
    """MCP over HTTP."""
    door = HttpDoor(coordinator)
    yield door
    await door.close()


async def agent(door: HttpDoor, team: str, name: str) -> Speaker:
    """A registered client."""
    speaker = Speaker(await door.fresh(), set())
    await speaker.call("register_agent", client="custom", model="m", name=name, team=team)
    return speaker


async def next_of(heard: Heard, method: str) -> dict[str, Any]:
    """The next notification of a method."""
    async with asyncio.timeout(PATIENCE):
        while (notification := await heard.get())["method"] != method:
            pass
    exactly(notification, {"jsonrpc", "method", "params"})
    params: dict[str, Any] = notification["params"]
    return params


async def publish(speaker: Speaker, *fields: str) -> int:
    """Register the next version of the contract `api`; its number."""
    schema = {"type": "object", "properties": {field: {"type": "string"} for field in fields}}
    return int((await speaker.call("register_contract", name="api", schema=schema))["version"])


async def test_only_who_speaks_for_an_agent_gets_heartbeats(door: HttpDoor) -> None:
    alice, nobody = await agent(door, "beats", "alice"), Speaker(await door.fresh(), set())
    async with alice.http.stream() as heard, nobody.http.stream() as silence:
        for _ in range(2):
            assert await next_of(heard, HEARTBEAT) == {}
        await alice.call("unregister_self")
        await nobody.call("register_agent", client="custom", model="m", name="bob", team="beats")
        assert await next_of(silence, HEARTBEAT) == {}
        while not heard.empty():
            heard.get_nowait()
        for _ in range(3):
            await next_of(silence, HEARTBEAT)
        assert heard.empty()


async def test_subscribers_of_the_team_hear_of_a_version_the_registrar_too(door: HttpDoor) -> None:
    alice, bob, carol = [await agent(door, "push", name) for name in ("alice", "bob", "carol")]
    stranger = await agent(door, "push-b", "dave")
    for subscriber in (alice, bob, stranger):
        await subscriber.call("subscribe_contract", name="api")
    async with (
        alice.http.stream() as to_alice,
        bob.http.stream() as to_bob,
        carol.http.stream() as to_carol,
        stranger.http.stream() as to_stranger,
    ):
        await publish(alice, "a")
        await publish(alice, "a", "b")
        for heard in (to_alice, to_bob):
            first, second = await next_of(heard, CONTRACT_EVENT), await next_of(heard, CONTRACT_EVENT)
            exactly(first, CONTRACT_PUSH)
            assert (first["type"], first["contract_name"]) == ("contract_event", "api")
            assert (first["version"], first["diff"]) == (1, None)
            assert second["version"] == 2
            assert second["diff"] == {
                "added_fields": [{"path": "/properties/b", "type_summary": "string"}],
                "removed_fields": [],
                "changed_fields": [],
                "breaking": False,
            }
            assert second["event_id"] > first["event_id"]
        for heard in (to_carol, to_stranger):
            await next_of(heard, HEARTBEAT)
            await next_of(heard, HEARTBEAT)
            assert all(heard.get_nowait()["method"] == HEARTBEAT for _ in range(heard.qsize()))


async def test_w14_a_session_that_ends_silences_no_newer_one(door: HttpDoor) -> None:
    alice = await agent(door, "sinks", "alice")
    older, newer = await agent(door, "sinks", "bob"), await agent(door, "sinks", "bob")
    await newer.call("subscribe_contract", name="api")
    async with older.http.stream() as to_older, newer.http.stream() as to_newer:
        await publish(alice, "a")
        assert (await next_of(to_newer, CONTRACT_EVENT))["version"] == 1
        await older.http.http.delete("/mcp", headers=older.http.session)
        await publish(alice, "b")
        assert (await next_of(to_newer, CONTRACT_EVENT))["version"] == 2
        assert [to_older.get_nowait()["method"] for _ in range(to_older.qsize())].count(CONTRACT_EVENT) == 0


async def test_a_session_that_speaks_for_another_agent_hears_for_that_one_only(door: HttpDoor) -> None:
    alice, bob = await agent(door, "switch", "alice"), await agent(door, "switch", "bob")
    await bob.call("subscribe_contract", name="api")
    async with bob.http.stream() as heard:
        await bob.call("register_agent", client="custom", model="m", name="carol", team="switch")
        await publish(alice, "a")
        await bob.call("subscribe_contract", name="api")
        assert await publish(alice, "b") == 2
        assert (await next_of(heard, CONTRACT_EVENT))["version"] == 2


async def test_a_push_arrives_before_the_answer_that_caused_it(door: HttpDoor) -> None:
    alice = await agent(door, "order", "alice")
    await alice.call("subscribe_contract", name="api")
    async with alice.http.stream() as heard:
        await next_of(heard, HEARTBEAT)
        await publish(alice, "a")
        assert (await next_of(heard, CONTRACT_EVENT))["version"] == 1


@pytest.mark.slow
async def test_what_is_pushed_to_nobody_can_be_asked_for(door: HttpDoor) -> None:
    alice, bob = await agent(door, "late", "alice"), await agent(door, "late", "bob")
    await bob.call("subscribe_contract", name="api")
    await publish(alice, "a")
    pending = await bob.call("pending_contract_events")
    async with bob.http.stream() as heard:
        await publish(alice, "b")
        pushed = await next_of(heard, CONTRACT_EVENT)
    later = await bob.call("pending_contract_events", since_event_id=pending["last_event_id"])
    assert [event["event_id"] for event in later["events"]] == [pushed["event_id"]]
    assert later["events"][0]["diff"] == pushed["diff"]
