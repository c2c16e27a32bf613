"""Time that a test waits before it gives up.

It is no measure of speed: a test that passes goes on as soon as what it waits for is there, and machines are busy.
"""

import asyncio
from collections.abc import Callable

PATIENCE = 40.0
"""Seconds."""


async def eventually(holds: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.01)
