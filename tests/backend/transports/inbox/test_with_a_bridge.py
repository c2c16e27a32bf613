"""A Claude Code with a real bridge: its inbox is found, also after a restart, and the key to it is shown nowhere."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.commands.processes import XATS, daemon, kill, xats
from tests.mcp_caller import Caller, callers
from tests.patience import PATIENCE
from tests.stand_ins.claude_code import ClaudeCode, claude_code
from tests.tmux_server import short_folder
from xats_tui.core.model.wakes import UNCONFIRMED
from xats_tui.runtime import pid_file

HINT = "[xats] 1 new message from alice: call mcp__xats__get_inbox"


@pytest.fixture
def home() -> Iterator[Path]:
    """A home with a path that is short enough for sockets."""
    with short_folder() as folder:
        yield folder


@pytest.fixture
def coordinator(home: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A coordinator, with its port."""
    with daemon(home) as running:
        yield running


@pytest.fixture
def claude(home: Path, own_claude_folder: Path, coordinator: object) -> Iterator[ClaudeCode]:
    """A Claude Code with a bridge."""
    with claude_code(own_claude_folder, home, "--bridge", *XATS, "mcp", "--home", str(home)) as running:
        yield running


@asynccontextmanager
async def alice_at(port: int) -> AsyncIterator[Caller]:
    """Who writes to bob, once bob has registered."""
    async with callers() as connect:
        caller: Caller = await connect(f"http://127.0.0.1:{port}/mcp")
        await caller.register("alice", team="t")
        async with asyncio.timeout(PATIENCE):
            while '"online": true' not in json.dumps(await bob(caller)):
                await asyncio.sleep(0.05)
        yield caller


async def bob(caller: Caller) -> dict[str, Any] | None:
    """Bob as everybody sees him."""
    agents = (await caller.call("list_agents"))["agents"]
    return next((agent for agent in agents if agent["name"] == "bob"), None)


@pytest.fixture
async def alice(claude: ClaudeCode, coordinator: tuple[subprocess.Popen[str], int]) -> AsyncIterator[Caller]:
    """Who writes to it."""
    async with alice_at(coordinator[1]) as caller:
        yield caller


async def status(caller: Caller, message_id: str) -> dict[str, Any]:
    """The delivery status of a message."""
    answer = await caller.call("get_delivery_status", message_id=message_id)
    found: dict[str, Any] = answer["statuses"][0]
    return found


async def test_a_real_bridge_leads_to_the_inbox_and_its_key_stays_where_it_was(
    claude: ClaudeCode, alice: Caller, home: Path
) -> None:
    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    answers = [sent, await status(alice, sent["message_id"])]

    assert answers[1]["transport"] == "claude-inbox"
    assert list(answers[1]["evidence"]) == ["queued", "attempted", "submitted"]
    assert claude.read == [HINT]
    answers += [await alice.call(tool) for tool in ("whoami", "list_agents")]
    shown = [xats(command, "--home", str(home), "--json") for command in ("list", "wakes")]
    files = [path for path in home.rglob("*") if path.is_file()]
    assert home / "data.db" in files
    haystack = [json.dumps(answer) for answer in answers]
    haystack += [f"{one.stdout}{one.stderr}" for one in shown]
    haystack += [path.read_bytes().decode("latin-1") for path in files]
    haystack += command_lines()
    assert not [text[:200] for text in haystack if claude.token in text]


@pytest.mark.slow
async def test_the_key_is_known_again_after_a_restart(
    claude: ClaudeCode, coordinator: tuple[subprocess.Popen[str], int], home: Path
) -> None:
    process, port = coordinator
    async with alice_at(port):
        pass
    with pid_file.starting(home / "daemon.pid") as ours:  # the bridge is not to start one of its own
        assert ours
        kill(process)
        with daemon(home, port=port):
            async with alice_at(port) as alice:
                sent = await alice.call("send_message", to_agent_name="bob", body="hello")

                assert (await status(alice, sent["message_id"]))["transport"] == "claude-inbox"
                assert [line.partition(" (")[0] for line in claude.read] == [HINT]


@pytest.mark.slow
async def test_a_turn_that_ends_after_an_unconfirmed_post_is_not_given_the_hint_again(
    claude: ClaudeCode, alice: Caller, home: Path
) -> None:
    claude.tell("behave", drops=True)
    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    async with asyncio.timeout(PATIENCE):
        while not str((await status(alice, sent["message_id"]))["detail"]).startswith(UNCONFIRMED):
            await asyncio.sleep(0.05)

    assert await turn_ends(claude, home) == ""


async def turn_ends(claude: ClaudeCode, home: Path) -> str:
    """What the hook at the end of a turn prints."""
    event = {"hook_event_name": "Stop", "session_id": claude.session_id, "stop_hook_active": False}
    hook = [*XATS, "hook", "--home", str(home)]
    done = await asyncio.to_thread(
        partial(subprocess.run, hook, input=json.dumps(event), capture_output=True, text=True)
    )
    return str(done.stdout)


@pytest.mark.slow
async def test_after_clear_the_hooks_of_the_new_session_are_the_same_agents(
    claude: ClaudeCode, alice: Caller, home: Path
) -> None:
    claude.tell("set", fields={"sessionId": "another"})
    claude.become("busy")
    await alice.call("send_message", to_agent_name="bob", body="hello")
    await asyncio.to_thread(until_told, home, "busy")

    async with asyncio.timeout(PATIENCE):
        while not (
            printed := await turn_ends(claude, home)
        ):  # on a busy machine, a hook gives up before it has the hint
            pass
    assert json.loads(printed) == {"decision": "block", "reason": HINT}


def until_told(home: Path, state: str) -> None:
    """Wait until the coordinator tells bob's state."""
    until = time.monotonic() + PATIENCE
    while True:
        (bob,) = [one for one in json.loads(agents_of(home)) if one["name"] == "bob"]
        if bob["state"] == state:
            return
        assert time.monotonic() < until, bob


def agents_of(home: Path) -> str:
    """The operator's list."""
    return xats("agents", "--home", str(home), "--json").stdout


def command_lines() -> list[str]:
    """What `ps` shows."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            found.append(" ".join(process.cmdline()))
    assert any(sys.executable in one for one in found)
    return found
