"""The pictures of the screens: accepted snapshots, made fit to stand in a page.

A snapshot is compared with the program in every run of the tests, so a picture is as new as its snapshot.
"""

import re
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
SNAPSHOTS = ROOT / "tests" / "screens" / "__snapshots__" / "test_snapshots"
FOLDER = ROOT / "docs" / "screenshots"

MODES = ("live", "agents", "messages", "wakes", "tasks", "contracts", "activity")
DIALOGS = ("answer", "compose", "launch", "menu", "task")

PICTURES: Mapping[str, str] = {
    **{mode: f"test_filled[{mode}-120x40]" for mode in MODES},
    **{dialog: f"test_dialog[{dialog}-80x24]" for dialog in DIALOGS},
}
"""The names of the pictures, and of their snapshots."""

FONT = re.compile(r"\s*@font-face \{.*?\}", re.S)
"""They are fetched from elsewhere; the page's machine has a monospaced font of its own."""

NAMESPACE = re.compile(r"terminal-\d+-")
"""Made from all of the text: a picture in which one letter changes is to change in one line."""


def picture(name: str) -> str:
    """A picture as SVG."""
    snapshot = (SNAPSHOTS / f"{PICTURES[name]}.svg").read_text(encoding="utf-8")
    drawn = NAMESPACE.sub("terminal-", FONT.sub("", snapshot))
    return "\n".join(line.rstrip() for line in drawn.splitlines()) + "\n"


def place(name: str) -> Path:
    """The file of a picture."""
    return FOLDER / f"{name}.svg"
