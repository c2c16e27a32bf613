"""The host: the agent's program at the other end of stdin and stdout, which speaks JSON-RPC in lines.

It does not know what the messages mean.  Both directions have a thread of their own, so that a host that does not read,
or a stdin that is a file, never holds up the loop.
"""

import asyncio
import json
import logging
import os
import queue
import signal
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from typing import Any

logger = logging.getLogger(__name__)

Json = Mapping[str, Any]

LOGGED = 200
"""Bytes of a line that cannot be used which the log shows."""

CHUNK = 65536
"""Bytes taken from stdin at once."""

LONGEST_LINE = 8_000_000
"""Bytes of a line that are kept; the coordinator takes a message of a mebibyte."""

LAST_WORDS = 1.0
"""Seconds at the end for a slow host to take what was already said."""


class Host:
    """Lines in, lines out.  Nothing else in this process can reach stdout while it is open."""

    def __init__(self, stdin: int = 0, stdout: int = 1) -> None:
        self._stdin = stdin
        self._stdout = os.dup(stdout)
        os.dup2(2, stdout)
        self._heard: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._to_say: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._speaker = threading.Thread(target=self._speak, name="to the host", daemon=True)
        self._speaker.start()

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """Every JSON object that the host sends, until it closes stdin; what is none is logged and left out."""
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._listen, args=(loop,), name="from the host", daemon=True).start()
        while (line := await self._heard.get()) is not None:
            for message in _objects(line):
                yield message

    def say(self, message: Json) -> None:
        """Send one message; it never waits."""
        self._to_say.put(json.dumps(message, separators=(",", ":")).encode() + b"\n")

    def close(self) -> None:
        """Wait a moment until the host has taken everything."""
        self._to_say.put(None)
        self._speaker.join(LAST_WORDS)

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            for line in _lines(self._stdin):
                loop.call_soon_threadsafe(self._heard.put_nowait, line)
            loop.call_soon_threadsafe(self._heard.put_nowait, None)
        except RuntimeError:
            logger.debug("the loop ended before stdin did")

    def _speak(self) -> None:
        try:
            while (line := self._to_say.get()) is not None:
                while line:
                    line = line[os.write(self._stdout, line) :]
        except OSError as error:
            logger.info("the host does not listen any more: %s", error)


async def until_told(serving: Coroutine[Any, Any, None]) -> None:
    """Serve a host until that is done, or until SIGTERM or SIGINT."""
    task = asyncio.ensure_future(serving)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    await asyncio.gather(task, return_exceptions=True)


def _lines(descriptor: int) -> Iterator[bytes]:
    """The lines that come in, the last one also without its newline; a descriptor that cannot be read has none."""
    rest = bytearray()
    try:
        while chunk := os.read(descriptor, CHUNK):
            more, *others = chunk.split(b"\n")
            rest += more
            for other in others:
                yield bytes(rest)
                rest = bytearray(other)
            del rest[LONGEST_LINE:]
    except OSError as error:
        logger.info("the host cannot be heard any more: %s", error)
    yield bytes(rest)


def _objects(line: bytes) -> list[dict[str, Any]]:
    """The messages in a line: one, or those of a batch, which only the protocol of March 2025 has."""
    if not line.strip():
        return []
    try:
        parsed = json.loads(line)
    except (ValueError, RecursionError):
        logger.warning("the host sent what is not JSON, or is nested too deeply: %r", line[:LOGGED])
        return []
    return [message for message in (parsed if isinstance(parsed, list) else [parsed]) if isinstance(message, dict)]
