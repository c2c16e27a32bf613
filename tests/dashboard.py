"""The dashboard as a person starts it: from a shell in a tmux pane, with agents behind real bridges around it."""

import asyncio
import os
import shlex
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from tests.mcp_bridge.host import ScriptedHost, bridge
from tests.patience import PATIENCE, eventually
from tests.tmux_server import Pane, TmuxServer
from xats_tui.runtime import pid_file
from xats_tui.runtime.pid_file import PidRecord

FIRST_SIGN = "ctrl+q quit"
"""Text on every screen of the dashboard."""

PROJECT = Path(__file__).parent.parent
PROGRAM = (sys.executable, "-m", "xats_tui")


async def opened(
    tmux: TmuxServer, home: Path, *flags: str, program: Sequence[str] = PROGRAM, until: str = FIRST_SIGN
) -> Pane:
    """A shell in a pane of its own in which the dashboard has been started and shows `until`."""
    shell = tmux.new_pane(["sh"], cwd=PROJECT)
    tmux.send(shell.pane_id, shlex.join([*program, "--home", str(home), *flags]), "Enter")
    await tmux.wait_for(shell.pane_id, until, PATIENCE)
    return shell


async def running(home: Path, fits: Callable[[PidRecord], bool] = lambda _: True) -> PidRecord:
    """The coordinator of this home as soon as it is one that fits."""
    async with asyncio.timeout(PATIENCE):
        while (record := pid_file.running(home / "daemon.pid")) is None or not fits(record):
            await asyncio.sleep(0.02)
    return record


async def gone(home: Path) -> None:
    """Wait until no coordinator of this home runs."""
    await eventually(lambda: not pid_file.is_running(home / "daemon.pid"))


@asynccontextmanager
async def agents(home: Path, *names: str) -> AsyncIterator[list[ScriptedHost]]:
    """Registered agents behind bridges of their own; at the end the coordinator is stopped, whoever started it."""
    try:
        async with AsyncExitStack() as stack:
            hosts = [await stack.enter_async_context(bridge(home, "--port", "0")) for _ in names]
            for host, name in zip(hosts, names, strict=True):
                await host.shake_hands()
                answer = await host.call("register_agent", name=name, client="custom", model="m", team="shop")
                assert "agent_id" in answer, answer
            yield hosts
    finally:
        if record := pid_file.running(home / "daemon.pid"):
            os.kill(record.pid, signal.SIGTERM)
            await gone(home)
