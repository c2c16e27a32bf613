"""The place of the coordinator goes from hand to hand, and the agents behind their bridges notice nothing."""

import asyncio
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.dashboard import agents, gone, opened, running
from tests.mcp_bridge.host import ScriptedHost
from tests.patience import eventually
from tests.tmux_server import TmuxServer, short_folder

pytestmark = [pytest.mark.tmux, pytest.mark.timeout(120)]

CALLS = 100
"""Answered between two handovers."""


@pytest.fixture
def home() -> Iterator[Path]:
    """A home whose path is short enough to be read in a pane."""
    with short_folder() as folder:
        yield folder


@dataclass(slots=True)
class Load:
    """Agents that call all the time, and what came of it."""

    acknowledged: list[str] = field(default_factory=list)
    """Ids of the messages that were taken."""
    refused: list[object] = field(default_factory=list)
    """Answers that are none."""
    calls: int = 0
    longest: float = 0.0
    """Seconds that the slowest call took."""
    ended: bool = False

    async def make(self, host: ScriptedHost, peer: str) -> None:
        """Be one agent that writes to its peer, reads, and asks."""
        while not self.ended:
            for tool, arguments in (
                ("send_message", {"to_agent_name": peer, "body": f"number {self.calls}", "auto_poke": False}),
                ("get_inbox", {}),
                ("echo", {"msg": "hi"}),
            ):
                asked = time.monotonic()
                answer = await host.call(tool, **arguments)
                self.longest = max(self.longest, time.monotonic() - asked)
                self.calls += 1
                if not isinstance(answer, dict) or "error" in answer:
                    self.refused.append(answer)
                elif tool == "send_message":
                    self.acknowledged.append(answer["message_id"])

    async def goes_on(self) -> None:
        """Wait until so many more calls have been answered."""
        enough = self.calls + CALLS
        await eventually(lambda: self.calls >= enough)


def stored(home: Path) -> set[str]:
    """The ids of all messages in the store."""
    with closing(sqlite3.connect(home / "data.db", timeout=5)) as connection:
        return {message_id for (message_id,) in connection.execute("SELECT id FROM messages")}


@pytest.mark.slow
async def test_headless_to_dashboard_to_headless_under_load_fails_no_call_and_loses_no_message(
    tmux: TmuxServer, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load = Load()
    async with agents(home, "a", "b", "c", "d") as hosts:
        first = await running(home, lambda record: not record.screen)
        callers = [asyncio.create_task(load.make(host, peer)) for host, peer in zip(hosts, "bcda", strict=True)]
        await load.goes_on()

        pane = await opened(tmux, home)
        second = await running(home, lambda record: record.screen)
        await load.goes_on()
        to_dashboard, load.longest = load.longest, 0.0

        tmux.send(pane.pane_id, "C-q")
        await tmux.wait_for(pane.pane_id, "Leave running")
        tmux.send(pane.pane_id, "Enter")
        await tmux.wait_for(pane.pane_id, "the coordinator keeps running without a dashboard: pid ")
        third = await running(home, lambda record: not record.screen)
        await load.goes_on()
        load.ended = True
        await asyncio.gather(*callers)

    assert len({first.pid, second.pid, third.pid}) == 3
    assert len({first.port, second.port, third.port}) == 1
    assert load.refused == []
    assert set(load.acknowledged) <= stored(home)
    with capsys.disabled():
        measured = f"longest {to_dashboard:.2f} s to the dashboard, {load.longest:.2f} s to headless"
        sys.stdout.write(f"\n{load.calls} calls, {measured}\n")


@pytest.mark.slow
async def test_closing_the_window_of_the_dashboard_does_not_cut_the_team_off(tmux: TmuxServer, home: Path) -> None:
    pane = await opened(tmux, home, "--port", "0")
    async with agents(home, "a") as (host,):
        before = await running(home)
        await tmux.wait_for(pane.pane_id, "1/1")
        tmux.run("kill-pane", "-t", pane.pane_id)
        after = await running(home, lambda record: not record.screen)
        assert (after.port, after.pid != before.pid) == (before.port, True)
        assert (await host.call("echo", msg="hi"))["msg"] == "hi"


@pytest.mark.slow
async def test_a_second_dashboard_takes_over_if_asked_to_and_the_first_says_why_it_ended(
    tmux: TmuxServer, home: Path
) -> None:
    first = await opened(tmux, home, "--port", "0")
    async with agents(home, "a") as (host,):
        before = await running(home)
        second = await opened(tmux, home, "--takeover")
        after = await running(home, lambda record: record.pid != before.pid)
        assert (after.screen, after.port) == (True, before.port)
        assert f"tmux pane {second.pane_id}" in after.terminal
        await tmux.wait_for(first.pane_id, f"another xats-tui (pid {after.pid}) has taken over; this one has ended")
        assert (await host.call("echo", msg="hi"))["msg"] == "hi"


@pytest.mark.slow
async def test_stop_all_stops_all(tmux: TmuxServer, home: Path) -> None:
    pane = await opened(tmux, home, "--port", "0")
    async with agents(home, "a"):
        await tmux.wait_for(pane.pane_id, "1/1")
        tmux.send(pane.pane_id, "C-q")
        await tmux.wait_for(pane.pane_id, "Stop all")
        tmux.send(pane.pane_id, "s")
        await gone(home)


@pytest.mark.slow
async def test_a_dashboard_that_is_told_to_stop_does_so_with_agents_connected(tmux: TmuxServer, home: Path) -> None:
    pane = await opened(tmux, home, "--port", "0")
    async with agents(home, "a"):
        await tmux.wait_for(pane.pane_id, "1/1")
        os.kill((await running(home)).pid, signal.SIGINT)
        await gone(home)
        await tmux.wait_for(pane.pane_id, "ended by SIGINT; the coordinator has stopped")
