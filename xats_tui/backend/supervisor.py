"""A part of the coordinator that runs beside the others, and is started again when it fails.

It knows nothing of what the part does.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

logger = logging.getLogger(__name__)

RESTART_DELAY_S = 1.0
"""Seconds before a part that failed unexpectedly is started again."""


@asynccontextmanager
async def kept_running(name: str, run: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Run a part of the coordinator beside the block; one that fails is logged and started again."""

    async def keep() -> None:
        while True:
            try:
                await run()
            except Exception:
                logger.exception("%s failed and is started again", name)
                await asyncio.sleep(RESTART_DELAY_S)

    task = asyncio.create_task(keep(), name=name)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
