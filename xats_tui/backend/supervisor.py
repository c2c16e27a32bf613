"""Background tasks of the coordinator that are restarted when they fail."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

logger = logging.getLogger(__name__)

RESTART_DELAY_S = 1.0
"""Delay before a failed task is restarted."""


@asynccontextmanager
async def kept_running(name: str, run: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Run a task beside the block; if it fails, log the error and restart it."""

    async def keep() -> None:
        while True:
            try:
                await run()
            except Exception:
                logger.exception("%s failed and will be restarted", name)
                await asyncio.sleep(RESTART_DELAY_S)

    task = asyncio.create_task(keep(), name=name)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
