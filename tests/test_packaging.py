"""The published packages: built here, installed in an empty place, and tried."""

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Container, Iterator
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

from tests.tmux_server import short_folder
from xats_tui import __version__

ROOT = Path(__file__).parent.parent

PATIENCE = 50.0
"""Seconds for a step, on a machine that is busy."""

FAILED = 1
"""Exit code of the demo if a task is still open at its end, as on a busy machine; tests/commands checks that."""

COMPLETE = ("README.md", "ARCHITECTURE.md", "LICENSE", "Makefile", "mkdocs.yml", ".ci/run", "docs/index.md")
"""Files besides the source folders that a user of the sdist needs."""


def run(*command: str | Path, folder: Path = ROOT, codes: Container[int] = (0,)) -> str:
    """Run a command and return its output; it must end with one of these exit codes."""
    done = subprocess.run(command, cwd=folder, env=bare(), capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode in codes, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def bare() -> dict[str, str]:
    """An environment that leads Python nowhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "XATS_", "COVERAGE"))}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-d", folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program in an environment of its own: of this one it has the dependencies, and nothing else."""
    environment = tmp_path_factory.mktemp("clean") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", environment)
    python = environment / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", wheel)
    folder = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (folder / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")  # its own .pth files are not read
    return environment / "bin" / "xats-tui"


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A short folder where nothing is, as home and for temporary files."""
    with short_folder() as folder:
        for name in ("HOME", "TMPDIR"):
            monkeypatch.setenv(name, str(folder))
        yield folder


def test_the_wheel_holds_the_program_with_its_stylesheets_and_nothing_else(wheel: Path) -> None:
    sources = {
        path
        for path in (ROOT / "xats_tui").rglob("*")
        if path.suffix in (".py", ".tcss", ".toml", ".ts", ".tsv", ".typed", ".jinja")
    }
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == {str(path.relative_to(ROOT)) for path in sources}
    assert any(name.endswith(".tcss") for name in names) and any(name.endswith(".toml") for name in names)


def test_the_sdist_holds_what_it_takes_to_work_on_it(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert set(COMPLETE) <= names
    for folder in ("tests", "docs", "docs_generator", "benchmarks"):
        kept = {str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob("*.py")}
        assert kept <= names
    assert [name for name in names if re.match(r"(\.venv|\.git/|site/|dist/|.*__pycache__)", name)] == []


def test_the_version_is_said_in_one_place(wheel: Path) -> None:
    metadata = metadata_of(wheel)
    assert metadata["Version"] == __version__
    assert f"-{__version__}-" in wheel.name
    assert "version =" not in (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("[tool.")[0]
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Description-Content-Type"] == "text/markdown"


def metadata_of(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


@pytest.mark.slow
@pytest.mark.tmux
def test_the_agents_of_the_demo_register_from_the_installed_wheel(installed: Path, elsewhere: Path) -> None:
    python = installed.parent / "python"
    place = run(python, "-c", "import xats_tui; print(xats_tui.__file__)", folder=elsewhere)
    assert Path(place.strip()).is_relative_to(installed.parents[1])
    assert run(installed, "--version", folder=elsewhere) == f"xats-tui {__version__}\n"
    told = run(installed, "demo", "--headless", "--seconds", "30", folder=elsewhere, codes=(0, FAILED))
    assert re.search(r"^ok +agents", told, re.M), told
    assert "nothing of it is left" in told
    assert list(elsewhere.iterdir()) == []
