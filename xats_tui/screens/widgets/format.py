"""Formatting of values for the screen: foreign text made harmless, ages, times, cells.

It knows nothing of widgets, themes, or the origin of a value.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

CUT = "…"
"""Mark of a cut text."""

NOTHING = "–"
"""Text for an empty value."""

ARROW = " → "
"""Mark between a sender and a recipient."""

LEAST_NAME_CELLS = 5
"""Width from which a name is cut in its middle: below it, nothing would be left of its ends."""

# No terminal is wider.
MAX_LINE_CHARS = 400
"""Maximum characters of a foreign text that are considered for a single line."""

CONTROL_PICTURES = 0x2400
"""First of the characters that depict the control characters 0x00 to 0x1f."""

# Terminals disagree on the width of a character before these: a row would be shifted.
WIDTHLESS = frozenset("\ufe0e\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")
"""Variation selectors and skin tones, which are left out."""

SUSPECT = re.compile(r"[^\x20-\x7e]")
"""Characters that have to be checked: everything but printable ASCII."""


class Tone(StrEnum):
    """Meaning of a text's colour; the theme defines the colour."""

    PLAIN = "plain"
    STRONG = "strong"
    MUTED = "muted"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    ACCENT = "accent"


# Made and compared by the thousand: a named tuple takes half of a dataclass's time for one, a quarter for the other.
class TableCell(NamedTuple):
    """A table cell: harmless text and its tone."""

    text: str
    tone: Tone = Tone.PLAIN
    order: float | None = None
    """Sort key (a time or a number), where the text itself would sort wrongly."""
    click: str = ""
    """Id of the action that a click on the cell performs; empty if it only selects the row."""


class TableRow(NamedTuple):
    """A table row; its key stays the same while the row changes."""

    key: str
    cells: tuple[TableCell, ...]
    agents: tuple[str, ...] = ()
    """Names of the agents that the row refers to, for `@name` in a filter."""
    states: tuple[str, ...] = ()
    """States of the row, as a filter names them."""
    text: str = ""
    """Additional text that a filter searches."""
    group: str = ""
    """Key of the group that the row belongs to, where the list has groups."""


def visible(character: str) -> str:
    """Return the character, or a symbol for it if a terminal would obey it instead of drawing it."""
    code = ord(character)
    if code < 0x20:
        return chr(CONTROL_PICTURES + code)
    if code == 0x7F:
        return "␡"
    if character in WIDTHLESS:
        return ""
    if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}:
        return "�"
    return character


def one_line(text: str | None) -> str:
    """Return foreign text for a single line: newlines as `↵`, control and direction characters as symbols."""
    return _head_in_line(text[: MAX_LINE_CHARS + 1]) if text else ""


# Lists are read again every second or so, mostly with the same texts; whole texts would fill the memory.
@lru_cache(maxsize=2048)
def _head_in_line(text: str) -> str:
    """Return the beginning of a text for a single line, with a mark if the text is longer."""
    drawn = SUSPECT.sub(_visible_in_line, text[:MAX_LINE_CHARS].rstrip())
    return drawn + CUT if len(text) > MAX_LINE_CHARS else drawn


def many_lines(text: str) -> str:
    """Return foreign text with its line breaks; tabs become four spaces, control characters symbols."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(SUSPECT.sub(_visible_in_block, line) for line in lines)


def cut(text: str, width: int) -> str:
    """Return at most `width` cells of the text, with a mark if something was cut."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + CUT if width > 0 else ""


def cut_names(text: str, width: int) -> str:
    """Return at most `width` cells of a name, or of names with arrows between them, each cut in its middle.

    Names that begin alike differ at their ends, in a team or a number.
    """
    names, excess = text.split(ARROW), cell_len(text) - width
    if excess <= 0:
        return text
    lengths = [cell_len(name) for name in names]
    shares = _shares(lengths, width - len(ARROW) * (len(names) - 1))
    if any(share < min(length, LEAST_NAME_CELLS) for share, length in zip(shares, lengths, strict=True)):
        return cut(text, width)
    return ARROW.join(_cut_in_middle(name, share) for name, share in zip(names, shares, strict=True))


def _shares(lengths: Sequence[int], room: int) -> list[int]:
    """Return the cells for each name: what it needs, or an equal part of what the shorter ones leave."""
    shares, left = [0] * len(lengths), room
    for place, index in enumerate(sorted(range(len(lengths)), key=lengths.__getitem__)):
        shares[index] = min(lengths[index], left // (len(lengths) - place))
        left -= shares[index]
    return shares


def _cut_in_middle(text: str, width: int) -> str:
    if cell_len(text) <= width:
        return text
    end, room = "", (width - 1) // 2
    for character in reversed(text):
        if cell_len(character + end) > room:
            break
        end = character + end
    return set_cell_size(text, width - 1 - room).rstrip() + CUT + end.lstrip()


def padded(text: str, width: int, cutting: Callable[[str, int], str] = cut) -> str:
    """Return exactly `width` cells: the text, cut with a mark or followed by spaces."""
    shown = cutting(text, width)
    return shown + " " * (width - cell_len(shown))


def age(span: timedelta, *, precise: bool = False) -> str:
    """Return a duration: `40s`, `3m`, `2h14m`, `12h`, `3d`; precise adds smaller units: `3m20s`, `12h05m`, `3d4h`."""
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
    """Return the age of an instant, or a dash for None."""
    return age(now - instant) if instant else NOTHING


def is_young(instant: datetime, now: datetime) -> bool:
    """Return whether the age of an instant is shown in seconds."""
    return now - instant < timedelta(minutes=1)


def is_soon(instant: datetime, now: datetime) -> bool:
    """Return whether the time until an instant is shown in seconds."""
    return instant - now < timedelta(hours=1)


def until(instant: datetime, now: datetime) -> str:
    """Return the time until an instant: `in 6m40s`, or `now`."""
    return "now" if instant <= now else f"in {age(instant - now, precise=True)}"


def time_of_day(instant: datetime, now: datetime) -> str:
    """Return the local time, or the date if it was another day; at most eight cells."""
    local = instant.astimezone()
    return local.strftime("%H:%M:%S") if local.date() == now.astimezone().date() else local.strftime("%d %b")


def minute_of_day(instant: datetime, now: datetime) -> str:
    """Return the local time to the minute, with the date if it was another day."""
    local = instant.astimezone()
    return local.strftime("%H:%M" if local.date() == now.astimezone().date() else "%d %b %H:%M")


def start_of_day(now: datetime) -> datetime:
    """Return the start of the local day."""
    # Rows that are cached by this value stay valid all day.
    return now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)


def date_and_time(instant: datetime) -> str:
    """Return the local date and time in full."""
    return instant.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def short_id(identifier: str) -> str:
    """Return the first part of a long identifier, enough to tell rows apart."""
    return one_line(identifier.split("-")[0][:8])


def count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 message`, `3 messages`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _visible_in_line(match: re.Match[str]) -> str:
    character = match[0]
    return {"\n": "↵", "\t": " ", "\r": ""}.get(character) or visible(character)


def _visible_in_block(match: re.Match[str]) -> str:
    return "    " if match[0] == "\t" else visible(match[0])
