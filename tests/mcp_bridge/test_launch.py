"""A coordinator is started where there is none: one, however many want it, and none where one cannot be proved."""

import asyncio
import os
from contextlib import AsyncExitStack
from pathlib import Path

import psutil
import pytest

from tests.dashboard import agents
from tests.mcp_bridge.host import bridge
from xats_tui.mcp_bridge.coordinator_locator import CoordinatorLocator
from xats_tui.runtime import pid_file
from xats_tui.runtime.pid_file import PidRecord
from xats_tui.runtime.settings import load


def coordinators(home: Path) -> list[int]:
    """The processes that are coordinators of this home."""
    commands = {process.pid: process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])}
    return [pid for pid, command in commands.items() if "daemon" in command and str(home) in command]


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("bridges", [4, 10])
async def test_bridges_started_at_the_same_moment_have_one_coordinator_and_all_are_connected(
    tmp_path: Path, bridges: int
) -> None:
    names = [f"agent-{number}" for number in range(bridges)]
    async with agents(tmp_path), AsyncExitStack() as stack:
        starting = (stack.enter_async_context(bridge(tmp_path, "--port", "0")) for _ in names)
        hosts = await asyncio.gather(*starting)
        await asyncio.gather(*(host.shake_hands() for host in hosts))
        await asyncio.gather(
            *(
                host.call("register_agent", name=name, client="custom", model="m", team="t")
                for host, name in zip(hosts, names, strict=True)
            )
        )
        listed = await hosts[0].call("list_agents")
        assert sorted(agent["name"] for agent in listed["agents"] if agent["online"]) == names
        record = pid_file.running(tmp_path / "daemon.pid")
        assert record is not None
        assert coordinators(tmp_path) == [record.pid]


def launcher(home: Path) -> CoordinatorLocator:
    return CoordinatorLocator(load({"home": home}, {}))


def test_a_killed_coordinators_pid_file_leads_nowhere(tmp_path: Path) -> None:
    pid_file.write(tmp_path / "daemon.pid", PidRecord(pid=os.getpid(), port=9100))
    assert launcher(tmp_path).find() is None


def test_a_foreign_pid_is_told_and_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "daemon.pid"
    with pid_file.held(path):
        pid_file.write(path, PidRecord(pid=1, port=9100))
        bridges = launcher(tmp_path)
        assert bridges.find() is None
        assert f"names process 1, but the running coordinator is {os.getpid()}" in bridges.complaint


def test_a_coordinator_of_another_version_is_used_and_the_log_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "daemon.pid"
    with pid_file.held(path):
        pid_file.write(path, PidRecord(pid=os.getpid(), port=9100, version="99.0"))
        bridges = launcher(tmp_path)
        assert bridges.find() == bridges.find() == "http://127.0.0.1:9100/mcp"
    (warning,) = caplog.messages
    assert "is version 99.0, this bridge" in warning


def test_while_a_dashboard_takes_over_no_bridge_starts_a_coordinator(tmp_path: Path) -> None:
    with pid_file.starting(tmp_path / "daemon.pid"):
        bridges = launcher(tmp_path)
        bridges.start()
        assert bridges.is_starting
    assert coordinators(tmp_path) == []
