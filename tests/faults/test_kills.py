"""A coordinator that is killed at random moments under load: what was acknowledged is there, and every wake goes on.

`XATS_KILLS=100` kills it more often than thirty times.
"""

import asyncio
import os
import random
import sqlite3
import sys
import time
from contextlib import AsyncExitStack, ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.commands.processes import daemon, kill
from tests.mcp_bridge import host
from tests.mcp_bridge.host import ScriptedHost, bridge
from tests.test_restarts import join, only_we_start_one, stored
from tests.tmux_server import Pane, TmuxServer

KILLS = int(os.environ.get("XATS_KILLS", "30"))

LONGEST_WORK = 1.5
"""Seconds between two kills at the most."""

SENDERS = ("ann", "bob", "cid")

ANSWERED = 60.0
"""Seconds in which a call has its answer: several kills in a row may each come just before it."""

WOKEN = 60.0
"""Seconds in which all that waits is announced, once that may be done."""


@dataclass(slots=True)
class Said:
    """Answers of the coordinator about things that it was asked to keep, by name."""

    kept: list[str] = field(default_factory=list)
    """It has them."""
    unknown: list[str] = field(default_factory=list)
    """It was killed so often meanwhile that the bridge gave up, and said so to the agent."""

    def agrees_with(self, stored: list[str]) -> bool:
        """Return whether everything confirmed is stored exactly once, and nothing else."""
        once = len(stored) == len(set(stored))
        return once and set(self.kept) <= set(stored) <= set(self.kept) | set(self.unknown)


@pytest.mark.slow
@pytest.mark.tmux
@pytest.mark.timeout(120 + 40 * KILLS)  # on a busy machine a start takes 10 s
async def test_what_was_acknowledged_is_there_and_every_wake_goes_on(
    own_tmux_folder: Path, tmux: TmuxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "PATIENCE", ANSWERED)
    home, chance = own_tmux_folder, random.Random(KILLS)
    messages, tasks, contracts = Said(), Said(), Said()
    with ExitStack() as coordinators:
        process, port = coordinators.enter_context(daemon(home, "--quiet-ms", "150"))
        coordinators.enter_context(only_we_start_one(home))
        async with AsyncExitStack() as stack:
            agents = {name: await stack.enter_async_context(bridge(home)) for name in (*SENDERS, "eve")}
            for name, agent in agents.items():
                await join(agent, name)
            pane = await busy_typing(agents["eve"], tmux)
            enough = asyncio.Event()
            working = [
                asyncio.create_task(work(agents[name], name, (messages, tasks, contracts), enough)) for name in SENDERS
            ]
            for _ in range(KILLS):
                await asyncio.sleep(chance.uniform(0.05, LONGEST_WORK))
                kill(process)
                assert stored(home, "PRAGMA integrity_check") == ["ok"]
                again = daemon(home, "--quiet-ms", "150", port=port)
                process, _ = await asyncio.to_thread(coordinators.enter_context, again)
            enough.set()
            await asyncio.gather(*working)
            there = stored(home, "SELECT body FROM messages")
            assert waiting(home) == len(there)
            tmux.send(pane.pane_id, "C-u")  # the draft is gone
            await asyncio.to_thread(until_all_are_announced, home)
            hint = await tmux.wait_for(pane.pane_id, "[xats]")
    assert f"[xats] {len(there)} new messages" in hint
    assert messages.agrees_with(there)
    assert tasks.agrees_with(stored(home, "SELECT title FROM tasks"))
    assert contracts.agrees_with(stored(home, "SELECT name FROM contracts"))
    kept = f"{len(messages.kept)} messages, {len(tasks.kept)} tasks, {len(contracts.kept)} contracts"
    unknown = sum(len(said.unknown) for said in (messages, tasks, contracts))
    sys.stdout.write(f"{KILLS} kills: {kept} acknowledged, and there; of {unknown} calls the bridge gave up\n")


async def busy_typing(agent: ScriptedHost, tmux: TmuxServer) -> Pane:
    """The pane of an agent in which a person has begun a line: its wakes have to wait."""
    pane = await tmux.stand_in("eve")
    bound: Any = await agent.call("bind_runtime_identity", agent="custom", ui_pid=pane.pid, process_pattern="stand_in")
    assert bound.get("ok"), bound
    tmux.send(pane.pane_id, "a person's draft")
    await tmux.wait_for(pane.pane_id, "a person's draft")
    return pane


async def work(agent: ScriptedHost, name: str, said: tuple[Said, Said, Said], enough: asyncio.Event) -> None:
    """Send messages, add tasks and publish contracts until told to stop; note what was said of each."""
    messages, tasks, contracts = said
    number = 0
    while not enough.is_set():
        number += 1
        item = f"{name}-{number}"
        note(messages, item, await agent.call("send_message", to_agent_name="eve", body=item), "message_id")
        note(tasks, item, await agent.call("task_add", title=item), "task_id")
        note(contracts, item, await agent.call("register_contract", name=item, schema={"title": item}), "version")


def note(said: Said, item: str, answer: Any, proof: str) -> None:
    """Note what an answer says; a text is the bridge's, which has not heard from the coordinator."""
    if isinstance(answer, str):
        assert "coordinator" in answer, answer
        said.unknown.append(item)
    else:
        assert proof in answer, answer
        said.kept.append(item)


def waiting(home: Path) -> int:
    """Count the waiting wakes."""
    with closing(sqlite3.connect(f"file:{home / 'data.db'}?mode=ro", uri=True)) as database:
        query = "SELECT count(*) FROM message_delivery_status WHERE wake_status = 'retrying' AND due_at IS NOT NULL"
        (count,) = database.execute(query).fetchone()
    return int(count)


def until_all_are_announced(home: Path) -> None:
    """Wait until no wake waits any more."""
    give_up_at = time.monotonic() + WOKEN
    while left := waiting(home):
        assert time.monotonic() < give_up_at, f"{left} wakes still wait"
        time.sleep(0.1)
