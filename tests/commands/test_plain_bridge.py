"""A bridge's command line without typer says what it says with typer, or is left to it."""

from typing import Any

import pytest

from xats_tui.commands import command_line, mcp, plain_bridge
from xats_tui.commands.plain_bridge import read
from xats_tui.runtime.settings import Loaded

LINES = (
    "mcp",
    "mcp --name alice",
    "--home /h mcp --name=alice --team red --role qa",
    "--port 1 mcp --port 2 --channel --pid-file=/p",
    "mcp --name --channel",
    "mcp --name= --token=",
)

ENVIRONMENT = {"XATS_NAME": "bob", "XATS_TEAM": ""}


@pytest.mark.parametrize("environment", [{}, ENVIRONMENT], ids=["", "variables"])
@pytest.mark.parametrize("line", LINES)
def test_a_line_of_flags_says_the_same_without_typer(
    line: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[tuple[Any, ...]] = []

    def serve(loaded: Loaded, **said: Any) -> int:
        served.append((loaded, said))
        return 0

    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("xats_tui.runtime.settings.checked", lambda values, sources: values)
    monkeypatch.setattr(mcp, "serve", serve)
    monkeypatch.setattr(plain_bridge, "serve", serve)
    words = ["xats-tui", *line.split()]
    monkeypatch.setattr("sys.argv", words)

    assert command_line.run() == 0
    known = read(words, environment)
    assert known is not None
    assert plain_bridge.run(known) == 0

    with_typer, without = ((loaded, {key: value or None for key, value in said.items()}) for loaded, said in served)
    assert with_typer == without


@pytest.mark.parametrize(
    "line",
    ["mcp more", "mcp --nope", "mcp --name", "--name alice mcp", "--channel mcp", "mcp mcp", "mcp --", "mcp -h"],
)
def test_any_other_line_is_left_to_typer(line: str) -> None:
    assert read(["xats-tui", *line.split()], {}) is None
