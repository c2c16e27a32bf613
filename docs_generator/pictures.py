"""Pictures of the dashboard: accepted snapshots, prepared for a page.

The tests compare every snapshot with the program, so a picture is as new as its snapshot.
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
    **{dialog: f"test_dialog[{dialog}]" for dialog in DIALOGS},
}
"""Names of the pictures, with the names of their snapshots."""

FONT = re.compile(r"\s*@font-face \{.*?\}", re.S)
"""Font declarations, to be removed: a browser would fetch these fonts from another server."""

NAMESPACE = re.compile(r"terminal-\d+-")
"""Prefix of every style name, to be removed: as a hash of the text it would change every line with each letter."""


def picture(name: str) -> str:
    """Return a picture as SVG."""
    snapshot = (SNAPSHOTS / f"{PICTURES[name]}.svg").read_text(encoding="utf-8")
    drawn = NAMESPACE.sub("terminal-", FONT.sub("", snapshot))
    return "\n".join(line.rstrip() for line in drawn.splitlines()) + "\n"


def place(name: str) -> Path:
    """Return the file of a picture."""
    return FOLDER / f"{name}.svg"
