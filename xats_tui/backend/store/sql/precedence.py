"""Whose turn it is at the database: calls that somebody waits for come before work that has time."""

import asyncio
from collections import deque
from contextvars import ContextVar

HAS_TIME: ContextVar[bool] = ContextVar("has_time", default=False)
"""Whether nobody waits for what this task does; set it in a task of its own."""


class Places:
    """So many may use a thing at once; who waits is let in by urgency, then in the order of asking."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._patient: deque[asyncio.Future[None]] = deque()

    async def __aenter__(self) -> None:
        if self._free:
            self._free -= 1
            return
        place = asyncio.get_running_loop().create_future()
        (self._patient if HAS_TIME.get() else self._urgent).append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._leave()  # it was handed over just then
            raise

    async def __aexit__(self, *error: object) -> None:
        self._leave()

    def _leave(self) -> None:
        """Hand a place over to the next who waits; those who have given up are passed over."""
        for line in (self._urgent, self._patient):
            while line:
                place = line.popleft()
                if not place.done():
                    place.set_result(None)
                    return
        self._free += 1
