"""Claude Code is woken on its channel: with nothing typed, and only if somebody listens there."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from tests.backend.api.plain_http import browsing, open_session
from tests.backend.api.proxies import WAKE, deaf_proxy, listening_proxy, stream_of
from tests.backend.services.wakes.waking import HINT, bind, hints, quiet, status_of, until
from tests.conftest import Connect
from tests.mcp_caller import Caller
from tests.tmux_server import Pane, TmuxServer
from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.clock import SystemClock
from xats_tui.runtime.settings import Settings

CHANNEL = {"kind": "claude-channel", "channel_session_id": "channel-1"}


class ShiftedClock(SystemClock):
    """The machine's clock, which a test can put forward."""

    def __init__(self) -> None:
        self.shift = timedelta()

    def now(self) -> datetime:
        """The shifted wall clock."""
        return super().now() + self.shift


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock()


@pytest.fixture
async def backend(settings: Settings, clock: ShiftedClock) -> AsyncIterator[Coordinator]:
    """A coordinator whose clock the test puts forward."""
    async with Coordinator.running(settings, clock) as running:
        yield running


async def in_pane(register: Connect, pane: Pane) -> Caller:
    """An agent that has a channel and a pane."""
    bob: Caller = await register("bob", delivery=CHANNEL)
    await bind(bob, pane)
    return bob


async def test_w45_an_agent_with_a_channel_is_woken_on_it_whatever_program_it_is(
    connect: Connect, register: Connect
) -> None:
    proxy = await listening_proxy(connect, "channel-1")
    alice, _ = await register("alice"), await register("bob", client="custom", delivery=CHANNEL)

    sent = await alice.call("send_message", to_agent_name="bob", subject="secret", body="secret")

    assert sent["poked"] is True
    assert await proxy.next_notification(WAKE) == {"content": HINT, "meta": {}}
    status = await status_of(alice, sent["message_id"])
    assert (status["wake_status"], status["transport"]) == ("delivered", "claude-channel")
    assert list(status["evidence"]) == ["queued", "attempted", "submitted"]
    assert "nothing confirms it" in status["detail"]


async def test_a_hint_on_a_stream_that_nobody_reads_counts_as_unconfirmed(
    backend: Coordinator, connect: Connect, register: Connect
) -> None:
    await listening_proxy(connect, "channel-1")
    alice, _ = await register("alice"), await register("bob", client="custom", delivery=CHANNEL)

    async def in_vain(method: str, params: object) -> bool:
        return False

    for session in backend.sessions.open_ones():
        session.notify = in_vain
    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    await until(alice, sent["message_id"], transport="claude-channel")
    status = await status_of(alice, sent["message_id"])
    assert status["wake_status"] != "delivered"
    assert "submitted" not in status["evidence"]
    assert "does not read its channel's stream" in status["detail"]


async def test_reading_the_mail_ends_a_wake_on_a_channel(connect: Connect, register: Connect) -> None:
    await listening_proxy(connect, "channel-1")
    alice, bob = await register("alice"), await register("bob", delivery=CHANNEL)
    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    await bob.call("get_inbox")
    await bob.call("list_agents")

    status = await until(alice, sent["message_id"], wake_status="delivered")
    assert "read" in status["evidence"]
    assert status["next_try_at"] is None


async def test_w9_a_channel_that_nobody_listens_on_is_not_delivered(backend: Coordinator, register: Connect) -> None:
    alice, _ = await register("alice"), await register("bob", delivery=CHANNEL)
    async with browsing(backend) as http:
        await deaf_proxy(http, await open_session(http), "channel-1")

        sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    assert (sent["poked"], sent["retry_scheduled"]) == (False, True)
    (reason,) = sent["poke_skip_reasons"]
    assert (reason["reason"], reason["detail"]) == ("guard_failed", "nobody listens on the agent's channel")
    status = await status_of(alice, sent["message_id"])
    assert (status["wake_status"], status["delivered_at"]) == ("retrying", None)


async def test_w34_a_wake_that_waited_for_its_channel_is_sent_as_soon_as_it_is_heard(
    backend: Coordinator, register: Connect
) -> None:
    alice, _ = await register("alice"), await register("bob", delivery=CHANNEL)
    async with browsing(backend) as http:
        session = await open_session(http)
        await deaf_proxy(http, session, "channel-1")
        sent = await alice.call("send_message", to_agent_name="bob", body="hello")

        async with stream_of(backend, http, session) as heard:
            assert (await heard.get())["params"] == {"content": HINT, "meta": {}}
            await until(alice, sent["message_id"], wake_status="delivered", transport="claude-channel")


