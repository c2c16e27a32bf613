"""The host: the agent's program at the other end of stdin and stdout, which speaks JSON-RPC in lines."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Coroutine
from typing import Any

from xats_tui.mcp_bridge.host.first_answers import FirstAnswers
from xats_tui.mcp_bridge.host.messages import Malformed, Notification, Request, messages_in
from xats_tui.mcp_bridge.host.pipes import Json, Pipes

logger = logging.getLogger(__name__)

LOGGED_BYTES = 200
"""Part of an unusable line that the log shows."""


class Host:
    """Messages from and to the host."""

    def __init__(self, pipes: Pipes, first: FirstAnswers | None = None) -> None:
        """Use the given pipes; `first` has kept their lines so far, and answers `initialize` if we do not."""
        self._pipes = pipes
        self._first = first
        self._heard: asyncio.Queue[bytes | None] = asyncio.Queue()

    @property
    def has_shown_tools(self) -> bool:
        """True if `first` has answered `tools/list`; final once messages are read."""
        return self._first is not None and self._first.has_shown_tools

    async def messages(self) -> AsyncIterator[Request | Notification]:
        """Yield the host's requests and notifications until it closes stdin; answer malformed ones with an error."""
        loop = asyncio.get_running_loop()

        def hear(line: bytes | None) -> None:  # called on the thread that reads stdin
            loop.call_soon_threadsafe(self._heard.put_nowait, line)

        (self._first or self._pipes).listen(hear)
        while (line := await self._heard.get()) is not None:
            for message in messages_in(line):
                if isinstance(message, Malformed):
                    logger.warning("the host sent an unusable line (%s): %r", message.sentence, line[:LOGGED_BYTES])
                    error = {"code": message.code, "message": message.sentence}
                    self.say({"jsonrpc": "2.0", "id": message.id, "error": error})
                else:
                    yield message

    def say(self, message: Json) -> None:
        """Send a message without waiting."""
        self._pipes.say(message)

    def greet(self, answer: Json) -> None:
        """Send the answer to `initialize`, unless `first` has already answered it."""
        if self._first is None or self._first.settle():
            self.say(answer)

    def close(self) -> None:
        """Wait a moment until the host has read everything."""
        self._pipes.close()


async def until_told(serving: Coroutine[Any, Any, None]) -> None:
    """Serve a host until the coroutine ends, or until SIGTERM or SIGINT."""
    task = asyncio.ensure_future(serving)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    await asyncio.gather(task, return_exceptions=True)
