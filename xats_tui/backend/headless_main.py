"""A coordinator without a dashboard, from its start to the signal that ends it."""

import asyncio
import logging
import os
import signal
import socket
import sys
from datetime import timedelta

import uvloop

from xats_tui.backend.coordinator import Coordinator
from xats_tui.runtime import pid_file
from xats_tui.runtime.memory_tuning import settle
from xats_tui.runtime.settings import Loaded

logger = logging.getLogger(__name__)


UNUSED_LIMIT = timedelta(hours=1)
"""Time without any use after which a coordinator that nobody asked for ends."""


def serve(loaded: Loaded, inherited: socket.socket | None = None, *, while_used: bool = False) -> int:
    """Run a coordinator without a dashboard until SIGTERM or SIGINT; return the exit code.

    Args:
        loaded: the settings, with their sources.
        inherited: the listening socket of the coordinator that it replaces.
        while_used: end also when no agent has used it for `UNUSED_LIMIT`.

    Raises:
        StartError: the coordinator cannot start.
    """
    return uvloop.run(_serve(loaded, inherited, while_used=while_used))


async def _serve(loaded: Loaded, inherited: socket.socket | None, *, while_used: bool) -> int:
    settings = loaded.settings
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal(number: signal.Signals) -> None:
        if stop.is_set():  # a second signal ends the process at once
            os._exit(128 + number)
        stop.set()  # before anything that could fail
        taker = pid_file.starter(settings.pid_path)
        logger.info("stopping because of %s%s", number.name, f": pid {taker} takes over" if taker else "")

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    async with Coordinator.running(settings, inherited=inherited, loaded=loaded) as backend:
        settle()
        sys.stdout.write(f"listening on {settings.host}:{backend.port}\n")
        sys.stdout.flush()
        unused = asyncio.create_task(_stop_when_unused(backend, stop)) if while_used else None
        await stop.wait()
        if unused:
            unused.cancel()
    return 0


async def _stop_when_unused(backend: Coordinator, stop: asyncio.Event) -> None:
    await backend.use.ended(UNUSED_LIMIT)
    logger.info("stopping because no agent has used it for %s; the next bridge starts one again", UNUSED_LIMIT)
    stop.set()
