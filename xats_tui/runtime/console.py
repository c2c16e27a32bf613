"""What a command writes on: colours where they are seen, shapes that the encoding has, lines that find room.

It does not know what is written.  Foreign text passes through `visible` first.
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
"""Columns of a line at the most: longer ones are not read with ease."""
MIN_LINE_COLUMNS = 40


@dataclass(slots=True)
class Console:
    """One stream, as far as it can show things."""

    stream: TextIO = field(default_factory=lambda: sys.stdout)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @property
    def is_terminal(self) -> bool:
        """Whether a person sees it as it is written."""
        return self.stream.isatty()

    @property
    def has_colours(self) -> bool:
        """Whether colours are seen, and wanted (https://no-color.org)."""
        return self.is_terminal and not self.environment.get("NO_COLOR") and self.environment.get("TERM") != "dumb"

    @property
    def width(self) -> int:
        """Columns that a line may have."""
        columns = os.get_terminal_size(self.stream.fileno()).columns if self.is_terminal else MAX_LINE_COLUMNS
        return max(MIN_LINE_COLUMNS, min(columns, MAX_LINE_COLUMNS))

    def coloured(self, text: str, *colours: str) -> str:
        """The text in these colours, where there are any."""
        if not (self.has_colours and text and colours):
            return text
        return f"\x1b[{';'.join(COLOURS[colour] for colour in colours)}m{text}{RESET}"

    def shape(self, character: str, plain: str) -> str:
        """The character, or what stands for it where it cannot be written."""
        try:
            character.encode(self.stream.encoding or "ascii")
        except UnicodeEncodeError:
            return plain
        return character

    def write(self, text: str = "") -> None:
        """Write a line; what the encoding does not have is escaped."""
        encoding = self.stream.encoding or "ascii"
        try:
            self.stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
            self.stream.flush()
        except BrokenPipeError:  # whoever read has gone; what was asked for goes on
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.stream.fileno())

    def wrapped(self, text: str, first: str, others: str, *colours: str) -> None:
        """Write text in as many lines as it takes, with what each begins with."""
        room = max(20, self.width - len(others) - 1)
        lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
        for number, line in enumerate(lines):
            self.write((first if number == 0 else others) + self.coloured(line, *colours))

    def note(self, text: str) -> None:
        """Show on the last line what is under way, in place of what was shown there; nothing but on a terminal."""
        if self.is_terminal:
            self.stream.write(f"\r\x1b[K{self.coloured(text[: self.width - 1], 'dim')}")
            self.stream.flush()

    def forget_note(self) -> None:
        """Take the note away."""
        if self.is_terminal:
            self.stream.write("\r\x1b[K")
            self.stream.flush()


def short(path: Path) -> str:
    """A path as people write it: `~/.xats-tui`."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path != home and path.is_relative_to(home) else str(path)


def visible(text: str) -> str:
    """Foreign text with its control characters shown rather than sent."""
    return "".join(
        f"\\x{ord(character):02x}" if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn") else character
        for character in text.replace("\t", "    ")
    )
