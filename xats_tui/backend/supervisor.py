"""Background tasks of the coordinator that are restarted when they fail."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from xats_tui.core.errors import StoreError

logger = logging.getLogger(__name__)

RESTART_DELAY_S = 1.0
"""Delay before a failed task is restarted."""


@asynccontextmanager
async def kept_running(name: str, run: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Run a task beside the block; if it fails, log the error and restart it.

    A fault of the database is not logged: many tasks would log it every second, as long as it lasts.
    """

    async def keep() -> None:
        while True:
            try:
                await run()
            except Exception as error:
                if not (isinstance(error, StoreError) and error.fault):  # else it is reported already, once for all
                    logger.exception("%s failed and will be restarted", name)
                await asyncio.sleep(RESTART_DELAY_S)

    task = asyncio.create_task(keep(), name=name)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
