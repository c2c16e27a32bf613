"""The dashboard's command line without typer says what it says with typer, or is left to it."""

import subprocess
import sys
from typing import Any

import pytest

from xats_tui.commands import command_line, plain_dashboard
from xats_tui.commands.plain_dashboard import read
from xats_tui.runtime.settings import Loaded

LINES = (
    "",
    "--takeover",
    "--read-only --port 1",
    "--home /h --port=2 --read-only --takeover --pid-file=/p",
    "--port 1 --port 2",
    "--home --takeover",
    "--token=",
)


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_flags_says_the_same_without_typer(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[Any, ...]] = []

    def dashboard(loaded: Loaded, **said: Any) -> int:
        opened.append((loaded, said))
        return 0

    monkeypatch.setattr("xats_tui.runtime.settings.checked", lambda values, sources: values)
    monkeypatch.setattr("xats_tui.commands.dashboard.dashboard", dashboard)
    monkeypatch.setattr(plain_dashboard, "dashboard", dashboard)
    words = ["xats-tui", *line.split()]
    monkeypatch.setattr("sys.argv", words)

    assert command_line.run() == 0
    known = read(words, {})
    assert known is not None
    assert plain_dashboard.run(known) == 0

    with_typer, without = opened
    assert with_typer == without


@pytest.mark.parametrize(
    "line", ["daemon", "--nope", "--port", "--takeover=1", "--", "-h", "--version", "--help", "mcp"]
)
def test_any_other_line_is_left_to_typer(line: str) -> None:
    assert read(["xats-tui", *line.split()], {}) is None


def test_a_shell_that_asks_for_completions_is_left_to_typer() -> None:
    assert read(["xats-tui"], {"_XATS_TUI_COMPLETE": "complete_bash"}) is None


def test_the_dashboard_is_imported_without_what_it_does_not_use() -> None:
    program = (
        "import sys, xats_tui.__main__, xats_tui.commands.plain_dashboard, xats_tui.dashboard.run;"
        f"print(*({NOT_NEEDED!r} & sys.modules.keys()))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout.strip() == ""


NOT_NEEDED = {"typer", "pydantic", "mcp", "jsonschema", "libtmux", "uvicorn"}
"""What takes long to import, and is needed after the first screen, if at all."""
