"""Wakes that a channel proxy gets: only those of its own user's Claude Code, for any pid that it names.

Channels that are listened to cannot be taken at all: tests/backend/services/wakes/test_channels.py.
"""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.backend.api.plain_http import browsing, call, open_session
from tests.backend.api.proxies import UI_PID, listening_proxy, proxy_fields
from tests.conftest import Connect, Sql
from tests.patience import eventually
from xats_tui.backend.coordinator import Coordinator

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


@pytest.mark.parametrize(
    "hang_up", [lambda it: it.close(), lambda it: it.shutdown(socket.SHUT_WR)], ids=["wholly", "half"]
)
async def test_whoever_hangs_up_before_it_is_looked_at_is_not_believed(
    somebodys_ui: int, backend: Coordinator, sql: Sql, hang_up: Callable[[socket.socket], None]
) -> None:
    registering = call("register_agent", name="p", **proxy_fields("redirected", somebodys_ui))
    async with browsing(backend) as http:
        session = await open_session(http)
        asked = http.build_request("POST", "/mcp", json=registering, headers=session)
    head = "".join(f"{name}: {value}\r\n" for name, value in asked.headers.items() if name != "connection")
    with socket.create_connection(("127.0.0.1", backend.port)) as connection:
        connection.sendall(f"POST /mcp HTTP/1.1\r\n{head}\r\n".encode() + asked.read())
        hang_up(connection)
        await eventually(lambda: sql(PIDS) != [])

    assert sql(PIDS) == [("redirected", None)]


@pytest.mark.parametrize("user", [SOMEBODY, os.geteuid()], ids=["somebody's", "its own user's"])
async def test_a_pid_that_was_named_before_its_process_began_leads_to_channels_of_its_user_only(
    connect: Connect, sql: Sql, user: int
) -> None:
    await listening_proxy(connect, "waiting")
    host = await connect()
    with subprocess.Popen(["claude", "60"], executable="/bin/sleep", user=user) as ui:
        sql("UPDATE channel_proxies SET ui_pid = ?", ui.pid)  # as if it had been the next
        answer = await host.call("register_claude_self", name="host", team="red", ui_pid=ui.pid)
        ui.kill()

    assert "agent_id" in answer
    assert answer.get("channel_session_id") == (None if user == SOMEBODY else "waiting")


@pytest.mark.parametrize("starts_it", [False, True], ids=["a stranger", "its own program"])
async def test_an_agent_is_told_when_a_program_that_it_did_not_start_leads_its_wakes_away(
    connect: Connect, backend: Coordinator, sql: Sql, starts_it: bool
) -> None:
    host = await connect()
    with subprocess.Popen(["sleep", "60"]) as ui:
        pid = os.getpid() if starts_it else ui.pid
        await host.call("register_agent", client="custom", model="m", name="host", team="red")
        sql("UPDATE agents SET client = 'claude-code', client_name = NULL, runtime_ui_pid = ?", pid)
        await listening_proxy(connect, "redirected", ui_pid=pid)
        ui.kill()

    answer = await host.call("list_agents")
    assert answer["agents"][0]["channel_session_id"] == "redirected"
    notices = [one.text for one in backend.notices.latest if "was not started by that program" in one.text]
    if starts_it:
        assert "notice" not in answer
        assert notices == []
    else:
        assert "leads the wakes of host@red" in answer["notice"]
        assert len(notices) == 1


async def test_a_proxy_belongs_to_a_process_of_its_own_user(connect: Connect, sql: Sql) -> None:
    with subprocess.Popen(["sleep", "60"]) as ui:
        await listening_proxy(connect, "own", ui_pid=ui.pid)
        ui.kill()

    assert sql(PIDS) == [("own", ui.pid)]


async def test_a_pid_that_nobody_has_is_kept_as_it_is_named(connect: Connect, sql: Sql) -> None:
    await listening_proxy(connect, "gone", ui_pid=UI_PID)

    assert sql(PIDS) == [("gone", UI_PID)]
