"""Parser for terminal input: bytes to keys and text.  It knows no screen."""

import codecs
import re
from collections.abc import Iterator

TOKEN = re.compile(r"\x1b\[(200|201)~|\x1b[\[O][0-9;]*([A-Za-z~])|\x1b|[\r\n]|[\x00-\x1f\x7f]|[^\x00-\x1f\x7f]+")

NAMED = {
    "\r": "enter",
    "\n": "enter",
    "\x1b": "escape",
    "\x7f": "backspace",
    "\x08": "backspace",
    "\x15": "ctrl+u",
    "\x03": "ctrl+c",
}
ARROWS = {"A": "up", "B": "down"}


class Keys:
    """Reads keys from a terminal's bytes; pasted bytes are always text."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._pasting = False

    def read(self, received: bytes) -> Iterator[tuple[str, str]]:
        """Yield pairs of a kind and a value: `("key", "enter")`, `("text", "hello")`."""
        for token in TOKEN.finditer(self._decoder.decode(received)):
            if token[1]:
                self._pasting = token[1] == "200"
            elif token[2]:
                if token[2] in ARROWS:
                    yield "key", ARROWS[token[2]]
            elif token[0] in NAMED and not self._pasting:
                yield "key", NAMED[token[0]]
            elif token[0].isprintable():
                yield "text", token[0]
            elif self._pasting:
                yield "text", " "
