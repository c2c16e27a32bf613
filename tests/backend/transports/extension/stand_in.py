"""A stand-in for a program with our extension: it listens in this process, and does what a test tells it."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from tests.backend.transports.pane.test_gates import AGENT
from tests.patience import PATIENCE
from xats_tui.core.model.agents import Agent, SeenProcess
from xats_tui.core.records import replace

ME = SeenProcess(os.getpid(), psutil.Process().create_time())

PI: Agent = replace(AGENT, client="pi", binding=None, process=ME)


class StandIn:
    """An extension, and what it was told."""

    def __init__(self) -> None:
        self.told: dict[str, Any] = {
            "version": 1,
            "state": "idle",
            "detail": "",
            "since": 1_790_000_000_000,
            "session": "s",
            "model": "m",
            "draft": 0,
            "hints": {},
        }
        self.orders: list[dict[str, Any]] = []
        self.outcomes = ["given", "begun"]
        """What it says one after the other of a hint; an empty one hangs up."""
        self.is_deaf = False
        self._writers: set[asyncio.StreamWriter] = set()
        self.nobody = asyncio.Event()
        """Set while it has no connection."""
        self.nobody.set()

    def tell(self, **fields: Any) -> None:
        """Change what it tells, and tell it."""
        self.told |= fields
        for writer in self._writers:
            self._say(writer)

    def hang_up(self) -> None:
        """Close its connections."""
        for writer in self._writers:
            writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        self._writers.add(writer)
        self.nobody.clear()
        self._say(writer)
        with suppress(ConnectionError):
            while line := await reader.readline():
                if not self.is_deaf:
                    self._hear(json.loads(line), writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        self._writers.discard(writer)
        if not self._writers:
            self.nobody.set()

    def _hear(self, said: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        if "ask" in said:
            self._say(writer, answers=said["ask"])
            return
        self.orders.append(said)
        for outcome in self.outcomes:
            if not outcome:
                writer.close()
                return
            self.told["hints"][said["hint"]] = outcome
            self._say(writer)

    def _say(self, writer: asyncio.StreamWriter, **more: Any) -> None:
        writer.write(json.dumps(self.told | more).encode() + b"\n")


@asynccontextmanager
async def stand_in(folder: Path) -> AsyncIterator[StandIn]:
    """An extension for the life of the block, at the socket of this process."""
    extension = StandIn()
    server = await asyncio.start_unix_server(extension.serve, folder / f"{ME.pid}.sock")
    try:
        yield extension
    finally:
        server.close()
        extension.hang_up()
        async with asyncio.timeout(PATIENCE):
            await extension.nobody.wait()
