"""Command line with which other programs start this one."""

import shutil
import sys
from pathlib import Path

import pytest

from xats_tui.clients.registry import CLIENTS
from xats_tui.clients.setup.own_command import OwnCommand, is_ours, own_program


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The program as an installer puts it into a folder for programs."""
    script = tmp_path / "bin" / "xats-tui"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    return script


def test_the_name_is_enough_where_path_leads_to_this_very_program(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(installed.parent))

    assert own_program(str(installed)) == ("xats-tui",)


def test_the_path_is_told_where_the_name_leads_nowhere_or_elsewhere(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert own_program(str(installed)) == (str(installed),)

    shutil.copy(installed, tmp_path)
    assert own_program(str(installed)) == (str(installed),)


@pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="not run in a virtual environment")
def test_the_path_is_told_while_path_leads_here_only_because_an_environment_is_activated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    activated = Path(sys.prefix, "bin")
    monkeypatch.setenv("PATH", str(activated))

    assert own_program(str(activated / "xats-tui")) == (str(activated / "xats-tui"),)


def test_a_hook_is_a_line_for_a_shell() -> None:
    own = OwnCommand(program=("/my programs/xats-tui",), flags=("--home", "/a b"))

    assert own.hook(CLIENTS["codex"], "Stop") == "'/my programs/xats-tui' hook --home '/a b' --client codex"
    assert own.hook(CLIENTS["copilot"], "agentStop").endswith(" --client copilot --event agentStop")


@pytest.mark.parametrize(
    ("command", "ours"),
    [
        (["xats-tui", "mcp"], True),
        (["/opt/x/bin/xats-tui", "mcp"], True),
        (["/usr/bin/python3", "-m", "xats_tui", "mcp"], True),
        (["uvx", "xats-tui", "mcp"], True),
        (["npx", "cross-agent-teams-mcp"], False),
        ([], False),
    ],
)
def test_our_own_command_lines_are_known(command: list[str], ours: bool) -> None:
    assert is_ours(command) is ours
