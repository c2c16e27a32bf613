"""Channel proxies are no agents; agents find the channel of their Claude Code by its pid and keep it while it works."""

import pytest

from tests.backend.api.plain_http import browsing, open_session
from tests.backend.api.proxies import UI_PID, WAKE, answer_of, deaf_proxy, listening_proxy, proxy_fields, stream_of
from tests.conftest import Connect, Sql
from tests.mcp_caller import Caller
from tests.patience import eventually
from xats_tui.backend.coordinator import Coordinator


async def claude(connect: Connect, name: str, **fields: object) -> Caller:
    """An agent in the Claude Code that the proxies of these tests belong to."""
    caller: Caller = await connect()
    answer = await caller.call("register_claude_self", name=name, ui_pid=UI_PID, **fields)
    assert "agent_id" in answer, answer
    return caller


async def channel_of(agent: Caller, name: str) -> str | None:
    """The csid that the team sees of an agent."""
    (row,) = [row for row in (await agent.call("list_agents"))["agents"] if row["name"] == name]
    csid: str | None = row["channel_session_id"]
    return csid


async def test_w23_proxies_are_not_listed_not_written_to_and_not_broadcast_to(
    connect: Connect, register: Connect
) -> None:
    await listening_proxy(connect, "channel-1")
    alice, _ = await register("alice"), await register("bob")

    assert [agent["name"] for agent in (await alice.call("list_agents"))["agents"]] == ["alice", "bob"]
    assert (await alice.call("send_message", to_agent_name="proxy-1", body="x"))["error"] == "unknown_recipient"
    assert len((await alice.call("broadcast", body="x"))["recipients"]) == 1
    to_proxies = await alice.call("broadcast_to_role", to_role="__channel_proxy__", body="x")
    assert to_proxies["error"] == "unknown_recipient"


async def test_w23_the_row_of_a_proxy_that_carries_nothing_goes_after_a_day(
    backend: Coordinator, connect: Connect, sql: Sql
) -> None:
    async with browsing(backend) as http:
        session = await open_session(http)
        await deaf_proxy(http, session, "gone", name="proxy-gone")
        await http.delete("/mcp", headers=session)
    await listening_proxy(connect, "channel-1", name="proxy-there")
    sql("UPDATE channel_proxies SET last_seen_at = '2020-01-01T00:00:00.000Z'")

    await listening_proxy(connect, "channel-2", name="proxy-new")

    assert sorted(sql("SELECT name FROM channel_proxies")) == [("proxy-new",), ("proxy-there",)]


async def test_a_proxy_keeps_its_id_from_one_session_to_the_next(connect: Connect) -> None:
    first, second = await listening_proxy(connect, "channel-1"), await connect()

    again = await second.register("proxy-1", **proxy_fields("channel-2"))

    assert again["agent_id"] == first.agent_id


async def test_an_agent_finds_the_channel_of_its_claude_code_by_pid(connect: Connect) -> None:
    await listening_proxy(connect, "other", name="proxy-2", ui_pid=UI_PID + 1)
    await listening_proxy(connect, "channel-1")

    bob = await connect()
    answer = await bob.call("register_claude_self", name="bob", ui_pid=UI_PID)

    assert answer["channel_session_id"] == "channel-1"
    assert "hint" not in answer


async def test_w43_a_proxy_is_found_for_as_long_as_its_stream_is_open(connect: Connect, sql: Sql) -> None:
    await listening_proxy(connect, "channel-1")
    sql("UPDATE channel_proxies SET last_seen_at = '2020-01-01T00:00:00.000Z'")

    bob = await claude(connect, "bob")

    assert await channel_of(bob, "bob") == "channel-1"


async def test_w43_a_proxy_that_was_cut_off_is_not_found_any_more(backend: Coordinator, connect: Connect) -> None:
    async with browsing(backend) as http:
        session = await open_session(http)
        await deaf_proxy(http, session, "channel-1")
        async with stream_of(backend, http, session):
            pass

    bob = await claude(connect, "bob")

    assert await channel_of(bob, "bob") is None


