"""Markdown that both a forge and the site show alike."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a bar in a cell would end it, so there is none in what we write."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def code(text: str) -> str:
    """Text as it is typed."""
    return f"`{text}`"


def fenced(text: str, language: str = "") -> str:
    """Lines as they are typed."""
    return f"```{language}\n{text}\n```\n"
