"""Session files tell the states of Claude Codes, as long as the process lives that wrote them."""

import asyncio
import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from tests.backend.transports.pane.test_gates import AGENT
from tests.fakes import Published
from tests.patience import PATIENCE, eventually
from tests.stand_ins.claude_code import ClaudeCode, claude_code
from tests.tmux_server import short_folder
from xats_tui.backend.client_states import ClientStates
from xats_tui.backend.watchers.claude_sessions import SETTLES_WITHIN, ClaudeSessions
from xats_tui.core.clock import SystemClock
from xats_tui.core.model.agents import Agent, SeenProcess
from xats_tui.core.model.panes import PaneState
from xats_tui.core.records import replace

BOB = replace(AGENT, agent_id="bob", client="claude-code", binding=None)


class LaterClock(SystemClock):
    """The system's clock, put forward by a test."""

    ahead = timedelta(0)

    def now(self):  # type: ignore[no-untyped-def]
        """The time, put forward."""
        return super().now() + self.ahead


class Watch:
    """A watcher of agents that a test names."""

    def __init__(self) -> None:
        self.clock = LaterClock()
        self.agents: Sequence[Agent] = ()
        self.published = Published()
        self.states = ClientStates(self.published)
        self.watcher = ClaudeSessions(self._agents, self.states, self.clock, self.published)

    async def _agents(self) -> Sequence[Agent]:
        return self.agents

    def state(self, agent_id: str = "bob") -> PaneState | None:
        """The state on the board."""
        told = self.states.of(agent_id)
        return told.state if told else None


@pytest.fixture
def watch() -> Watch:
    """A watcher that looks when it is told to."""
    return Watch()


@pytest.fixture
def sockets() -> Iterator[Path]:
    """A folder with a path that is short enough for sockets."""
    with short_folder() as folder:
        yield folder


@pytest.fixture
def claude(own_claude_folder: Path, sockets: Path) -> Iterator[ClaudeCode]:
    """A Claude Code below the usual folder."""
    with claude_code(own_claude_folder, sockets) as running:
        yield running


def agent_of(claude: ClaudeCode, **changes: object) -> Agent:
    """The agent of a process."""
    started_at = psutil.Process(claude.pid).create_time()
    return replace(BOB, **{"process": SeenProcess(claude.pid, started_at), **changes})  # type: ignore[arg-type]


async def test_a_session_tells_its_agents_state(watch: Watch, claude: ClaudeCode) -> None:
    watch.agents = [agent_of(claude)]

    await watch.watcher.look()
    assert watch.state() is PaneState.IDLE

    claude.become("waiting", "permission prompt")
    await watch.watcher.look()
    told = watch.states.of("bob")
    assert told is not None
    assert (told.state, told.detail) == (PaneState.DIALOG, "permission prompt")


async def test_a_change_is_heard_of_without_a_call(watch: Watch, claude: ClaudeCode) -> None:
    watch.agents = [agent_of(claude)]
    running = asyncio.create_task(watch.watcher.run())
    try:
        await eventually(lambda: watch.state() is PaneState.IDLE)
        claude.become("busy")
        await eventually(lambda: watch.state() is PaneState.BUSY)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    assert watch.state() is None, "a watcher that has ended knows nothing"


async def test_a_folder_that_is_made_later_is_found(watch: Watch, own_claude_folder: Path, sockets: Path) -> None:
    running = asyncio.create_task(watch.watcher.run())
    try:
        await asyncio.sleep(0)
        assert not own_claude_folder.exists()
        with claude_code(own_claude_folder, sockets) as claude:
            watch.agents = [agent_of(claude)]
            await eventually(lambda: watch.state() is PaneState.IDLE)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_the_folder_is_the_one_that_the_process_itself_names(watch: Watch, tmp_path: Path, sockets: Path) -> None:
    with claude_code(tmp_path / "other", sockets) as claude:
        watch.agents = [agent_of(claude)]
        await watch.watcher.look()

        assert watch.state() is PaneState.IDLE


async def test_a_killed_process_tells_nothing_though_its_file_stays(watch: Watch, claude: ClaudeCode) -> None:
    watch.agents = [agent_of(claude)]
    await watch.watcher.look()
    assert watch.state() is PaneState.IDLE

    os.kill(claude.pid, signal.SIGKILL)
    claude.process.wait(PATIENCE)
    await watch.watcher.look()

    assert json.loads(claude.file.read_text())["status"] == "idle"
    assert watch.state() is None
    assert await watch.watcher.unconnected() == ()


