"""The example of docs/clients.md works as the page says."""

import json
import re
from pathlib import Path

from tests.clients.manifests.manifest_text import manifest
from xats_tui.clients.manifests.described_program import described_program, described_start
from xats_tui.clients.manifests.screen_rules import explain
from xats_tui.clients.setup.own_command import OwnCommand
from xats_tui.clients.setup.program import ConfigContext, ConfigScope
from xats_tui.core.model.launches import LaunchCommand, LaunchRequest
from xats_tui.core.model.panes import PaneState
from xats_tui.core.screen.ansi_grid import parse_screen

PAGE = (Path(__file__).parents[3] / "docs" / "clients.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """The page's block in a language."""
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)
    assert found
    return found[1]


def test_the_example_reads_the_screen_that_the_page_shows() -> None:
    rules = manifest(block("toml"), "parrot.toml").screen
    assert rules is not None
    screen = block("text")
    row = screen.split("\n").index(">")
    formats = {"cursor_x": 2, "cursor_y": row, "pane_width": 40}

    assert explain(rules, parse_screen(screen), formats).reading.state is PaneState.IDLE
    drafted = screen.replace("\n>", "\n> y")
    assert explain(rules, parse_screen(drafted), formats | {"cursor_x": 3}).reading.state is PaneState.DRAFT
    asked = screen[: screen.index("─")] + " Allow this command? (y/n)"
    assert explain(rules, parse_screen(asked), formats).reading.state is PaneState.DIALOG


def test_the_example_is_set_up_launched_and_taken_out_as_the_page_shows(tmp_path: Path) -> None:
    parrot = manifest(block("toml"), "parrot.toml")
    program = described_program(parrot)
    assert program
    around = ConfigContext(home=tmp_path, project=tmp_path / "proj", environment={})
    servers, rule = program.files(ConfigScope.USER, around)
    own = OwnCommand(program=("xats-tui",))

    text = rule.added(servers.added("", own), own)

    assert servers.path == rule.path == tmp_path / ".parrot/config.json"
    assert text == block("json")
    assert servers.removed(rule.removed(text, None), None) == ""
    wanted = LaunchRequest(client="parrot", name="ann", team="red", role=None, folder=tmp_path)
    means = LaunchCommand(program="parrot", bridge=("xats-tui", "mcp"), hook=(), port=1, mark="m")
    _, argument = described_start(parrot, wanted, means, {}).command
    entry = json.loads(argument.removeprefix("--mcp="))["mcp"]["servers"]["xats"]
    assert entry["args"] == ["mcp", "--name", "ann", "--team", "red"]


def test_every_key_of_the_example_and_of_the_tables_is_one_that_is_read() -> None:
    named = set(re.findall(r"^\| `([a-z_]+)`(?:, `([a-z_]+)`)? \|", PAGE, re.M))
    keys = {key for pair in named for key in pair if key} - {"gemini"}
    for key in ("above", "below", "among", "when", "handshake", "placeholder_like"):
        assert key in keys
