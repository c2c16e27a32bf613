"""A wall clock that is set back or forth by an hour while everything runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest

from tests.backend.services.wakes.waking import bind, hints, until
from tests.conftest import PutTmux, url_of
from tests.mcp_caller import Caller, callers
from tests.patience import eventually
from tests.screens.looking import slow
from tests.tmux_server import Pane, TmuxServer
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.services.wakes import waker
from xats_tui.core.clock import SystemClock
from xats_tui.runtime.settings import Settings
from xats_tui.screens.widgets.format import age

HOUR = timedelta(hours=1)


class SetClock(SystemClock):
    """The machine's clock, after somebody has set it."""

    def __init__(self) -> None:
        self.set_by = timedelta()

    def now(self) -> datetime:
        """The time that was set."""
        return super().now() + self.set_by


@asynccontextmanager
async def alice_and_bob(
    settings: Settings, clock: SetClock, tmux: TmuxServer
) -> AsyncIterator[tuple[Coordinator, Caller, Caller, Pane]]:
    """A coordinator by this clock with two agents, and the pane of the second."""
    async with Coordinator.running(settings, clock) as backend, callers() as connect:
        alice, bob = [await connect(url_of(backend)) for _ in range(2)]
        await alice.register("alice")
        await bob.register("bob")
        pane = await tmux.stand_in("bob")
        await bind(bob, pane)
        yield backend, alice, bob, pane


@pytest.mark.tmux
@pytest.mark.parametrize("set_by", [pytest.param(-HOUR, id="back"), slow(HOUR, id="forth")])
async def test_a_wake_is_carried_out_as_if_nothing_had_happened(
    set_by: timedelta, settings: Settings, tmux: TmuxServer
) -> None:
    clock = SetClock()
    async with alice_and_bob(settings, clock, tmux) as (backend, alice, bob, pane):
        (bound,) = await backend.registry.bound_panes()
        await eventually(lambda: backend.panes.view(bound) is not None)
        clock.set_by = set_by

        sent = await alice.call("send_message", to_agent_name="bob", body="hello")
        status = await until(alice, sent["message_id"], wake_status="delivered")
        assert abs(datetime.fromisoformat(status["updated_at"]) - clock.now()) < timedelta(minutes=1)
        assert len(hints(tmux, pane)) == 1
        await bob.call("get_inbox")
        assert {entry.agent.name for entry in await backend.registry.roster() if entry.connected} == {"alice", "bob"}


@pytest.mark.slow
@pytest.mark.tmux
@pytest.mark.parametrize("set_by", [-HOUR, HOUR], ids=["back", "forth"])
async def test_a_wake_that_waits_for_its_time_does_not_wait_an_hour_more(
    set_by: timedelta, settings: Settings, tmux: TmuxServer, put_tmux: PutTmux, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waker, "LONGEST_SLEEP", timedelta(seconds=0.2))
    clock = SetClock()
    async with alice_and_bob(settings, clock, tmux) as (_, alice, _, pane):
        put_tmux("echo 'no server running' >&2; exit 1")
        sent = await alice.call("send_message", to_agent_name="bob", body="hello")
        status = await until(alice, sent["message_id"], wake_status="retrying", detail="no server running")
        assert datetime.fromisoformat(status["next_try_at"]) - clock.now() > timedelta(seconds=20)
        put_tmux('exec $REAL "$@"')
        clock.set_by = set_by

        await until(alice, sent["message_id"], wake_status="delivered")
        assert len(hints(tmux, pane)) == 1


def test_what_lies_in_the_future_is_shown_as_just_now() -> None:
    assert age(-HOUR) == age(timedelta()) == "0s"