def half_written(claude: ClaudeCode) -> None:
    claude.file.write_bytes(claude.file.read_bytes()[:150])


def another_start(claude: ClaudeCode) -> None:
    claude.tell("set", fields={"procStart": "1"})


def another_pid(claude: ClaudeCode) -> None:
    claude.tell("set", fields={"pid": os.getpid()})


def another_name(claude: ClaudeCode) -> None:
    claude.file.rename(claude.file.with_name("notes.json"))


def gone(claude: ClaudeCode) -> None:
    claude.file.unlink()


def a_pipe(claude: ClaudeCode) -> None:
    claude.file.unlink()
    os.mkfifo(claude.file)


@pytest.mark.parametrize("broken", [half_written, another_start, another_pid, another_name, gone, a_pipe])
async def test_a_file_that_is_not_the_living_processs_own_is_not_believed(
    watch: Watch, claude: ClaudeCode, broken: Callable[[ClaudeCode], None]
) -> None:
    watch.agents = [agent_of(claude)]
    await watch.watcher.look()
    assert watch.state() is PaneState.IDLE

    broken(claude)
    await watch.watcher.look()

    assert watch.state() is None


async def test_the_agent_stays_the_same_after_clear(watch: Watch, claude: ClaudeCode) -> None:
    watch.agents = [agent_of(claude, host_session=claude.session_id)]
    claude.tell("set", fields={"sessionId": "another"})
    claude.become("busy")

    await watch.watcher.look()

    assert watch.state() is PaneState.BUSY


async def test_two_sessions_in_one_folder_are_told_apart(
    watch: Watch, own_claude_folder: Path, sockets: Path, claude: ClaudeCode
) -> None:
    with claude_code(own_claude_folder, sockets) as other:
        watch.agents = [agent_of(claude), agent_of(other, agent_id="alice")]
        other.become("busy")

        await watch.watcher.look()

        assert (watch.state("bob"), watch.state("alice")) == (PaneState.IDLE, PaneState.BUSY)


async def test_a_fork_in_another_process_is_another_session(
    watch: Watch, own_claude_folder: Path, sockets: Path, claude: ClaudeCode
) -> None:
    """A session that was resumed elsewhere keeps its id; the process of the agent decides."""
    with claude_code(own_claude_folder, sockets) as fork:
        fork.tell("set", fields={"sessionId": claude.session_id})
        fork.become("busy")
        watch.agents = [agent_of(claude, host_session=claude.session_id)]

        await watch.watcher.look()

        assert watch.state() is PaneState.IDLE


async def test_an_agent_without_a_process_is_known_by_its_session_if_only_one_has_it(
    watch: Watch, own_claude_folder: Path, sockets: Path, claude: ClaudeCode
) -> None:
    watch.agents = [replace(BOB, process=None, host_session=claude.session_id)]
    await watch.watcher.look()
    assert watch.state() is PaneState.IDLE

    with claude_code(own_claude_folder, sockets) as fork:
        fork.tell("set", fields={"sessionId": claude.session_id})
        await watch.watcher.look()

        assert watch.state() is None


async def test_sessions_of_no_agent_are_not_connected_after_a_while(watch: Watch, claude: ClaudeCode) -> None:
    claude.tell("set", fields={"tmux": "0:@1.%7"})
    await watch.watcher.look()
    assert await watch.watcher.unconnected() == (), "it may be about to register"

    watch.clock.ahead = SETTLES_WITHIN
    (found,) = await watch.watcher.unconnected()
    assert (found.client, found.pid, found.pane_id) == ("Claude Code", claude.pid, "%7")
    assert found.folder == str(Path.cwd())

    watch.agents = [agent_of(claude)]
    await watch.watcher.look()
    assert await watch.watcher.unconnected() == ()


async def test_a_session_that_no_person_sees_is_not_to_be_connected(watch: Watch, claude: ClaudeCode) -> None:
    claude.tell("set", fields={"kind": "print"})
    watch.clock.ahead = SETTLES_WITHIN

    await watch.watcher.look()

    assert await watch.watcher.unconnected() == ()
