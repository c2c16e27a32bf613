"""Detection of our own hint in an input line: alone, in pieces, repeated, wrapped, or inside a person's draft.

Programs wrap, indent and pad a line as they like, so texts are compared without white space and box borders.
"""

import re
import unicodedata

from xats_tui.core.model.panes import OwnText
from xats_tui.core.model.pastes import HINT_SIGN, Paste

SIDES = frozenset("│┃|║▌▐")
"""Left and right borders of an input line that is drawn as a box."""

SIGNS_OF_A_HINT = re.compile(r"\[xats\]|:call\w*get_inbox")
"""Text that remains of a hint after somebody typed into it, and that every other hint contains."""


def squashed(text: str) -> str:
    """Return a text without white space, invisible characters and box borders, which programs add."""
    return "".join(
        character
        for character in text
        if not character.isspace() and character not in SIDES and unicodedata.category(character) != "Cf"
    )


def own_text(composer: str | None, paste: Paste) -> OwnText | None:
    """Return how a pasted hint stands in an input line; None if it does not, and for a line of the operator's own."""
    if composer is None or not paste.is_hint:
        return None
    line, hint = squashed(composer), squashed(paste.text)
    # All copies: the hint may have been pasted again after the first paste seemed lost.
    rest = line.replace(hint, "")
    if rest != line:
        return OwnText.ALONE if rest == paste.line_before else OwnText.MIXED
    # Not whole: a slow program still draws it, so only a true beginning of the hint counts as a piece.
    typed = line.removeprefix(paste.line_before or "")
    if hint.startswith(typed) and typed.startswith(squashed(HINT_SIGN)):
        return OwnText.PIECE
    return OwnText.MIXED if SIGNS_OF_A_HINT.search(line) else None


def holds(composer: str | None, text: str) -> bool:
    """Return whether a text stands in an input line, among other text or alone."""
    return squashed(text) in squashed(composer or "")
