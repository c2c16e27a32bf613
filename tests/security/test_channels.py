"""Whose wakes a channel proxy gets: those of a Claude Code of its own user, whatever pid it names.

Channels that are listened to cannot be taken at all: tests/backend/services/test_channels.py.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backend.proxies import UI_PID, listening_proxy
from tests.conftest import Connect, Sql

SOMEBODY = 65534
"""The user that is nobody."""

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a process as another user"),
    pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="this system does not say whose a connection is"),
]


@pytest.fixture
def somebodys_ui() -> Iterator[int]:
    """The pid of another user's process."""
    with subprocess.Popen(["sleep", "60"], user=SOMEBODY) as process:
        yield process.pid
        process.kill()


PIDS = "SELECT channel_session_id, ui_pid FROM channel_proxies"


async def test_w19_a_proxy_is_not_believed_to_belong_to_another_users_process(
    somebodys_ui: int, connect: Connect, sql: Sql
) -> None:
    await listening_proxy(connect, "redirected", ui_pid=somebodys_ui)

    assert sql(PIDS) == [("redirected", None)]


async def test_w19_an_agent_is_not_led_to_the_channel_of_a_stranger(
    somebodys_ui: int, connect: Connect, sql: Sql
) -> None:
    host = await connect()
    await host.call("register_agent", client="custom", model="m", name="host", team="red", ui_pid=somebodys_ui)
    sql("UPDATE agents SET client = 'claude-code', client_name = NULL, runtime_ui_pid = ?", somebodys_ui)

    await listening_proxy(connect, "redirected", ui_pid=somebodys_ui)

    (agent,) = (await host.call("list_agents"))["agents"]
    assert agent["channel_session_id"] is None


async def test_a_proxy_belongs_to_a_process_of_its_own_user(connect: Connect, sql: Sql) -> None:
    with subprocess.Popen(["sleep", "60"]) as ui:
        await listening_proxy(connect, "own", ui_pid=ui.pid)
        ui.kill()

    assert sql(PIDS) == [("own", ui.pid)]


async def test_a_pid_that_nobody_has_is_kept_as_it_is_named(connect: Connect, sql: Sql) -> None:
    await listening_proxy(connect, "gone", ui_pid=UI_PID)

    assert sql(PIDS) == [("gone", UI_PID)]
