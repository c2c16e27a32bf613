"""The screen may fail: the coordinator goes on serving, the log has the report, and the operator has the choice."""

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.dashboard import FIRST_SIGN, agents, gone, opened, running
from tests.mcp_bridge.host import ScriptedHost
from tests.tmux_server import Pane, TmuxServer, short_folder

pytestmark = [pytest.mark.tmux, pytest.mark.timeout(120)]


@pytest.fixture
def home() -> Iterator[Path]:
    """A home whose path is short enough to be read in a pane."""
    with short_folder() as folder:
        yield folder


@asynccontextmanager
async def failed(tmux: TmuxServer, home: Path, times: int = 1) -> AsyncIterator[tuple[Pane, ScriptedHost]]:
    """A dashboard whose screen has failed and will fail again, so many times in all; an agent is connected."""
    program = (sys.executable, "-m", "tests.stand_ins.failing_screen", str(times))
    pane = await opened(
        tmux, home, "--port", "0", program=program, until="g      keep the coordinator running without a dashboard"
    )
    async with agents(home, "a") as (host,):
        yield pane, host


@pytest.mark.slow
async def test_the_coordinator_goes_on_serving_and_the_log_has_the_report(tmux: TmuxServer, home: Path) -> None:
    async with failed(tmux, home) as (pane, host):
        assert (await host.call("echo", msg="hi"))["msg"] == "hi"
        shown = tmux.capture(pane.pane_id)
        assert "xats-tui: the dashboard failed: " in shown
        assert f"See the log: {home}/xats-tui.log" in shown
        assert "Traceback" not in shown
        assert "Traceback" in (home / "xats-tui.log").read_text()
        tmux.send(pane.pane_id, "s", "Enter")
        await gone(home)


@pytest.mark.slow
async def test_enter_opens_the_screen_again(tmux: TmuxServer, home: Path) -> None:
    async with failed(tmux, home) as (pane, host):
        before = await running(home)
        tmux.send(pane.pane_id, "Enter")
        await tmux.wait_for(pane.pane_id, FIRST_SIGN)
        await tmux.wait_for(pane.pane_id, "1/1")
        assert await running(home) == before
        assert (await host.call("echo", msg="hi"))["msg"] == "hi"


@pytest.mark.slow
async def test_it_goes_on_without_a_screen_if_that_is_wanted(tmux: TmuxServer, home: Path) -> None:
    async with failed(tmux, home) as (pane, host):
        before = await running(home)
        tmux.send(pane.pane_id, "g", "Enter")
        await tmux.wait_for(pane.pane_id, "the coordinator keeps running without a dashboard: pid ")
        after = await running(home, lambda record: not record.screen)
        assert after.port == before.port
        assert (await host.call("echo", msg="hi"))["msg"] == "hi"


@pytest.mark.slow
async def test_a_screen_that_fails_again_and_again_is_not_reopened_by_a_mere_enter(
    tmux: TmuxServer, home: Path
) -> None:
    async with failed(tmux, home, times=3) as (pane, _):
        tmux.send(pane.pane_id, "Enter")
        await tmux.wait_until(lambda: tmux.capture(pane.pane_id).count("the dashboard failed") == 2)
        tmux.send(pane.pane_id, "Enter")
        await tmux.wait_for(pane.pane_id, "r      reopen the dashboard (it failed 3 times in a minute)")
        await tmux.wait_until(lambda: tmux.capture(pane.pane_id).rstrip().endswith("\n>"))
        tmux.send(pane.pane_id, "Enter")
        await tmux.wait_until(lambda: tmux.capture(pane.pane_id).rstrip().endswith("\n>\n>"))
        tmux.send(pane.pane_id, "r", "Enter")
        await tmux.wait_for(pane.pane_id, FIRST_SIGN)


@pytest.mark.slow
async def test_whoever_closes_the_window_at_the_question_does_not_cut_the_team_off(
    tmux: TmuxServer, home: Path
) -> None:
    async with failed(tmux, home) as (pane, host):
        tmux.run("kill-pane", "-t", pane.pane_id)
        await running(home, lambda record: not record.screen)
        assert (await host.call("echo", msg="hi"))["msg"] == "hi"


@pytest.mark.slow
async def test_ctrl_c_at_the_question_stops_all(tmux: TmuxServer, home: Path) -> None:
    async with failed(tmux, home) as (pane, _):
        tmux.send(pane.pane_id, "C-c")
        await gone(home)
        await tmux.wait_for(pane.pane_id, "ended by SIGINT; the coordinator has stopped")