async def test_of_two_proxies_of_one_claude_code_the_one_that_is_heard_is_taken(
    backend: Coordinator, connect: Connect
) -> None:
    await listening_proxy(connect, "heard", name="proxy-1")
    async with browsing(backend) as http:
        await deaf_proxy(http, await open_session(http), "newer", name="proxy-2")

        bob = await claude(connect, "bob")

    assert await channel_of(bob, "bob") == "heard"


async def test_w44_a_proxy_that_comes_back_leads_the_agents_of_every_team_to_its_channel(
    backend: Coordinator, connect: Connect
) -> None:
    async with browsing(backend) as http:
        session = await open_session(http)
        await deaf_proxy(http, session, "old")
        bob, carol = await claude(connect, "bob", team="red"), await claude(connect, "carol", team="blue")
        assert await channel_of(bob, "bob") == "old"
        await http.delete("/mcp", headers=session)

    await listening_proxy(connect, "new", name="proxy-2")

    assert (await channel_of(bob, "bob"), await channel_of(carol, "carol")) == ("new", "new")


async def test_agents_that_are_reached_otherwise_are_left_alone_by_a_proxy(connect: Connect, sql: Sql) -> None:
    bob = await claude(connect, "bob")
    sql("UPDATE agents SET delivery_kind = 'opencode-server', delivery_payload = '{\"base_url\": \"http://x\"}'")

    await listening_proxy(connect, "channel-1")

    assert await channel_of(bob, "bob") is None


async def test_w19_nobody_is_led_away_from_a_channel_that_works(connect: Connect) -> None:
    proxy = await listening_proxy(connect, "channel-1")
    bob, alice = await claude(connect, "bob"), await claude(connect, "alice")

    await listening_proxy(connect, "thief", name="proxy-2")

    assert await channel_of(bob, "bob") == "channel-1"
    await alice.call("send_message", to_agent_name="bob", body="hello")
    assert "1 new message" in (await proxy.next_notification(WAKE))["content"]


async def test_w19_a_channel_that_somebody_listens_on_cannot_be_taken(connect: Connect) -> None:
    await listening_proxy(connect, "channel-1")
    thief = await connect()
    await thief.register("proxy-2", **proxy_fields("channel-1", UI_PID + 1))

    answer = await thief.call("subscribe_channel_wake", channel_session_id="channel-1")

    assert answer["error"] == "channel_in_use"


async def test_the_same_session_may_subscribe_again(connect: Connect) -> None:
    proxy = await listening_proxy(connect, "channel-1")

    assert await proxy.call("subscribe_channel_wake", channel_session_id="channel-1") == {"ok": True}


async def test_a_proxy_takes_its_channel_along_to_a_new_session_when_the_old_one_is_cut_off(
    backend: Coordinator, connect: Connect
) -> None:
    async with browsing(backend) as http:
        session = await open_session(http)
        await deaf_proxy(http, session, "channel-1")
        async with stream_of(backend, http, session):
            pass

        await listening_proxy(connect, "channel-1")

        assert backend.channels.is_live("channel-1")


@pytest.mark.parametrize("leaves", ["deletes its session", "unregisters"])
async def test_a_proxy_that_leaves_carries_nothing(leaves: str, backend: Coordinator, register: Connect) -> None:
    alice = await register("alice")
    async with browsing(backend) as http:
        session = await open_session(http)
        await deaf_proxy(http, session, "channel-1")
        assert await alice.call("bind_channel", channel_session_id="channel-1") == {"ok": True}
        if leaves == "unregisters":
            answer = await answer_of(http, session, "unregister_self")
            assert (answer["ok"], answer["team"], answer["name"]) == (True, "default", "proxy-1")
        else:
            await http.delete("/mcp", headers=session)
            await eventually(lambda: len(backend.sessions) == 1)

        answer = await alice.call("bind_channel", channel_session_id="channel-1")

    assert answer["error"] == "unknown_channel_session"
