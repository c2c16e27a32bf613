"""Links to extensions: each listens at a socket in the home that is named after the pid of its program."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path

from xats_tui.backend.system.peers import NotTheirSocket, connected_to
from xats_tui.backend.system.processes import Processes
from xats_tui.backend.transports.extension.words import MAX_LINE_BYTES, ExtensionState, order, parsed, question
from xats_tui.core.errors import XatsError
from xats_tui.core.model.agents import SeenProcess

ANSWER_TIMEOUT_S = 1.0
"""Time for an extension to answer; a program at work answers within milliseconds."""


class NoExtension(XatsError):
    """There is no extension, or it does not answer; the text is the reason, for people."""


class ExtensionLink:
    """An open connection to the extension of one program."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, process: SeenProcess) -> None:
        self.process = process
        self._reader = reader
        self._writer = writer
        self._state: ExtensionState | None = None
        self._heard = asyncio.Condition()
        self._is_open = True

    @property
    def state(self) -> ExtensionState | None:
        """The newest that it has told; None before the first line."""
        return self._state

    async def next_state(self) -> ExtensionState:
        """Return what it tells next; one reader at a time.

        Raises:
            NoExtension: the connection has ended, or what came is not as an extension speaks.
        """
        try:
            line = await self._reader.readline()
            state = parsed(line) if line else None
        except (OSError, ValueError):
            state = None
        async with self._heard:
            self._is_open = state is not None
            self._state = state or self._state
            self._heard.notify_all()
        if state is None:
            raise NoExtension("its extension has hung up, or is of another version")
        return state

    async def ask(self) -> ExtensionState:
        """Return its state now.

        Raises:
            NoExtension: it does not answer.
        """
        ask = uuid.uuid4().hex
        self._write(question(ask))
        async with self._heard:
            try:
                async with asyncio.timeout(ANSWER_TIMEOUT_S):
                    await self._heard.wait_for(lambda: not self._is_open or self._answers(ask))
            except TimeoutError:
                raise NoExtension("its extension does not answer") from None
        if self._state is None or not self._answers(ask):
            raise NoExtension("its extension has hung up")
        return self._state

    def hand_over(self, hint: str, text: str, until: datetime) -> None:
        """Send a hint; what it tells next has the outcome.

        Raises:
            NoExtension: the connection has ended: nothing was sent.
        """
        self._write(order(hint, text, until))

    async def outcome(self, hint: str, *, but: str, timeout_s: float) -> str:
        """Return what became of a hint, once that is not `but`; else what is known at the end, empty for nothing."""
        async with self._heard:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._heard.wait_for(lambda: not self._is_open or self._outcome(hint) not in ("", but))
        return self._outcome(hint)

    def _outcome(self, hint: str) -> str:
        return self._state.hints.get(hint, "") if self._state else ""

    def _answers(self, ask: str) -> bool:
        return self._state is not None and self._state.answers == ask

    def _write(self, line: bytes) -> None:
        if not self._is_open or self._writer.is_closing():
            raise NoExtension("its extension has hung up")
        self._writer.write(line)


class ExtensionLinks:
    """The extensions in the sockets of one home, and the open links to them."""

    def __init__(self, folder: Path, processes: Processes) -> None:
        """Set the folder with the sockets."""
        self._folder = folder
        self._processes = processes
        self._open: dict[str, ExtensionLink] = {}

    def of(self, agent_id: str) -> ExtensionLink | None:
        """Return the open link to an agent's extension."""
        return self._open.get(agent_id)

    @asynccontextmanager
    async def opened(self, agent_id: str, process: SeenProcess) -> AsyncIterator[ExtensionLink]:
        """Connect to the extension of an agent's program for the life of the block.

        Raises:
            NoExtension: there is none.
        """
        try:
            async with connected_to(str(self._folder / f"{process.pid}.sock"), process.pid) as connection:
                if process not in await self._processes.living({process}):
                    raise NoExtension("its program has ended")
                reader, writer = await asyncio.open_unix_connection(sock=connection, limit=MAX_LINE_BYTES)
                link = self._open[agent_id] = ExtensionLink(reader, writer, process)
                try:
                    yield link
                finally:
                    del self._open[agent_id]
                    writer.close()
        except NotTheirSocket as error:
            raise NoExtension(f"the socket of its extension {error}") from error
