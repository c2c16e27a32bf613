"""Shutdown of a coordinator with a dashboard: it stops, or a coordinator without a dashboard replaces it.

It knows neither the dashboard nor why it closed.
"""

import logging
import time
from concurrent.futures import CancelledError
from contextlib import closing

from xats_tui.backend.thread import CoordinatorGone, CoordinatorThread
from xats_tui.runtime import pid_file
from xats_tui.runtime.handover import NoSuccessor, SocketHandover
from xats_tui.runtime.settings import Loaded

logger = logging.getLogger(__name__)

ROSTER_TIMEOUT_S = 2.0
"""Seconds for the coordinator to answer whether agents are connected."""
TURN_TIMEOUT_S = 2.0
"""Seconds for another dashboard to find out that this one runs."""


class Shutdown:
    """Ways to end this coordinator."""

    def __init__(self, loaded: Loaded, coordinator: CoordinatorThread) -> None:
        self._loaded = loaded
        self._coordinator = coordinator
        self._pid_path = loaded.settings.pid_path

    def stop(self) -> None:
        """Stop the coordinator; does nothing if it has already stopped."""
        self._coordinator.stop()

    def agents_connected(self) -> int:
        """Return the number of agents that would be cut off."""
        try:
            return self._coordinator.ask_from_thread(
                lambda backend: backend.operator.health(), ROSTER_TIMEOUT_S
            ).agents_connected
        except CoordinatorGone:
            return 0
        except (TimeoutError, CancelledError):
            # A coordinator that does not answer is assumed to have agents.
            return 1

    def hand_over(self) -> str:
        """Replace the coordinator with one that runs without a dashboard; return a sentence with the outcome.

        Raises:
            NoSuccessor: no successor could start; this coordinator is still running.
        """
        try:
            with pid_file.starting(self._pid_path, TURN_TIMEOUT_S) as ours:
                if ours:
                    return self._handed_over()
                taker = pid_file.starter(self._pid_path)
                self.stop()
                return f"pid {taker} takes the coordinator's place"
        except CoordinatorGone as error:
            raise NoSuccessor(str(error)) from error

    def _handed_over(self) -> str:
        with (
            self._coordinator.listener() as listener,
            closing(SocketHandover(self._loaded, listener.getsockname()[1])) as successor,
        ):
            successor.wait_until_ready()
            stopping_at = time.monotonic()
            self.stop()
            try:
                record = successor.hand_over(listener)
            except NoSuccessor as error:
                logger.error("the coordinator stopped, and its successor does not serve: %s", error)
                return f"the coordinator has stopped, and its successor does not serve: {error}"
        logger.info("handed over to pid %d within %.2f s", record.pid, time.monotonic() - stopping_at)
        return f"the coordinator keeps running without a dashboard: pid {record.pid}, port {record.port}"
