"""Markdown with foreign text in it: nothing that agents wrote is read as Markdown."""

import re

from xats_tui.screens.widgets.format import one_line

MIN_FENCE = 3
"""Minimum length of a fence; it is longer than every row of backticks in its text."""

SPECIAL = re.compile(r"([\\`*_\[\]<>#|~!&])")
"""Characters with a meaning in Markdown, or in the HTML that it may hold."""


def escaped(text: str | None) -> str:
    """Return foreign text for a line of Markdown."""
    return SPECIAL.sub(r"\\\1", one_line(text))


def fenced(text: str, language: str = "text") -> str:
    """Return a text of several lines in a fence, ending with a newline."""
    lines = "\n".join(line.rstrip() for line in text.strip("\n").split("\n"))
    longest = max(map(len, re.findall("`+", lines)), default=0)
    fence = "`" * max(MIN_FENCE, longest + 1)
    return f"{fence}{language}\n{lines}\n{fence}\n"
