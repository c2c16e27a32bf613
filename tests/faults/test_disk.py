"""A disk without room: calls are refused with the reason, nothing is half done, and it goes on when there is room."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.commands.processes import UNCOUNTED, clean_environment, daemon
from tests.faults.disk import full_disk
from tests.mcp_caller import Caller, callers
from tests.patience import PATIENCE

REFUSED = "the disk of the database is full or cannot be written; free some space and try again"


async def two_agents(connect: object, port: int) -> tuple[Caller, Caller]:
    """Alice and Bob."""
    assert callable(connect)
    alice, bob = [await connect(f"http://127.0.0.1:{port}/mcp") for _ in range(2)]
    await alice.register("alice")
    await bob.register("bob")
    return alice, bob


async def inbox(caller: Caller) -> list[str]:
    """The bodies in an agent's inbox."""
    answer = await caller.call("get_inbox", limit=200)
    assert "messages" in answer, answer
    return [message["body"] for message in answer["messages"]]


@pytest.mark.slow
async def test_calls_are_refused_with_the_reason_and_it_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with daemon(tmp_path) as (process, port):
        async with callers() as connect:
            alice, bob = await two_agents(connect, port)
            await alice.call("send_message", to_agent_name="bob", body="before")
            with full_disk(process.pid):
                sent = await alice.call("send_message", to_agent_name="bob", body="lost")
                added = await alice.call("task_add", title="lost")
                published = await alice.call("register_contract", name="lost", schema={})
                assert (await bob.call("echo", msg="there"))["msg"] == "there"
            for refused in (sent, added, published):
                assert (refused["error"], refused["detail"][: len(REFUSED)]) == ("storage_unavailable", REFUSED)
            assert "message_id" in await alice.call("send_message", to_agent_name="bob", body="after")
            assert await inbox(bob) == ["before", "after"]
            assert (await bob.call("task_list"))["tasks"] == []
            assert "task_id" in await alice.call("task_add", title="after")
    with closing(sqlite3.connect(tmp_path / "data.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("SELECT count(*) FROM message_delivery_status").fetchall() == [(2,)]


WRITES_A_LOG = """
import logging, resource, sys
from pathlib import Path
from xats_tui.runtime.logs import log_to_file
from xats_tui.runtime.settings import Settings

log_to_file(Settings(home=Path(sys.argv[1])))
for text, limit in (("before", resource.RLIM_INFINITY), ("lost", 0), ("lost", 0), ("after", resource.RLIM_INFINITY)):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    logging.warning(text)
"""


@pytest.mark.slow
def test_what_finds_no_room_in_the_log_is_left_out_and_nothing_is_printed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITES_A_LOG, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)

    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    log = (tmp_path / "xats-tui.log").read_text()
    assert [line.rpartition(" ")[2] for line in log.splitlines()] == ["before", "after"]


@pytest.mark.slow
def test_without_room_it_says_so_at_the_start(tmp_path: Path) -> None:
    start = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); "
    start += "from xats_tui.__main__ import main; sys.exit(main())"
    run = subprocess.run(
        [sys.executable, "-c", start, "daemon", "--port", "0", "--home", str(tmp_path)],
        env=clean_environment() | UNCOUNTED,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (1, "", 1)
    assert "data.db is full or cannot be written" in run.stderr
    assert "free some space first" in run.stderr
