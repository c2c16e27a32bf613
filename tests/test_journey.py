"""The whole way, with nothing stood in for but the agents' minds.

The real program runs in one tmux pane, two stand-in agents in two others, each behind a real bridge that is spoken to
over stdio.
"""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import StdioServerParameters

from tests.mcp_caller import Caller, callers
from tests.patience import PATIENCE
from tests.tmux_server import Pane, TmuxServer
from xats_tui.runtime import pid_file

HINT = "[xats] 1 new message from alice: call get_inbox"

pytestmark = [pytest.mark.tmux, pytest.mark.timeout(150)]


async def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.05)
    assert holds(), what


def start_program(tmux: TmuxServer, home: Path) -> Pane:
    """`xats-tui` in a pane of its own, from a shell that has exported a size that is not the pane's."""
    return tmux.new_pane(
        ["env", "COLUMNS=80", "LINES=24", sys.executable, "-m", "xats_tui", "--home", str(home), "--port", "0"]
    )


@asynccontextmanager
async def bridges(tmux: TmuxServer, home: Path) -> AsyncIterator[Callable[[], Any]]:
    """A function that starts a bridge and connects an MCP client to its stdin and stdout."""
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "xats_tui", "mcp", "--home", str(home)], env=dict(tmux.environment)
    )
    async with AsyncExitStack() as stack:
        connect_to = await stack.enter_async_context(callers())
        yield lambda: connect_to(server)


async def join(caller: Caller, name: str, pane: Pane) -> None:
    """Register an agent and bind it to the pane that its stand-in lives in."""
    await caller.register(name, team="shop")
    bound = await caller.call("bind_runtime_identity", agent="custom", ui_pid=pane.pid, process_pattern="stand_in")
    assert bound["tmux_pane_id"] == pane.pane_id


async def delivered(sender: Caller, message_id: str) -> dict[str, Any]:
    """The status of a message's only wake once it is delivered."""
    async with asyncio.timeout(PATIENCE):
        while True:
            answer = await sender.call("get_delivery_status", message_id=message_id)
            status: dict[str, Any] = answer["statuses"][0]
            if status["wake_status"] == "delivered":
                return status
            await asyncio.sleep(0.1)


def submitted_lines(screen: str) -> list[str]:
    """Return the lines that the stand-in reports as submitted."""
    return re.findall(r"took \d+: (.*\S)", screen)


async def test_two_agents_talk_and_a_kill_changes_nothing(tmux: TmuxServer, tmp_path: Path) -> None:
    home = tmp_path / "home"
    record = home / "daemon.pid"
    dashboard = start_program(tmux, home)
    await until(lambda: pid_file.read(record) is not None, "the program listens")
    alices, bobs = await tmux.stand_in("alice"), await tmux.stand_in("bob")

    async with bridges(tmux, home) as new_bridge:
        alice, bob = await new_bridge(), await new_bridge()
        await join(alice, "alice", alices)
        await join(bob, "bob", bobs)

        sent = await alice.call("send_message", to_agent_name="bob", body="please review PR 12", subject="Review")
        status = await delivered(alice, sent["message_id"])
        screen = await tmux.wait_for(bobs.pane_id, "took 1")

        assert submitted_lines(screen) == [HINT]
        assert screen.rstrip().endswith("bob>"), "the hint left nothing in the input line"
        assert {"queued", "attempted", "typed", "submitted"} <= status["evidence"].keys()
        for shown in ("alice", "bob", "Review", "● submitted"):
            await tmux.wait_for(dashboard.pane_id, shown)

        inbox = await bob.call("get_inbox")
        assert [message["body"] for message in inbox["messages"]] == ["please review PR 12"]
        answered = await bob.call("send_message", to_agent_name="alice", body="looks good", need_reply=False)
        await delivered(bob, answered["message_id"])
        await tmux.wait_for(alices.pane_id, "took 1")
        assert (await alice.call("get_inbox"))["messages"][0]["body"] == "looks good"
        read = await alice.call("get_delivery_status", message_id=sent["message_id"])
        assert "read" in read["statuses"][0]["evidence"]

        for shown in ("looks good", "✓ read"):
            await tmux.wait_for(dashboard.pane_id, shown)

        killed = pid_file.read(record)
        assert killed is not None
        os.kill(killed.pid, signal.SIGKILL)
        await until(lambda: not pid_file.is_running(record), "the program is gone")
        again = start_program(tmux, home)
        await until(lambda: (now := pid_file.read(record)) is not None and now.pid != killed.pid, "it listens again")

        agents = (await alice.call("list_agents"))["agents"]
        assert {agent["name"]: agent["tmux_pane_id"] for agent in agents} == {
            "alice": alices.pane_id,
            "bob": bobs.pane_id,
        }
        assert {agent["agent_id"] for agent in agents} == {alice.agent_id, bob.agent_id}
        history = (await bob.call("get_inbox", since_event_id=0))["messages"]
        assert [message["body"] for message in history] == ["please review PR 12"]

        later = await bob.call("send_message", to_agent_name="alice", body="one more thing")
        await delivered(bob, later["message_id"])
        await tmux.wait_for(alices.pane_id, "took 2")
        assert submitted_lines(tmux.capture(bobs.pane_id)) == [HINT]
        for shown in ("alice", "bob", "one more thing"):
            await tmux.wait_for(again.pane_id, shown)
