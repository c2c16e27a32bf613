"""Tables and facts as text: without colours, and harmless whatever the foreign text in them.

On a terminal a table is cut to its width; otherwise, or on request, nothing is cut.
"""

import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.cells import cell_len

from xats_tui.core.clock import SystemClock, from_wire
from xats_tui.screens.widgets.format import NOTHING, age, cut, date_and_time, one_line, short_id, until

Record = Mapping[str, Any]
Columns = Mapping[str, Callable[[Record], str]]
"""Functions that make the cells of a record, by title, from left to right."""

GAP = "  "
MIN_COLUMN_CELLS = 16
"""Minimum width of a column that is cut; if even that does not fit, the last column is dropped."""

UNLIMITED_CELLS = 100_000
"""Width of a line that is never cut."""


def table(columns: Columns, records: Sequence[Record], *, wide: bool = False) -> str:
    """Return the records as lines below the titles."""
    rows = [[title.upper() for title in columns], *([make(one) for make in columns.values()] for one in records)]
    widths = _fitting([max(map(cell_len, cells)) for cells in zip(*rows, strict=True)], _room(wide))
    return "\n".join(GAP.join(map(_padded, row, widths)).rstrip() for row in rows)


def facts(known: Mapping[str, str]) -> str:
    """Return the known facts, one line each; empty ones are left out."""
    width = max(map(len, known))
    indent = "\n" + " " * (width + len(GAP))
    return "\n".join(f"{name:<{width}}{GAP}{text.replace(chr(10), indent)}" for name, text in known.items() if text)


def text(name: str) -> Callable[[Record], str]:
    """Return the function for a cell with foreign text."""
    return lambda record: one_line(record[name]) or NOTHING


def ago(name: str) -> Callable[[Record], str]:
    """Return the function for a cell with a past time."""
    return lambda record: since(record[name])


def identifier(name: str, wide: bool) -> Callable[[Record], str]:
    """Return the function for a cell with an id: its first part, or all of it if nothing is cut."""
    return lambda record: one_line(record[name]) if is_full(wide) else short_id(record[name])


def is_full(wide: bool) -> bool:
    """Return whether nothing is cut."""
    return wide or not sys.stdout.isatty()


def since(instant: str | None) -> str:
    """Return the age of a wire time."""
    return age(_now() - from_wire(instant)) if instant else NOTHING


def in_future(instant: str | None) -> str:
    """Return the time until a wire time."""
    return until(from_wire(instant), _now()) if instant else NOTHING


def local(instant: str | None) -> str:
    """Return a wire time as local time, with its age."""
    return f"{date_and_time(from_wire(instant))} ({since(instant)} ago)" if instant else ""


def _now() -> datetime:
    return SystemClock().now()


def _room(wide: bool) -> int:
    return UNLIMITED_CELLS if is_full(wide) else shutil.get_terminal_size().columns


def _fitting(widths: Sequence[int], room: int) -> list[int]:
    """Return the widths of the columns that fit: columns on the right are dropped first, then the widest is cut."""
    kept = list(widths)
    while len(kept) > 1 and _line(min(width, MIN_COLUMN_CELLS) for width in kept) > room:
        kept.pop()
    while (excess := _line(kept) - room) > 0 and max(kept) > MIN_COLUMN_CELLS:
        widest = kept.index(max(kept))
        next_widest = max(kept[:widest] + kept[widest + 1 :], default=0)
        kept[widest] -= min(excess, max(kept[widest] - max(next_widest, MIN_COLUMN_CELLS), 1))
    return kept


def _line(widths: Iterable[int]) -> int:
    cells = list(widths)
    return sum(cells) + len(GAP) * (len(cells) - 1)


def _padded(cell: str, width: int) -> str:
    shown = cut(cell, width)
    return shown + " " * (width - cell_len(shown))
