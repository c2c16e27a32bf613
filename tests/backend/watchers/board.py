"""A board of states and dialogs on which a test waits for what a watcher writes."""

import asyncio
from collections.abc import Callable, Iterable

from tests.patience import PATIENCE
from xats_tui.backend.client_states import ClientStates
from xats_tui.core.events import Event


class Board(ClientStates):
    """The board, and a wait for it."""

    def __init__(self) -> None:
        super().__init__(self._hear)
        self._news = asyncio.Event()

    def _hear(self, events: Iterable[Event]) -> None:
        self._news.set()

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds after a change of the board."""
        async with asyncio.timeout(PATIENCE):
            while not holds():
                self._news.clear()
                await self._news.wait()
