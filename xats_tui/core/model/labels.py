"""Names in the form in which they are compared: one spelling each, however they were typed.

Terminals, file systems and hosts write the same letter as one character or as two, with or without spaces around.
"""

import unicodedata


def composed(text: str) -> str:
    """Return a name in the form in which it is stored: composed (NFC), without surrounding white space."""
    return unicodedata.normalize("NFC", text).strip()


def folded(text: str) -> str:
    """Return a text in the form in which it is searched: composed and case-folded."""
    # Case folding can take a composed letter apart, so the result is composed again.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