async def test_w48_mail_for_an_agent_whose_channel_nobody_carries_is_announced_when_somebody_does(
    connect: Connect, register: Connect
) -> None:
    alice, _ = await register("alice"), await register("bob", delivery=CHANNEL)
    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    assert sent["poke_skip_reasons"][0]["reason"] == "no_pane"

    proxy = await listening_proxy(connect, "channel-1")

    assert (await proxy.next_notification(WAKE))["content"] == HINT
    await until(alice, sent["message_id"], wake_status="delivered")


@pytest.mark.tmux
async def test_w9_a_proxy_that_was_cut_off_leaves_the_pane(
    backend: Coordinator, register: Connect, tmux: TmuxServer
) -> None:
    pane = await tmux.stand_in("bob")
    alice, _ = await register("alice"), await in_pane(register, pane)
    async with browsing(backend) as http:
        session = await open_session(http)
        await deaf_proxy(http, session, "channel-1")
        async with stream_of(backend, http, session):
            pass  # it ends as that of a killed process does
        await quiet(backend, pane)

        sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    status = await until(alice, sent["message_id"], wake_status="delivered")
    assert status["transport"] == "tmux-pane"
    await tmux.wait_for(pane.pane_id, "took 1")
    assert hints(tmux, pane) == [HINT]


@pytest.mark.tmux
async def test_w31_the_pane_behind_a_silent_channel_is_typed_into_only_through_its_gates(
    backend: Coordinator, register: Connect, tmux: TmuxServer
) -> None:
    pane = await tmux.stand_in("bob")
    alice, _ = await register("alice"), await in_pane(register, pane)
    tmux.send(pane.pane_id, "x")
    await tmux.wait_for(pane.pane_id, "bob> x")
    await quiet(backend, pane)

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    assert sent["poke_skip_reasons"][0]["detail"].startswith("draft:")
    assert "[xats]" not in tmux.capture(pane.pane_id)


@pytest.mark.tmux
async def test_a_wake_that_is_not_followed_by_a_read_within_a_minute_goes_on_to_the_pane(
    backend: Coordinator, clock: ShiftedClock, connect: Connect, register: Connect, tmux: TmuxServer
) -> None:
    pane = await tmux.stand_in("bob")
    proxy = await listening_proxy(connect, "channel-1")
    alice, _ = await register("alice"), await in_pane(register, pane)
    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    assert (await proxy.next_notification(WAKE))["content"] == HINT
    await quiet(backend, pane)
    assert hints(tmux, pane) == []

    clock.shift = timedelta(seconds=61)
    backend.waker.look_now()

    status = await until(alice, sent["message_id"], transport="tmux-pane", wake_status="delivered")
    assert "typed" in status["evidence"]
    await tmux.wait_for(pane.pane_id, "took 1")
    assert hints(tmux, pane) == [HINT]
    assert proxy.notifications_so_far() == []


async def test_w34_without_a_pane_an_unanswered_channel_is_tried_again_later(
    backend: Coordinator, clock: ShiftedClock, connect: Connect, register: Connect
) -> None:
    proxy = await listening_proxy(connect, "channel-1")
    alice, _ = await register("alice"), await register("bob", delivery=CHANNEL)
    await alice.call("send_message", to_agent_name="bob", body="hello")
    assert (await proxy.next_notification(WAKE))["content"] == HINT

    clock.shift = timedelta(seconds=601)
    backend.waker.look_now()

    assert (await proxy.next_notification(WAKE))["content"] == HINT


async def test_one_proxy_may_carry_several_channels(connect: Connect, register: Connect) -> None:
    proxy = await listening_proxy(connect, "channel-1")
    await proxy.call("subscribe_channel_wake", channel_session_id=" channel-2 ")
    other = {"kind": "claude-channel", "channel_session_id": "channel-2"}
    alice, _, _ = (
        await register("alice"),
        await register("bob", delivery=CHANNEL),
        await register("carol", delivery=other),
    )

    for name in ("bob", "carol"):
        sent = await alice.call("send_message", to_agent_name=name, body="hello")
        assert sent["poked"] is True
        assert (await proxy.next_notification(WAKE))["content"] == HINT
