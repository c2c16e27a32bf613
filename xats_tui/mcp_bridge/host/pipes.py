"""The pipes to the host: lines in, lines out, on a thread each.

A host that does not read, or a stdin that is a file, never holds up the rest of the program.  It imports little, for it
is there before the program is (`early`), and does not know what the lines mean.
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
"""Is given every line of the host, and None when there will be no more."""

CHUNK_BYTES = 65536
"""Taken from stdin at once."""

MAX_LINE_BYTES = 8_000_000
"""What is kept of a line; the coordinator takes a message of a mebibyte."""

LAST_WORDS_S = 1.0
"""Time at the end for a slow host to take what was already said."""


class Pipes:
    """Stdin and stdout.  Nothing else in this process can reach stdout while they are open."""

    def __init__(self, stdin: int = 0, stdout: int = 1) -> None:
        self._stdin = stdin
        self._stdout = os.dup(stdout)
        os.dup2(2, stdout)
        self._to_say: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._speaker = threading.Thread(target=self._speak, name="to the host", daemon=True)
        self._speaker.start()

    def listen(self, hear: Hear) -> None:
        """Have `hear` called with every line, on a thread of its own."""
        threading.Thread(target=self._listen, args=(hear,), name="from the host", daemon=True).start()

    def say(self, message: Json) -> None:
        """Send one message; it never waits."""
        self._to_say.put(json.dumps(message, separators=(",", ":")).encode() + b"\n")

    def close(self) -> None:
        """Wait a moment until the host has taken everything."""
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
            logger.info("the host does not listen any more: %s", error)


def _lines(descriptor: int) -> Iterator[bytes]:
    """The lines that come in, the last one also without its newline; a descriptor that cannot be read has none."""
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
        logger.info("the host cannot be heard any more: %s", error)
    yield bytes(rest)
