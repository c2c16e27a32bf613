"""A coordinator that is killed again and again while five agents work: nothing is lost, nothing is done twice.

`XATS_KILLS=30` kills it more often than the ordinary run does.
"""

import asyncio
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, closing, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from tests.commands.processes import daemon, kill
from tests.mcp_bridge.host import ScriptedHost, bridge
from xats_tui.runtime import pid_file

AGENTS = ("ann", "bob", "cid", "dot", "eve")

KILLS = int(os.environ.get("XATS_KILLS", "1"))

WORK_BETWEEN_KILLS = 5
"""Things that every agent gets done before the next."""

pytestmark = pytest.mark.timeout(60 + 15 * KILLS)


@pytest.mark.slow
async def test_five_agents_lose_nothing_and_do_nothing_twice_while_the_coordinator_is_killed(tmp_path: Path) -> None:
    with ExitStack() as coordinators:
        process, port = coordinators.enter_context(daemon(tmp_path))
        coordinators.enter_context(only_we_start_one(tmp_path))
        async with AsyncExitStack() as stack:
            hosts = {name: await stack.enter_async_context(bridge(tmp_path)) for name in AGENTS}
            registered = {name: await join(host, name) for name, host in hosts.items()}
            enough, done = asyncio.Event(), dict[str, list[str]]((name, []) for name in AGENTS)
            working = [asyncio.create_task(work(hosts[name], name, done[name], enough)) for name in AGENTS]
            for _ in range(KILLS):
                await all_go_on(done)
                kill(process)
                process, _ = await asyncio.to_thread(coordinators.enter_context, daemon(tmp_path, port=port))
            await all_go_on(done)
            enough.set()
            await asyncio.gather(*working)
            agents = (await hosts["ann"].call("list_agents"))["agents"]
    assert {agent["name"]: agent["agent_id"] for agent in agents} == registered
    assert stored(tmp_path, "SELECT body FROM messages") == sorted(chain(*done.values()))
    assert stored(tmp_path, "SELECT title FROM tasks") == sorted(chain(*done.values()))


@pytest.mark.slow
async def test_after_a_restart_a_name_is_whose_it_was_last(tmp_path: Path) -> None:
    with ExitStack() as coordinators:
        process, port = coordinators.enter_context(daemon(tmp_path))
        coordinators.enter_context(only_we_start_one(tmp_path))
        async with bridge(tmp_path) as old, bridge(tmp_path) as new:
            await join(old, "ann")
            await join(new, "ann")
            kill(process)
            coordinators.enter_context(daemon(tmp_path, port=port))
            await new.call("send_message", to_agent_name="ann", body="to myself", auto_poke=False)
            assert (await old.call("list_agents"))["error"] == "unknown_agent"
            assert len((await new.call("get_inbox"))["messages"]) == 1


@contextmanager
def only_we_start_one(home: Path) -> Iterator[None]:
    """No bridge starts a coordinator, although it has to wait for long on a busy machine."""
    with pid_file.starting(home / "daemon.pid") as ours:
        assert ours
        yield


async def join(host: ScriptedHost, name: str) -> str:
    """Register an agent with nothing but its name and a team; its id."""
    await host.shake_hands()
    return str((await host.call("register_agent", name=name, team="shop"))["agent_id"])


async def work(host: ScriptedHost, name: str, done: list[str], enough: asyncio.Event) -> None:
    """Send messages and add tasks until told to stop, and note what was done."""
    to = AGENTS[(AGENTS.index(name) + 1) % len(AGENTS)]
    while not enough.is_set():
        item = f"{name} {len(done)}"
        sent: Any = await host.call("send_message", to_agent_name=to, body=item, auto_poke=False)
        added: Any = await host.call("task_add", title=item)
        assert "message_id" in sent, sent
        assert "task_id" in added, added
        done.append(item)


async def all_go_on(done: Mapping[str, list[str]]) -> None:
    """Wait until every agent has got more done: no call waits through two kills, which may be too long for it."""
    enough = {name: len(items) + WORK_BETWEEN_KILLS for name, items in done.items()}
    async with asyncio.timeout(30):
        while any(len(done[name]) < count for name, count in enough.items()):
            await asyncio.sleep(0.02)


def stored(home: Path, query: str) -> list[str]:
    """A column of the database, sorted."""
    with closing(sqlite3.connect(f"file:{home / 'data.db'}?mode=ro", uri=True)) as database:
        return sorted(row[0] for row in database.execute(query))
