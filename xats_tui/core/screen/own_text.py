"""Our own hint in an input line, told from what a person has typed: whole, repeated, wrapped, or inside a draft.

Programs wrap, indent and pad a line as they like, so texts are compared without white space and without the sides of
boxes.  Pure.
"""

import re
import unicodedata

from xats_tui.core.model.panes import OwnText
from xats_tui.core.model.pastes import HINT_SIGN, Paste

SIDES = frozenset("│┃|║▌▐")
"""What stands at the left and right of a composer that is drawn as a box."""

SIGNS_OF_A_HINT = re.compile(r"\[xats\]|:call\w*get_inbox")
"""What is left of a hint into which somebody has typed, and what is in every other hint."""


def squashed(text: str) -> str:
    """A text without what programs add to it: white space, invisible characters, the sides of a box."""
    return "".join(
        character
        for character in text
        if not character.isspace() and character not in SIDES and unicodedata.category(character) != "Cf"
    )


def own_text(composer: str | None, paste: Paste) -> OwnText | None:
    """What of a pasted hint stands in an input line; None for nothing, and for a line of the operator's own."""
    if composer is None or not paste.is_hint:
        return None
    line, hint = squashed(composer), squashed(paste.text)
    rest = line.replace(hint, "")
    if rest != line:
        return OwnText.ALONE if rest == paste.line_before else OwnText.MIXED
    typed = line.removeprefix(paste.line_before or "")
    if hint.startswith(typed) and typed.startswith(squashed(HINT_SIGN)):
        return OwnText.PIECE
    return OwnText.MIXED if SIGNS_OF_A_HINT.search(line) else None


def holds(composer: str | None, text: str) -> bool:
    """Whether a text stands in an input line, among whatever else."""
    return squashed(text) in squashed(composer or "")
