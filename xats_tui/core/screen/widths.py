"""Cell widths as tmux counts them: the columns of a captured screen are tmux's, not the terminal's.

tmux asks the C library for the width of a code point and joins some code points into one cell.  Since 3.4 it also joins
skin tones and regional indicators, and makes a cluster with a variation selector 16 two cells wide.
"""

import re
import unicodedata
from functools import lru_cache

ZERO_WIDTH_JOINER = "\N{ZERO WIDTH JOINER}"
EMOJI_SELECTOR = "\N{VARIATION SELECTOR-16}"

INVISIBLE = frozenset("\N{ZERO WIDTH SPACE}\N{WORD JOINER}\N{ZERO WIDTH NO-BREAK SPACE}")
"""Characters that programs insert for their own purposes; nobody has typed them."""

JOINS_MODIFIERS_SINCE = (3, 4)

_ZERO_CATEGORIES = frozenset({"Cc", "Cf", "Mn", "Me", "Zl", "Zp"})
_VISIBLE_FORMATS = frozenset(
    map(chr, (0xAD, *range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD))
)
_MEDIAL_AND_FINAL_JAMO = (range(0x1160, 0x1200), range(0xD7B0, 0xD800))
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_REGIONAL_INDICATORS = range(0x1F1E6, 0x1F200)

_VERSION = re.compile(r"(?:next-)?(\d+)\.(\d+)")


@lru_cache
def joins_modifiers(version: str) -> bool:
    """Return whether this version of tmux joins modifiers; an unreadable version counts as new, an empty one as old."""
    found = _VERSION.match(version)
    return (int(found[1]), int(found[2])) >= JOINS_MODIFIERS_SINCE if found else bool(version)


@lru_cache(maxsize=4096)
def character_width(character: str) -> int:
    """Return the cells that a code point takes by itself: 0, 1 or 2."""
    if " " <= character <= "~":
        return 1
    code = ord(character)
    if any(code in jamo for jamo in _MEDIAL_AND_FINAL_JAMO):
        return 0
    if unicodedata.category(character) in _ZERO_CATEGORIES and character not in _VISIBLE_FORMATS:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def joins(before: str, character: str, *, modifiers: bool) -> bool:
    """Return whether a character goes into the cell before it."""
    if character.isascii():
        return False
    if character_width(character) == 0 or before.endswith(ZERO_WIDTH_JOINER):
        return True
    if not modifiers or before.isascii():
        return False
    code = ord(character)
    return code in _SKIN_TONES or (
        code in _REGIONAL_INDICATORS and len(before) == 1 and ord(before) in _REGIONAL_INDICATORS
    )


def cluster_width(cluster: str, *, modifiers: bool) -> int:
    """Return the cells that joined characters take together: the first width, or two if a modifier makes an emoji."""
    if modifiers and any(
        character == EMOJI_SELECTOR or ord(character) in _SKIN_TONES or ord(character) in _REGIONAL_INDICATORS
        for character in cluster[1:]
    ):
        return 2
    return character_width(cluster[0])
