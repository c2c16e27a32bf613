"""A coordinator without a dashboard, from its start to the signal that ends it."""

import asyncio
import logging
import os
import signal
import socket
import sys

import uvloop

from xats_tui.backend.coordinator import Coordinator
from xats_tui.runtime import pid_file
from xats_tui.runtime.gc_tuning import settle
from xats_tui.runtime.settings import Loaded

logger = logging.getLogger(__name__)


def serve(loaded: Loaded, inherited: socket.socket | None = None) -> int:
    """Run a coordinator without a dashboard until SIGTERM or SIGINT; return the exit code.

    Raises:
        StartError: the coordinator cannot start.
    """
    return uvloop.run(_serve(loaded, inherited))


async def _serve(loaded: Loaded, inherited: socket.socket | None) -> int:
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
        await stop.wait()
    return 0
