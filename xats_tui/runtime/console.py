"""Console output for commands: colour, encoding fallback, wrapping.

Foreign text must pass through `visible` first.
"""

import os
import sys
import textwrap
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

RESET = "\x1b[0m"
COLOURS = {"red": "31", "green": "32", "yellow": "33", "cyan": "36", "dim": "2", "bold": "1"}

MAX_LINE_COLUMNS = 100
"""Longest line, in columns: longer ones are hard to read."""
MIN_LINE_COLUMNS = 40


@dataclass(slots=True)
class Console:
    """An output stream, with what it can show."""

    stream: TextIO = field(default_factory=lambda: sys.stdout)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @property
    def is_terminal(self) -> bool:
        """True if the stream is a terminal."""
        return self.stream.isatty()

    @property
    def has_colours(self) -> bool:
        """True if colours are visible and wanted (https://no-color.org)."""
        return self.is_terminal and not self.environment.get("NO_COLOR") and self.environment.get("TERM") != "dumb"

    @property
    def width(self) -> int:
        """Columns of a line."""
        columns = os.get_terminal_size(self.stream.fileno()).columns if self.is_terminal else MAX_LINE_COLUMNS
        return max(MIN_LINE_COLUMNS, min(columns, MAX_LINE_COLUMNS))

    def coloured(self, text: str, *colours: str) -> str:
        """Return the text in these colours, or unchanged if there are none."""
        if not (self.has_colours and text and colours):
            return text
        return f"\x1b[{';'.join(COLOURS[colour] for colour in colours)}m{text}{RESET}"

    def shape(self, character: str, plain: str) -> str:
        """Return the character, or its plain replacement if the encoding lacks it."""
        try:
            character.encode(self.stream.encoding or "ascii")
        except UnicodeEncodeError:
            return plain
        return character

    def write(self, text: str = "") -> None:
        """Write a line; characters missing in the encoding are escaped."""
        encoding = self.stream.encoding or "ascii"
        try:
            self.stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
            self.stream.flush()
        except BrokenPipeError:  # the reader is gone; the command goes on
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.stream.fileno())

    def wrapped(self, text: str, first: str, others: str, *colours: str) -> None:
        """Write text, wrapped, with one prefix for the first line and another for the rest."""
        room = max(20, self.width - len(others) - 1)
        lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
        for number, line in enumerate(lines):
            self.write((first if number == 0 else others) + self.coloured(line, *colours))

    def note(self, text: str) -> None:
        """Replace the last line with a note of what is in progress; does nothing except on a terminal."""
        if self.is_terminal:
            self.stream.write(f"\r\x1b[K{self.coloured(text[: self.width - 1], 'dim')}")
            self.stream.flush()

    def forget_note(self) -> None:
        """Remove the note."""
        if self.is_terminal:
            self.stream.write("\r\x1b[K")
            self.stream.flush()


def short(path: Path) -> str:
    """Return a path as people write it: `~/.xats-tui`."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path != home and path.is_relative_to(home) else str(path)


def visible(text: str) -> str:
    """Return foreign text with control characters written as escapes."""
    return "".join(
        f"\\x{ord(character):02x}" if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn") else character
        for character in text.replace("\t", "    ")
    )
