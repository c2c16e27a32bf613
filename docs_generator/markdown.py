"""Markdown that a forge and the site show in the same way."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table.  No cell may contain a bar: it would end the cell."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def code(text: str) -> str:
    """Return the text as inline code."""
    return f"`{text}`"


def fenced(text: str, language: str = "") -> str:
    """Return the lines as a code block."""
    return f"```{language}\n{text}\n```\n"
