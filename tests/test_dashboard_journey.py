"""The operator's way: the real dashboard in a real tmux pane, driven by keys alone, with agents in panes beside it."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.dashboard import opened, running
from tests.mcp_caller import Caller, callers
from tests.patience import PATIENCE
from tests.tmux_server import Pane, TmuxServer
from xats_tui.core.clock import SystemClock, from_wire

pytestmark = [pytest.mark.tmux, pytest.mark.timeout(150)]

LIFETIME = 2_500
"""Milliseconds for which a wake is tried: short enough to see one fail, long enough for a replay to succeed."""


class Operator:
    """Somebody who sits before the dashboard: presses keys, and reads."""

    def __init__(self, tmux: TmuxServer, pane: Pane) -> None:
        self._tmux = tmux
        self.pane_id = pane.pane_id

    async def sees(self, *words: str) -> None:
        """Wait until all of this is on the screen."""
        for shown in words:
            await self._tmux.wait_for(self.pane_id, shown, PATIENCE)

    async def presses(self, *keys: str, sees: str) -> None:
        """Press keys by their tmux names, and wait for what comes of it."""
        self._tmux.send(self.pane_id, *keys)
        await self.sees(sees)

    async def types(self, text: str, sees: str = "") -> None:
        """Type a text."""
        self._tmux.run("send-keys", "-t", self.pane_id, "-l", text)
        await self.sees(sees or text)


async def join(caller: Caller, name: str, pane: Pane) -> None:
    """Register an agent and bind it to the pane that its stand-in lives in."""
    await caller.register(name, team="shop", role="developer")
    bound = await caller.call("bind_runtime_identity", agent="custom", ui_pid=pane.pid, process_pattern="stand_in")
    assert bound["tmux_pane_id"] == pane.pane_id


async def board(caller: Caller) -> dict[str, Any]:
    """The only task of the team."""
    (task,) = (await caller.call("task_list"))["tasks"]
    found: dict[str, Any] = task
    return found


def has_expired(home: Path) -> bool:
    """Return whether the only wake has expired."""
    with closing(sqlite3.connect(home / "data.db")) as connection:
        ((expires_at,),) = connection.execute("SELECT expires_at FROM message_delivery_status").fetchall()
    return from_wire(expires_at) < SystemClock().now()


async def test_an_operator_pokes_replays_reassigns_and_writes_with_nothing_but_keys(
    tmux: TmuxServer, tmp_path: Path
) -> None:
    flags = ("--port", "0", "--quiet-ms", "200", "--wake-ttl-ms", str(LIFETIME))
    operator = Operator(tmux, await opened(tmux, tmp_path, *flags))
    url = (await running(tmp_path)).url
    backends, qas = await tmux.stand_in("backend"), await tmux.stand_in("qa")

    async with callers() as connect:
        backend, qa = await connect(url), await connect(url)
        await join(backend, "backend", backends)
        await join(qa, "qa", qas)

        # Poke.
        await operator.presses("2", sees="Agents 2")
        await operator.presses("/", sees="words, @agent")
        await operator.types("@qa", sees="/@qa: 1 of 2")
        await operator.presses("Enter", sees="p poke")
        await operator.presses("p", sees="enter do it")
        await operator.types("are you there?")
        await operator.presses("Enter", sees="poked qa")
        await tmux.wait_for(qas.pane_id, "took 1: are you there?")

        # A wake that waits for a draft until its time is over, and its replay: two keys.
        tmux.run("send-keys", "-t", qas.pane_id, "-l", "half a draft")
        await tmux.wait_for(qas.pane_id, "qa> half a draft")
        await backend.call("send_message", to_agent_name="qa", subject="Suite", body="please run the suite")
        await tmux.wait_until(lambda: has_expired(tmp_path))
        tmux.send(qas.pane_id, "C-u")
        await operator.sees("1 failed")
        await operator.presses("4", sees="the message was not read in time")
        await operator.presses("r", sees="● submitted")
        hint = "took 2: [xats] 1 new message from backend: call get_inbox"
        assert hint in await tmux.wait_for(qas.pane_id, "took 2")
        assert [message["body"] for message in (await qa.call("get_inbox"))["messages"]] == ["please run the suite"]

        # Reassign.
        added = await backend.call("task_add", title="migrate orders")
        await backend.call("task_claim", task_id=added["task_id"])
        await operator.presses("5", sees="● backend")  # the claim is shown, too
        await operator.presses("R", sees="type to filter")
        await operator.types("qa")
        await operator.presses("Enter", sees="gave qa")
        assert (await board(qa))["claimed_by"] == qa.agent_id

        # Write, to the agent that is selected.
        await operator.presses("2", sees="/@qa: 1 of 2")
        await operator.presses("m", sees="ctrl+s")
        await operator.types("Well done.")
        await operator.presses("C-s", sees="sent to qa")
        letters = {(message["from_name"], message["body"]) for message in (await qa.call("get_inbox"))["messages"]}
        assert ("operator", "Well done.") in letters

        await operator.presses("7", sees="replay")
        await operator.sees("poke", "reassign")

        # Travel: back to before there was a task, and return.
        await operator.presses("5", sees="owner         ● qa")
        await operator.presses("[", sees="PAST")
        for _ in range(40):
            await operator.presses("[", sees="PAST")
            if "migrate orders" not in tmux.run("capture-pane", "-p", "-t", operator.pane_id):
                break
        await operator.sees("No task is selected")
        await operator.presses("Escape", sees="migrate orders")
        await tmux.wait_until(lambda: "PAST" not in tmux.run("capture-pane", "-p", "-t", operator.pane_id))
