"""One process that runs the tools of all its windows, as Cline's hub does: what its environment says is no proof.

The hub has the environment of its first window, so that each of its bridges is told the first window's pane.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.commands.processes import XATS, clean_environment
from tests.conftest import Connect, Sql
from tests.mcp_bridge.host import LONGEST_LINE, ScriptedHost, end
from tests.tmux_server import Pane, TmuxServer
from xats_tui.backend.coordinator import Coordinator

HUB = "import os, subprocess, sys; os.setsid(); sys.exit(subprocess.call(sys.argv[1:]))"
"""A daemon without a terminal that starts a bridge."""

pytestmark = pytest.mark.tmux


@asynccontextmanager
async def window(
    backend: Coordinator, tmux: TmuxServer, first: Pane, hub: str = sys.executable
) -> AsyncIterator[ScriptedHost]:
    """A window of a hub that was started in the pane `first`; `hub` is the path of its program."""
    process = await asyncio.create_subprocess_exec(
        *(hub, "-c", HUB, *XATS, "mcp", "--home", str(backend.settings.home)),
        env=clean_environment() | {"TMUX": f"{tmux.socket},1,0", "TMUX_PANE": first.pane_id},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LONGEST_LINE,
    )
    try:
        host = ScriptedHost(process)
        client = {"name": "@cline/core", "version": "0.0.0"}
        await host.request("initialize", protocolVersion="2024-11-05", capabilities={}, clientInfo=client)
        yield host
        await host.leave()  # the bridge ends with its stdin, and the hub with it
    finally:
        await end(process)


async def test_no_window_of_a_hub_is_bound_to_the_pane_that_its_environment_names(
    backend: Coordinator, tmux: TmuxServer, register: Connect, sql: Sql
) -> None:
    alice, first = await register("alice", team="t"), await tmux.stand_in("claude", "claude")
    await alice.call("bind_runtime_identity", agent="claude-code", ui_pid=first.pid)
    async with window(backend, tmux, first) as one, window(backend, tmux, first) as other:
        answers = [
            await host.call("register_agent", name=name, team="t") for host, name in ((one, "bob"), (other, "carol"))
        ]
        me = await other.call("whoami")

    assert sql("SELECT name, tmux_pane_id FROM agents ORDER BY name") == [
        ("alice", first.pane_id),
        ("bob", None),
        ("carol", None),
    ]
    for told in (*answers, me):
        assert "which has no terminal and may serve several windows" in told["hint"]
        assert "Call detect_tmux_pane" in told["hint"] and "bind_runtime_identity" in told["hint"]


@pytest.mark.slow
async def test_what_whoami_advises_to_a_window_of_a_hub_binds_it(
    backend: Coordinator, tmux: TmuxServer, sql: Sql
) -> None:
    first, own = await tmux.stand_in("first", "cline"), await tmux.stand_in("own", "cline")
    async with window(backend, tmux, first) as host:
        await host.call("register_agent", name="bob", team="t")
        named = {"agent": "custom", "process_pattern": "stand_in.py own"}
        found = await host.call("detect_tmux_pane", **named)
        pid = int(found["pane"]["matched_processes"][0].split()[0])
        bound = await host.call("bind_runtime_identity", ui_pid=pid, **named)

    assert bound["tmux_pane_id"] == own.pane_id
    assert sql("SELECT tmux_pane_id FROM agents") == [(own.pane_id,)]


@pytest.mark.slow
async def test_a_window_is_bound_by_the_folder_that_its_model_names_if_it_is_the_only_one_there(
    backend: Coordinator, tmux: TmuxServer, sql: Sql, tmp_path: Path
) -> None:
    first, hub = await tmux.stand_in("first", "cline"), tmux.called("cline")
    shop, till = tmp_path / "shop", tmp_path / "till"
    panes = []
    for folder in (shop, till, till):
        folder.mkdir(exist_ok=True)
        panes.append(tmux.new_pane([hub, "-c", "import time; time.sleep(1000)"], cwd=folder))
    async with (
        window(backend, tmux, first, hub) as one,
        window(backend, tmux, first, hub) as two,
        window(backend, tmux, first, hub) as again,
    ):
        bound = await one.call("register_agent", name="bob", project_dir=str(shop))
        unclear = await two.call("register_agent", name="carol", project_dir=str(till))
        me = await two.call("whoami")
        taken = await again.call("register_agent", name="dora", project_dir=str(shop))

    assert bound["bound"]["tmux_pane_id"] == panes[0].pane_id
    assert "2 windows of Cline work in" in unclear["hint"]
    assert "register_agent again with project_dir" in me["hint"]
    assert "belongs to bob@shop" in taken["hint"]
    assert sql("SELECT name, tmux_pane_id FROM agents ORDER BY name") == [
        ("bob", panes[0].pane_id),
        ("carol", None),
        ("dora", None),
    ]
