"""The key of an inbox is found in the bridges that the session has started, and nowhere else."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from tests.stand_ins.claude_code import claude_code
from tests.tmux_server import short_folder
from xats_tui.backend.system.sessions.claude_files import LivingSession, SessionFiles
from xats_tui.core.model.agents import SeenProcess

WAITING = "import sys; print(flush=True); sys.stdin.read()"


@pytest.fixture
async def session(own_claude_folder: Path) -> AsyncIterator[LivingSession]:
    """A session of this very process, as if it were a Claude Code."""
    with short_folder() as sockets, claude_code(own_claude_folder, sockets) as claude:
        start = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
        fields = {**claude.tell()["fields"], "pid": os.getpid(), "procStart": start}
        (own_claude_folder / "sessions" / f"{os.getpid()}.json").write_text(json.dumps(fields))
        sessions = await SessionFiles().all([own_claude_folder / "sessions"])
        yield next(one for one in sessions if one.process.pid == os.getpid())


@contextmanager
def program(command: list[str], **environment: str) -> Iterator[SeenProcess]:
    """A child of this process with these variables, once it runs: before that, none of this can be read."""
    started = [sys.executable, "-c", WAITING, *command]
    child = subprocess.Popen(started, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    try:
        yield SeenProcess(child.pid, psutil.Process(child.pid).create_time())
    finally:
        child.communicate()


def variables(socket: str) -> dict[str, str]:
    """What Claude Code gives to its children."""
    return {"CLAUDE_CODE_MESSAGING_SOCKET": socket, "CLAUDE_CODE_MESSAGING_TOKEN": "secret"}


async def test_a_bridge_below_the_session_has_the_key(session: LivingSession) -> None:
    with ExitStack() as stack:
        stack.enter_context(program(["xats-tui"], **variables("/tmp/another.sock")))
        assert await SessionFiles().key(session, []) is None, "the key of another session"
        stack.enter_context(program(["something"], **variables(session.file.socket)))
        assert await SessionFiles().key(session, []) is None, "another program's environment is not looked at"
        stack.enter_context(program(["xats-tui"], **variables(session.file.socket)))

        key = await SessionFiles().key(session, [])

        assert key is not None
        assert (key.socket, key.token) == (session.file.socket, "secret")


async def test_a_bridge_that_is_connected_is_looked_at_first(session: LivingSession) -> None:
    with program(["something"], **variables(session.file.socket)) as bridge:
        assert await SessionFiles().key(session, [bridge]) is not None
        assert await SessionFiles().key(session, [SeenProcess(bridge.pid, 1.0)]) is None, "another process by now"
