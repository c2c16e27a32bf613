"""An opencode server is asked only if the agent's own process listens there; its password stays in memory."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import psutil
import pytest

from tests.backend.watchers.board import Board
from tests.backend.watchers.test_opencode_sessions import agent_named, reached
from tests.stand_ins.opencode_server import opencode_server
from xats_tui.backend.system.processes import Processes
from xats_tui.backend.transports.opencode_access import AgentEnded, ForeignServer, OpencodeAccess
from xats_tui.backend.transports.opencode_server import OpencodeServer
from xats_tui.core.clock import SystemClock
from xats_tui.core.model.agents import SeenProcess
from xats_tui.core.model.wakes import Reachability
from xats_tui.core.records import replace

LISTEN = "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True)"
WAIT = "; sys.stdin.read()"
BELOW = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"

ACCESS = OpencodeAccess(Processes())


def seen(pid: int) -> SeenProcess:
    """A living process."""
    return SeenProcess(pid, psutil.Process(pid).create_time())


@asynccontextmanager
async def listening(*command: str, environment: Mapping[str, str] | None = None) -> AsyncIterator[tuple[int, str]]:
    """A process that listens, or has a child do so: its pid, and the URL of the port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", *command, stdin=-1, stdout=-1, env=os.environ | (environment or {})
    )
    assert process.stdout and process.stdin
    try:
        yield process.pid, f"http://127.0.0.1:{int(await process.stdout.readline())}"
    finally:
        process.stdin.close()
        await process.wait()


def a_transport() -> OpencodeServer:
    """The transport, with a board of its own."""
    return OpencodeServer(ACCESS, Board(), SystemClock())


async def test_its_own_port_is_found_also_behind_a_wrapper() -> None:
    for command in ((LISTEN + WAIT,), (BELOW, LISTEN + WAIT)):
        async with listening(*command) as (pid, url):
            agent = replace(reached(agent_named("bob"), url), process=seen(pid))
            assert (await ACCESS.to_server_of(agent)).base_url == url
            assert [one.base_url for one in await ACCESS.to_servers_of_process(agent)] == [url]


async def test_a_server_of_another_process_is_asked_nothing() -> None:
    with opencode_server() as foreign:
        async with listening(LISTEN + WAIT) as (pid, _):
            agent = replace(reached(agent_named("bob"), foreign.url), process=seen(pid))
            with pytest.raises(ForeignServer):
                await ACCESS.to_server_of(agent)
            transport = a_transport()
            assert (await transport.readiness(agent)).reach is Reachability.UNUSABLE
            assert (await transport.deliver(agent, "hint")).failed
        assert (foreign.prompts, foreign.readings) == ([], 0)


async def test_an_agent_whose_process_has_ended_is_gone() -> None:
    async with listening(LISTEN + WAIT) as (pid, url):
        agent = replace(reached(agent_named("bob"), url), process=seen(pid))
    with pytest.raises(AgentEnded):
        await ACCESS.to_server_of(agent)
    assert (await a_transport().readiness(agent)).reach is Reachability.AGENT_GONE


@pytest.mark.parametrize("client", ["opencode", "kilo"])
async def test_the_password_is_that_of_the_process_for_its_client_and_is_not_shown(client: str) -> None:
    secrets = {"OPENCODE_SERVER_PASSWORD": "s3cret-of-opencode", "KILO_SERVER_PASSWORD": "s3cret-of-kilo"}
    async with listening(LISTEN + WAIT, environment=secrets) as (pid, url):
        agent = replace(agent_named("bob"), client=client, process=seen(pid))
        (access,) = await ACCESS.to_servers_of_process(agent)
        assert (access.base_url, access.username, access.password) == (url, client, f"s3cret-of-{client}")
        assert "s3cret" not in repr(access)
        assert (await ACCESS.to_own_server(url, client)).password == f"s3cret-of-{client}"
