"""However a client is installed and started, its agent is bound to its pane, and the pane is known as the agent's.

A real bridge in a real pane; the client is `host_in_pane.py`, run by Python under whatever name it has.
"""

import json
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.processes import XATS
from tests.mcp_bridge.test_self_registration import HOST_IN_PANE
from tests.patience import eventually
from tests.tmux_server import TmuxServer
from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.panes import PaneReading, PaneRef, PaneState

PACKAGE = Path("node_modules/@anthropic-ai/claude-code")


def program(folder: Path, *path: str) -> str:
    """Python as a program of that path below a folder."""
    file = folder.joinpath(*path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.symlink_to(Path(sys.executable).resolve())
    return str(file)


def script(folder: Path, *path: str) -> str:
    """The host as a script of that path below a folder."""
    file = folder.joinpath(*path)
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(HOST_IN_PANE, file)
    return str(file)


def plain(folder: Path) -> list[str]:
    return [program(folder, "claude"), str(HOST_IN_PANE)]


Way = Callable[[Path, list[str]], list[str]]
"""From a folder and the host's arguments to what is run in the pane."""

WAYS: dict[str, Way] = {
    "sh -c 'claude; exec bash'": lambda folder, host: [
        "sh",
        "-c",
        f"{shlex.join(plain(folder) + host)}; exec bash --norc",
    ],
    "node cli.js": lambda folder, host: [program(folder, "node"), script(folder, "cli.js"), *host],
    "script": lambda folder, host: ["script", "-qc", shlex.join(plain(folder) + host), "/dev/null"],
    "wrapper script": lambda folder, host: ["bash", "-c", '"$@"\ntrue', "wrapper", *plain(folder), *host],
    "npx": lambda folder, host: [program(folder, "node"), "-c", NPX, *plain(folder), *host],
    "timeout": lambda folder, host: ["timeout", "--foreground", "600", *plain(folder), *host],
    "nice, env": lambda folder, host: ["nice", "env", "A=1", *plain(folder), *host],
    "claude.exe": lambda folder, host: [program(folder, "claude.exe"), str(HOST_IN_PANE), *host],
    "versions": lambda folder, host: [program(folder, "claude", "versions", "2.1.332"), str(HOST_IN_PANE), *host],
    "nix": lambda folder, host: [program(folder, ".claude-wrapped"), str(HOST_IN_PANE), *host],
    "node -W": lambda folder, host: [program(folder, "node"), "-W", "ignore", script(folder, "claude"), *host],
    "package": lambda folder, host: [program(folder, "node"), script(folder, str(PACKAGE), "cli.js"), *host],
}

NPX = "import subprocess, sys; subprocess.run(['sh', '-c', ' '.join(sys.argv[1:]) + '; true'])"
"""Starts a program as `npx` does: with a shell between."""


async def entry_of(backend: Coordinator, name: str) -> RosterEntry | None:
    """An agent as its operator sees it; None if it has no pane that was seen."""
    roster = await backend.registry.roster()
    return next((entry for entry in roster if entry.agent.name == name and entry.pane), None)


@pytest.mark.first_variant_quick
@pytest.mark.tmux
@pytest.mark.parametrize("way", WAYS)
async def test_an_agent_is_bound_and_its_pane_read_however_it_was_started(
    backend: Coordinator, tmux: TmuxServer, tmp_path: Path, way: str
) -> None:
    host = ["claude-code", "ann", "--", *XATS, "mcp", f"--home={backend.settings.home}"]
    pane = tmux.new_pane(WAYS[way](tmp_path, host), cwd=tmp_path)
    screen = await tmux.wait_for(pane.pane_id, "registered>")
    answer = json.loads(screen.split("registered>")[0].replace("\n", ""))
    await eventually(lambda: backend.panes.view(PaneRef("", pane.pane_id)))

    entry = await entry_of(backend, "ann")
    assert answer["bound"] == {"tmux_pane_id": pane.pane_id, "evidence": "verified_pid_tty_pane"}
    assert entry and entry.pane and entry.agent.binding
    assert (entry.agent.client, entry.online) == ("claude-code", True)
    assert entry.pane.reading.state is not PaneState.SHELL, entry.pane.reading.reason
    gates = {gate.name: gate.holds for gate in await backend.waker.verdicts(entry.agent)}
    assert gates["owner"] and gates["process"] and gates["shell"], gates


@pytest.mark.tmux
async def test_an_agent_whose_wrapper_leaves_a_shell_behind_has_ended(
    backend: Coordinator, tmux: TmuxServer, tmp_path: Path
) -> None:
    host = ["claude-code", "ann", "--", *XATS, "mcp", f"--home={backend.settings.home}"]
    pane = tmux.new_pane(WAYS["sh -c 'claude; exec bash'"](tmp_path, host), cwd=tmp_path)
    await tmux.wait_for(pane.pane_id, "registered>")
    tmux.send(pane.pane_id, "C-d")
    await tmux.wait_until(lambda: tmux.formats(pane.pane_id, "pane_current_command") == ["bash"])
    ended = PaneReading(state=PaneState.SHELL, reason="bash is in front: the agent has ended")
    # A look that had begun before shows the sh that bash takes the place of.
    await eventually(lambda: (view := backend.panes.view(PaneRef("", pane.pane_id))) and view.reading == ended)

    entry = await entry_of(backend, "ann")
    assert entry and entry.pane and entry.pane.reading == ended
