"""How values become text on the screen: foreign text made harmless, ages, times, cells.

Knows nothing of widgets, themes or where a value came from.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

CUT = "…"
"""The sign that something was cut."""

NOTHING = "–"
"""What an empty value looks like."""

MAX_LINE_CHARS = 400
"""Characters of a foreign text that are looked at for one line; no terminal is wider."""

CONTROL_PICTURES = 0x2400
"""U+2400 and up draw the control characters 0x00 to 0x1f."""

SUSPECT = re.compile(r"[^\x20-\x7e]")
"""Everything that is not plain ASCII is looked at."""


class Tone(StrEnum):
    """What a text says by its colour; the theme knows the colour."""

    PLAIN = "plain"
    STRONG = "strong"
    MUTED = "muted"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    ACCENT = "accent"


@dataclass(frozen=True, slots=True)
class TableCell:
    """One cell of a table: harmless text and its tone."""

    text: str
    tone: Tone = Tone.PLAIN
    order: float | None = None
    """What the column is sorted by, where the text would mislead: a time, a number."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a table, under a key that stays the same while the row changes."""

    key: str
    cells: tuple[TableCell, ...]
    agents: tuple[str, ...] = ()
    """The names of the agents that it is about, for `@name` in a filter."""
    states: tuple[str, ...] = ()
    """The states that it is in, as a filter names them."""
    text: str = ""
    """What a filter finds besides the cells."""


def visible(character: str) -> str:
    """The character, or a picture of it if a terminal would obey it instead of drawing it."""
    code = ord(character)
    if code < 0x20:
        return chr(CONTROL_PICTURES + code)
    if code == 0x7F:
        return "␡"
    if character in "\ufe0e\ufe0f":  # terminals disagree on the width that these give to what precedes them
        return ""
    if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}:
        return "�"
    return character


@lru_cache(maxsize=4096)
def one_line(text: str | None) -> str:
    """Foreign text for one line: newlines drawn as `↵`, control bytes and direction marks as symbols."""
    if not text:
        return ""
    head = text[:MAX_LINE_CHARS].rstrip() if len(text) > MAX_LINE_CHARS else text.rstrip()
    drawn = SUSPECT.sub(_visible_in_line, head)
    return drawn + CUT if len(text) > MAX_LINE_CHARS else drawn


def many_lines(text: str) -> str:
    """Foreign text that keeps its lines; tabs become four spaces, control bytes symbols."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(SUSPECT.sub(_visible_in_block, line) for line in lines)


def cut(text: str, width: int) -> str:
    """At most `width` terminal cells of `text`, with a sign if something is missing."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + CUT if width > 0 else ""


def age(span: timedelta, *, precise: bool = False) -> str:
    """How long: `40s`, `3m`, `2h14m`, `12h`, `3d`; precise also tells what is smaller: `3m20s`, `12h05m`, `3d4h`."""
    seconds = max(0, int(span.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 60:
        return f"{seconds}s"
    if minutes < 60:
        return f"{minutes}m{seconds % 60:02d}s" if precise else f"{minutes}m"
    if hours < 24:
        return f"{hours}h{minutes % 60:02d}m" if precise or hours < 10 else f"{hours}h"
    return f"{days}d{hours % 24}h" if precise else f"{days}d"


def since(instant: datetime | None, now: datetime) -> str:
    """The age of an instant, or the sign for none."""
    return age(now - instant) if instant else NOTHING


def is_young(instant: datetime, now: datetime) -> bool:
    """Whether the age of an instant is told in seconds."""
    return now - instant < timedelta(minutes=1)


def is_soon(instant: datetime, now: datetime) -> bool:
    """Whether it is told in seconds how long until an instant."""
    return instant - now < timedelta(hours=1)


def until(instant: datetime, now: datetime) -> str:
    """How long until an instant: `in 6m40s`, or `now`."""
    return "now" if instant <= now else f"in {age(instant - now, precise=True)}"


def time_of_day(instant: datetime, now: datetime) -> str:
    """The local time, or the date if that was another day; eight cells at most."""
    local = instant.astimezone()
    return local.strftime("%H:%M:%S") if local.date() == now.astimezone().date() else local.strftime("%d %b")


def start_of_day(now: datetime) -> datetime:
    """When the local day began: all day long the same."""
    return now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)


def date_and_time(instant: datetime) -> str:
    """The local date and time in full."""
    return instant.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def short_id(identifier: str) -> str:
    """The first part of a long identifier; enough to tell rows apart."""
    return one_line(identifier.split("-")[0][:8])


def count(number: int, noun: str) -> str:
    """`1 message`, `3 messages`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _visible_in_line(match: re.Match[str]) -> str:
    character = match[0]
    return {"\n": "↵", "\t": " ", "\r": ""}.get(character) or visible(character)


def _visible_in_block(match: re.Match[str]) -> str:
    return "    " if match[0] == "\t" else visible(match[0])
