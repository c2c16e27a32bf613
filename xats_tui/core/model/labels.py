"""Names as they are compared: one spelling for each, however it was typed.

Terminals, file systems and hosts hand over the same letter in one character or in two, with or without spaces around.
"""

import unicodedata


def composed(text: str) -> str:
    """A name in the one form in which it is stored: composed (NFC), without white space around it."""
    return unicodedata.normalize("NFC", text).strip()


def folded(text: str) -> str:
    """A text as it is searched: composed, and without regard to case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
