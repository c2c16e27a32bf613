"""A coordinator that is killed again and again while five agents work: nothing is lost, nothing is done twice.

`XATS_KILLS=30` kills it more often than the ordinary run does.
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.commands.processes import daemon, kill
from tests.mcp_bridge.host import ScriptedHost, bridge
from tests.patience import PATIENCE
from xats_tui.mcp_bridge.upstream import TIMEOUT_S
from xats_tui.runtime import pid_file

AGENTS = ("ann", "bob", "cid", "dot", "eve")

KILLS = int(os.environ.get("XATS_KILLS", "1"))

WORK_BETWEEN_KILLS = 5
"""Things that every agent gets done before the next."""

pytestmark = pytest.mark.timeout(120 + 40 * KILLS)


@dataclass(slots=True)
class Work:
    """Things that an agent did, and what it could not get done at once."""

    done: list[str] = field(default_factory=list)
    unsure: set[str] = field(default_factory=set)
    """Things of which a call said that it may or may not have been carried out."""
    refused: list[str] = field(default_factory=list)


@pytest.mark.slow
async def test_five_agents_lose_nothing_and_do_nothing_twice_while_the_coordinator_is_killed(tmp_path: Path) -> None:
    with ExitStack() as coordinators:
        process, port = coordinators.enter_context(daemon(tmp_path))
        coordinators.enter_context(only_we_start_one(tmp_path))
        async with AsyncExitStack() as stack:
            hosts = {name: await stack.enter_async_context(bridge(tmp_path)) for name in AGENTS}
            registered = {name: await join(host, name) for name, host in hosts.items()}
            enough, work, absences = asyncio.Event(), {name: Work() for name in AGENTS}, [0.0]
            async with asyncio.TaskGroup() as working:
                for name in AGENTS:
                    working.create_task(keep_working(hosts[name], name, work[name], enough))
                for _ in range(KILLS):
                    await all_go_on(work)
                    kill(process)
                    killed = time.monotonic()
                    process, _ = await asyncio.to_thread(coordinators.enter_context, daemon(tmp_path, port=port))
                    absences.append(time.monotonic() - killed)
                await all_go_on(work)
                enough.set()
            agents = (await hosts["ann"].call("list_agents"))["agents"]
    assert {agent["name"]: agent["agent_id"] for agent in agents} == registered
    refused = [text for of_agent in work.values() for text in of_agent.refused]
    assert not refused or max(absences) > TIMEOUT_S / 2, refused
    done = {item for of_agent in work.values() for item in of_agent.done}
    unsure = {item for of_agent in work.values() for item in of_agent.unsure}
    for query in ("SELECT body FROM messages", "SELECT title FROM tasks"):
        found = stored(tmp_path, query)
        assert len(found) == len(set(found)), "something was done twice"
        assert done - unsure <= set(found) <= done | unsure


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


async def keep_working(host: ScriptedHost, name: str, work: Work, enough: asyncio.Event) -> None:
    """Send messages and add tasks until told to stop, and note what was done."""
    to = AGENTS[(AGENTS.index(name) + 1) % len(AGENTS)]
    while not enough.is_set():
        item = f"{name} {len(work.done)}"
        await get_done(host, work, item, "send_message", to_agent_name=to, body=item, auto_poke=False)
        await get_done(host, work, item, "task_add", title=item)
        work.done.append(item)


async def get_done(host: ScriptedHost, work: Work, item: str, tool: str, **arguments: object) -> None:
    """Call a tool, again if nothing was sent: on a busy machine a coordinator may be back later than a call waits."""
    answer: Any = None
    while answer is None or (isinstance(answer, str) and "Nothing was sent" in answer):
        answer = await host.call(tool, **arguments)
        if isinstance(answer, str):
            work.refused.append(answer)
    if isinstance(answer, str) and "may or may not have been carried out" in answer:
        work.unsure.add(item)
    else:
        assert {"message_id", "task_id"} & set(answer), answer


async def all_go_on(work: Mapping[str, Work]) -> None:
    """Wait until every agent has got more done: no call waits through two kills, which may be too long for it."""
    enough = {name: len(of_agent.done) + WORK_BETWEEN_KILLS for name, of_agent in work.items()}
    async with asyncio.timeout(PATIENCE):
        while any(len(work[name].done) < count for name, count in enough.items()):
            await asyncio.sleep(0.02)


def stored(home: Path, query: str) -> list[str]:
    """A column of the database, sorted."""
    with closing(sqlite3.connect(f"file:{home / 'data.db'}?mode=ro", uri=True)) as database:
        return sorted(row[0] for row in database.execute(query))
