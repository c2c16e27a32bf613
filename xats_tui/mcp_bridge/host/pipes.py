"""The pipes to the host: lines in and lines out, each direction on its own thread.

A host that does not read, or a stdin that is a file, never blocks the rest of the program.  The module imports little,
because it runs before the rest of the program is imported (`early`).
"""

import json
import logging
import os
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

logger = logging.getLogger(__name__)

Json = Mapping[str, Any]

Hear = Callable[[bytes | None], None]
"""Called with every line of the host, and with None at the end."""

CHUNK_BYTES = 65536
"""Largest read from stdin."""

MAX_LINE_BYTES = 8_000_000
"""Part of a line that is kept; the coordinator takes a message of one mebibyte."""

LAST_WORDS_S = 1.0
"""Time at the end for a slow host to read what was sent."""


class Pipes:
    """Stdin and stdout; nothing else in this process can write to stdout while they are open."""

    def __init__(self, stdin: int = 0, stdout: int = 1) -> None:
        self._stdin = stdin
        self._stdout = os.dup(stdout)
        os.dup2(2, stdout)  # a stray print goes to stderr, not between two messages
        self._to_say: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._speaker = threading.Thread(target=self._speak, name="to the host", daemon=True)
        self._speaker.start()

    def listen(self, hear: Hear) -> None:
        """Call `hear` with every line, on a thread of its own."""
        threading.Thread(target=self._listen, args=(hear,), name="from the host", daemon=True).start()

    def say(self, message: Json) -> None:
        """Send a message without waiting."""
        self._to_say.put(json.dumps(message, separators=(",", ":")).encode() + b"\n")

    def close(self) -> None:
        """Wait a moment until the host has read everything."""
        self._to_say.put(None)
        self._speaker.join(LAST_WORDS_S)

    def _listen(self, hear: Hear) -> None:
        try:
            for line in _lines(self._stdin):
                hear(line)
            hear(None)
        except RuntimeError:
            logger.debug("the loop ended before stdin did")

    def _speak(self) -> None:
        try:
            while (line := self._to_say.get()) is not None:
                while line:
                    line = line[os.write(self._stdout, line) :]
        except OSError as error:
            logger.info("cannot write to the host any more: %s", error)


def _lines(descriptor: int) -> Iterator[bytes]:
    """Yield the lines of a descriptor, the last one even without a newline; none if it cannot be read."""
    rest = bytearray()
    try:
        while chunk := os.read(descriptor, CHUNK_BYTES):
            more, *others = chunk.split(b"\n")
            rest += more
            for other in others:
                yield bytes(rest)
                rest = bytearray(other)
            del rest[MAX_LINE_BYTES:]
    except OSError as error:
        logger.info("cannot read from the host any more: %s", error)
    yield bytes(rest)
