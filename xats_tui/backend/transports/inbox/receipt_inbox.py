"""Our own inbox, which takes receipts.

A receipt comes as a connection of its own.  It counts only if the process that got the message sends it, with the key
that went with the message.
"""

import asyncio
import hmac
import os
import shutil
import tempfile
from contextlib import closing
from pathlib import Path

from xats_tui.backend.system.peers import peer_of
from xats_tui.backend.transports.inbox.receipts import Receipt, SentMessage, parsed, token_in
from xats_tui.core.clock import Clock

MAX_LINE_BYTES = 65_536
"""Longest line that is read; a receipt names at most 257 messages."""

READ_TIMEOUT_S = 5.0
"""Time for a connection to hand over its two lines."""

MAX_CONNECTIONS = 32

MAX_MESSAGES = 1_000
"""Number of messages whose receipts are awaited."""

RUNTIME_FOLDER = "XDG_RUNTIME_DIR"
"""The variable that names this user's folder for sockets."""


class ReceiptInbox:
    """A socket of our own, and the messages whose receipts are awaited there."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._awaited: dict[str, SentMessage] = {}
        """By the ids of the messages, the oldest first."""
        self._open = 0
        """Number of open connections."""
        self.path = ""
        """Path of the socket; empty while it is closed."""

    async def run(self) -> None:
        """Take receipts until cancelled."""
        folder = await asyncio.to_thread(_own_folder)
        path = str(folder / "receipts.sock")
        try:
            server = await asyncio.start_unix_server(self._serve, path, limit=MAX_LINE_BYTES)
            # not `serve_forever`: its end waits for every open connection
            with closing(server):
                self.path = path
                await asyncio.Event().wait()
        finally:
            self.path = ""
            shutil.rmtree(folder, ignore_errors=True)

    def expect(self, message: SentMessage) -> None:
        """Await receipts for a message from now on."""
        self._awaited[message.msg_id] = message
        while len(self._awaited) > MAX_MESSAGES:
            del self._awaited[next(iter(self._awaited))]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= MAX_CONNECTIONS:
                async with asyncio.timeout(READ_TIMEOUT_S):
                    await self._take(reader, writer)
        except (OSError, ValueError, TimeoutError):
            pass  # the sender is gone, slow, or sends a line that is too long
        finally:
            self._open -= 1
            writer.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = peer_of(writer.get_extra_info("socket"))
        if peer is None or peer.user != os.getuid():
            return
        token = token_in(await reader.readline())
        receipt = parsed(await reader.readline())
        if receipt is not None:
            self._note(receipt, token, peer.pid)

    def _note(self, receipt: Receipt, token: str, pid: int) -> None:
        about = [message for one in receipt.ids if (message := self._awaited.get(one)) is not None]
        if not any(hmac.compare_digest(message.reply_token.encode(), token.encode()) for message in about):
            return
        for message in about:
            if message.session.process.pid == pid:
                message.settle(receipt.status, receipt.reason, self._clock.now())


def _own_folder() -> Path:
    """Make a folder that only this user has access to."""
    runtime = os.environ.get(RUNTIME_FOLDER, "")
    return Path(tempfile.mkdtemp(prefix="xats-", dir=runtime if Path(runtime or "/nowhere").is_dir() else None))
