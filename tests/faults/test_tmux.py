"""A tmux that is restarted, loses panes at the worst moment, or hangs: no stranger is typed at, and nobody waits."""

import asyncio
import time
from collections.abc import Awaitable

import psutil
import pytest

from tests.backend.services.wakes.waking import bind, hints, until
from tests.conftest import Connect, PutTmux
from tests.fakes import FakeClock
from tests.patience import eventually
from tests.screens.looking import slow
from tests.tmux_server import TmuxServer
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.system.tmux import TIMEOUT_S, Tmux
from xats_tui.core.errors import TmuxUnavailable

pytestmark = pytest.mark.tmux


async def test_a_pane_of_a_new_server_with_the_old_number_is_a_stranger(register: Connect, tmux: TmuxServer) -> None:
    alice, bob = await register("alice"), await register("bob")
    pane = await tmux.stand_in("bob")
    await bind(bob, pane)
    tmux.end()
    again = TmuxServer(tmux.folder)
    stranger = await again.stand_in("eve")
    assert stranger.pane_id == pane.pane_id

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    status = await until(alice, sent["message_id"], wake_status="failed")

    assert f"process {pane.pid} has ended" in status["detail"]
    assert "[xats]" not in again.capture(stranger.pane_id)
    await bind(bob, stranger)  # now it is bob's
    await until(alice, sent["message_id"], wake_status="delivered")
    assert len(hints(again, stranger)) == 1


BEFORE = (
    slow("set-buffer", "kill-pane -t {}", "can't find pane", id="the paste"),
    slow("send-keys", "kill-pane -t {}", "can't find pane", id="Enter"),
    slow("set-buffer", "respawn-pane -k -t {} cat", "nothing was sent", id="the paste, to a stranger"),
)
"""The command before which the pane is lost, how, and what is said of the attempt."""


@pytest.mark.parametrize(("before", "how", "said"), BEFORE)
async def test_a_pane_that_is_lost_between_two_steps_gets_no_enter(
    before: str, how: str, said: str, register: Connect, tmux: TmuxServer, put_tmux: PutTmux
) -> None:
    alice, bob, cid = await register("alice"), await register("bob"), await register("cid")
    pane, other = await tmux.stand_in("bob"), await tmux.stand_in("cid")
    await bind(bob, pane)
    await bind(cid, other)
    done = tmux.folder / "done"
    lose = f": > {done}; $REAL {how.format(pane.pane_id)}"
    put_tmux(f'case " $* " in *" {before} "*) [ -e {done} ] || {{ {lose}; }};; esac\nexec $REAL "$@"')

    lost = await alice.call("send_message", to_agent_name="bob", body="hello")
    await eventually(done.exists)
    sent = await alice.call("send_message", to_agent_name="cid", body="hello")
    await until(alice, sent["message_id"], wake_status="delivered")

    assert len(hints(tmux, other)) == 1
    status = await until(alice, lost["message_id"], detail=said)
    assert "submitted" not in status["evidence"]
    if "respawn" in how:
        assert "[xats]" not in tmux.capture(pane.pane_id)


@pytest.mark.slow
async def test_a_tmux_that_hangs_is_told_and_leaves_no_processes(tmux: TmuxServer, put_tmux: PutTmux) -> None:
    put_tmux("exec sleep 60")
    hung = Tmux(FakeClock(), deadline=1)
    with pytest.raises(TmuxUnavailable, match="did not answer"):
        await asyncio.gather(*(hung.panes("") for _ in range(3)))
    assert hung.trouble.startswith("it does not answer within 1 s")

    def sleeping() -> list[psutil.Process]:
        return [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]

    await eventually(lambda: not [child for child in sleeping() if "60" in child.cmdline()])
    put_tmux('exec $REAL "$@"')
    assert await hung.panes("")
    assert hung.trouble == ""


async def took(call: Awaitable[object]) -> float:
    """Seconds until it is answered."""
    begun = time.monotonic()
    await call
    return time.monotonic() - begun


@pytest.mark.slow
async def test_calls_do_not_wait_for_a_tmux_that_hangs_and_the_operator_is_told(
    backend: Coordinator, register: Connect, tmux: TmuxServer, put_tmux: PutTmux
) -> None:
    alice, bob = await register("alice"), await register("bob")
    pane = await tmux.stand_in("bob")
    await bind(bob, pane)
    put_tmux("exec sleep 600")
    sending = alice.call("send_message", to_agent_name="bob", body="hello")
    assert await took(sending) < TIMEOUT_S
    for _ in range(20):
        assert await took(alice.call("echo", msg="x")) < TIMEOUT_S
        assert await took(bob.call("task_list")) < TIMEOUT_S
    await eventually(lambda: [trouble.subject for trouble in backend.notices.troubles] == ["tmux"])
    assert f"within {TIMEOUT_S:g} s" in (await backend.operator.health()).troubles[0].text

    put_tmux('exec $REAL "$@"')
    await eventually(lambda: backend.notices.troubles == ())
