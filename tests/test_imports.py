"""The import rules hold, and each of them notices when it is broken."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent

VIOLATIONS = {
    "downwards": ("runtime/settings.py", "import xats_tui.backend.coordinator"),
    "inside-the-backend": ("backend/store/tasks.py", "import xats_tui.backend.services.tasks"),
    "screens": ("screens/modes/live.py", "import xats_tui.backend.store.agents"),
    "operator-api": ("screens/data/coordinator.py", "import xats_tui.backend.coordinator"),
    "waker": ("backend/services/wakes/attempts.py", "import xats_tui.backend.panes.monitor"),
    "inside-the-api": ("backend/api/sse.py", "import xats_tui.backend.api.app"),
    "inside-the-system": ("backend/system/peers.py", "import xats_tui.backend.system.tmux"),
    "specs": ("clients/codex/spec.py", "import xats_tui.core.clock"),
    "ground-floor": ("core/model/tasks.py", "import subprocess"),
    "no-screen": ("core/events.py", "import rich.text"),
    "bridge": ("mcp_bridge/bridge.py", "import xats_tui.backend.system.peers"),
    "sql": ("backend/services/tasks.py", "import sqlite3"),
    "tmux": ("backend/transports/pane/transport.py", "import libtmux"),
    "protocol": ("backend/mcp_sessions.py", "import mcp_types"),
    "nouns": ("backend/tools/tasks.py", "import xats_tui.backend.tools.messages"),
}
"""By contract: a file and a line in it that the contract forbids."""

IMPORT_EACH_FIRST = """
import importlib, pkgutil, sys
import xats_tui.screens as screens
for module in [found.name for found in pkgutil.walk_packages(screens.__path__, screens.__name__ + ".")]:
    for name in [name for name in sys.modules if name.startswith(screens.__name__)]:
        del sys.modules[name]
    try:
        importlib.import_module(module)
    except ImportError as error:
        print(module, error)
"""
"""Prints the modules of the screens that cannot be imported before all others, because imports lead back to them."""


def lint(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run import-linter over the package that lies in `project`."""
    program = "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports_command as c; c()"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache", *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=50,
    )


@pytest.fixture
def copied_project(tmp_path: Path) -> Path:
    """A copy of the package with its rules, to plant things in."""
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    shutil.copytree(PROJECT / "xats_tui", tmp_path / "xats_tui", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.slow
def test_the_package_keeps_every_rule(copied_project: Path) -> None:
    result = lint(copied_project)

    assert result.returncode == 0, result.stdout
    assert f"Contracts: {len(VIOLATIONS)} kept, 0 broken." in result.stdout


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("contract", VIOLATIONS)
def test_a_planted_violation_breaks_the_rule(contract: str, copied_project: Path) -> None:
    file, line = VIOLATIONS[contract]
    module = copied_project / "xats_tui" / file
    module.write_text(module.read_text() + f"\n{line}\n")

    result = lint(copied_project, "--contract", contract)

    assert result.returncode == 1, result.stdout
    assert "BROKEN" in result.stdout


@pytest.mark.slow
def test_a_new_backend_module_has_to_choose_its_layer(copied_project: Path) -> None:
    (copied_project / "xats_tui" / "backend" / "newcomer.py").write_text('"""Nobody has given it a layer."""\n')

    result = lint(copied_project, "--contract", "inside-the-backend")

    assert result.returncode == 1, result.stdout
    assert "newcomer" in result.stdout


@pytest.mark.slow
def test_every_module_of_the_screens_can_be_imported_first() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_EACH_FIRST], cwd=PROJECT, capture_output=True, text=True, timeout=50, check=True
    )

    assert done.stdout == ""


def test_a_dashboard_starts_without_what_only_later_work_needs() -> None:
    """libtmux, jsonschema, httpx2 and websockets take 30 to 40 ms each, all commands a tenth of a second."""
    told = "import sys, xats_tui.__main__, xats_tui.dashboard.run; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    unwanted = {"ctypes", "httpx2", "jsonschema", "libtmux", "mcp", "websockets", "xats_tui.commands.readings"}
    assert not unwanted & set(run.stdout.split())
