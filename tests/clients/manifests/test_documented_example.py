"""The example of docs/clients.md works as the page says."""

import re
from pathlib import Path

from tests.clients.manifests.manifest_text import manifest
from xats_tui.clients.manifests.screen_rules import explain
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


def test_every_key_of_the_example_and_of_the_tables_is_one_that_is_read() -> None:
    named = set(re.findall(r"^\| `([a-z_]+)`(?:, `([a-z_]+)`)? \|", PAGE, re.M))
    keys = {key for pair in named for key in pair if key} - {"gemini"}
    for key in ("above", "below", "among", "when", "handshake", "placeholder_like"):
        assert key in keys
