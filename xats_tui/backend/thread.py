"""The only connection between the event loops of the dashboard and the coordinator.

The coordinator has its own thread and loop, so that a stalled dashboard does not delay an agent's call.
"""

import asyncio
import logging
import socket
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

import uvloop

from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.mcp_sessions import McpSessions
from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.core.errors import StartError, XatsError
from xats_tui.core.events import Event, Scope
from xats_tui.runtime.settings import Loaded, Settings

logger = logging.getLogger(__name__)

T = TypeVar("T")

# a call needs the interpreter several times, so Python's default of 5 ms would add up
SWITCH_INTERVAL_S = 0.0001
"""Interval after which a busy dashboard must yield the interpreter to the coordinator."""

SERVES_AFTER_S = 3.0
"""Maximum delay before serving, even if the dashboard has not drawn its first screen."""

STOP_TIMEOUT_S = 5.0
"""Time for the coordinator to stop before the program ends without it."""


class CoordinatorGone(XatsError):
    """The coordinator has stopped; the question was not answered."""


class CoordinatorThread:
    """A coordinator on its own thread, and the calls to it."""

    def __init__(
        self,
        settings: Settings,
        terminal: str = "",
        loaded: Loaded | None = None,
        *,
        read_only: bool = False,
        serves_later: bool = False,
    ) -> None:
        """Create a coordinator thread for a dashboard.

        Args:
            settings: the effective settings.
            terminal: terminal of the dashboard.
            loaded: origin of the settings; if given, the config file is watched.
            read_only: refuse operator commands that change anything.
            serves_later: keep connections waiting until `serve` is called, at most `SERVES_AFTER_S`.
        """
        self._loaded = loaded
        self._settings = settings
        self._terminal = terminal
        self._read_only = read_only
        self._thread = threading.Thread(target=self._run, name="coordinator", daemon=True)
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._serves_later = serves_later
        self._may_serve = threading.Event()
        self._backend: Coordinator | None = None

    def start(self) -> None:
        """Start the coordinator and wait until it accepts questions.

        Raises:
            StartError: the coordinator cannot start.
        """
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            self._thread.join()
            if isinstance(self._failure, StartError):
                raise self._failure
            raise StartError(f"the coordinator failed to start: {self._failure}") from self._failure

    async def ask(self, question: Callable[[Coordinator], Coroutine[Any, Any, T]]) -> T:
        """Run a question on the coordinator's loop and return its answer.

        Raises:
            CoordinatorGone: the coordinator has stopped.
        """
        return await asyncio.wrap_future(self._asked(question))

    async def ask_operator(self, question: Callable[[OperatorApi], Coroutine[Any, Any, T]]) -> T:
        """Ask the operator's verbs on the coordinator's loop.

        Raises:
            CoordinatorGone: it has stopped.
        """
        return await self.ask(lambda backend: question(backend.operator))

    def ask_from_thread(self, question: Callable[[Coordinator], Coroutine[Any, Any, T]], patience: float) -> T:
        """Run a question like `ask`, from a thread without a loop, waiting at most `patience` seconds.

        Raises:
            CoordinatorGone: the coordinator has stopped.
            TimeoutError: the coordinator did not answer in time.
        """
        return self._asked(question).result(patience)

    def listener(self) -> socket.socket:
        """Return a duplicate of the listening socket, which keeps listening after the coordinator has stopped.

        Raises:
            CoordinatorGone: the coordinator has stopped.
        """
        if (backend := self._backend) is None:
            raise CoordinatorGone("the coordinator has stopped")
        return backend.listener.dup()

    def listen(self, hear: Callable[[frozenset[Scope]], None]) -> Callable[[], None]:
        """Call `hear` on the running loop with every stale scope; call the returned function to end that."""
        loop, backend = self._loop, self._backend
        if loop is None or backend is None:
            raise CoordinatorGone("the coordinator has stopped")
        crossing = _Scopes(asyncio.get_running_loop(), hear)
        loop.call_soon_threadsafe(crossing.begin, backend)
        return lambda: _tell(loop, crossing.end)

    def serve(self) -> None:
        """Start serving, if `serves_later` was set."""
        self._may_serve.set()

    def stop(self) -> None:
        """Stop the coordinator, waiting at most `STOP_TIMEOUT_S`."""
        if self._loop is not None and self._stop is not None:
            _tell(self._loop, self._stop.set)
            self._may_serve.set()
            self._thread.join(STOP_TIMEOUT_S)
            if self._thread.is_alive():
                logger.error("the coordinator did not stop within %s s", STOP_TIMEOUT_S)

    def _asked(self, question: Callable[[Coordinator], Coroutine[Any, Any, T]]) -> Future[T]:
        loop, backend = self._loop, self._backend
        if loop is None or backend is None or not self._thread.is_alive():
            raise CoordinatorGone("the coordinator has stopped")
        return asyncio.run_coroutine_threadsafe(question(backend), loop)

    def _run(self) -> None:
        try:
            uvloop.run(self._serve())
        except BaseException as error:  # raised in the starting thread, or logged below
            self._failure = error
            if self._started.is_set():
                logger.exception("the coordinator failed")
        finally:
            self._backend = None
            self._started.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with Coordinator.working(self._settings, loaded=self._loaded) as backend:
            self._backend = backend
            if self._serves_later:
                self._started.set()
                await asyncio.to_thread(self._may_serve.wait, SERVES_AFTER_S)
            if self._stop.is_set():
                return
            async with backend.serving(self._terminal, read_only=self._read_only):
                self._started.set()
                await self._stop.wait()


# each call competes with the coordinator's thread for the interpreter
COALESCE_S = 0.05
"""Minimum interval between two calls to the dashboard."""

# An agent's next calls would compete with what the first one makes the dashboard load and draw.  While changes keep
# coming, the dashboard itself slows down, and has to hear of each of them for that.
SILENCE_S = 0.2
"""Seconds without a change after which the dashboard hears of the next one in a pause between calls."""
PAUSE_S = 0.015
"""Seconds without a call of an agent that are such a pause."""
MAX_HOLD_S = 0.1
"""Seconds after which it hears of the change although calls keep coming."""


class _Scopes:
    """Collects stale scopes on the coordinator's loop, with at most one pending call to the dashboard."""

    def __init__(self, screen: asyncio.AbstractEventLoop, hear: Callable[[frozenset[Scope]], None]) -> None:
        self._screen = screen
        self._hear = hear
        self._stale: set[Scope] = set()
        self._sessions: McpSessions | None = None
        """Sessions whose calls are waited for."""
        self._sent_at = float("-inf")
        self._end: Callable[[], None] | None = None

    def begin(self, backend: Coordinator) -> None:
        """Subscribe to the event bus; runs on the coordinator's loop."""
        self._sessions = backend.sessions
        self._end = backend.bus.listen(self._on_fact)

    def end(self) -> None:
        """Unsubscribe; runs on the coordinator's loop."""
        if self._end is not None:
            self._end()
            self._end = None

    def _on_fact(self, event: Event) -> None:
        if not self._stale:
            now = asyncio.get_running_loop().time()
            if now - self._sent_at > SILENCE_S:
                self._look_at(now + PAUSE_S, now + MAX_HOLD_S)
            else:
                asyncio.get_running_loop().call_at(max(now, self._sent_at + COALESCE_S), self._send)
        self._stale |= event.scopes

    def _look_at(self, when: float, latest: float) -> None:
        calls = self._sessions.calls if self._sessions else 0
        asyncio.get_running_loop().call_at(when, self._send_in_pause, calls, latest)

    def _send_in_pause(self, calls: int, latest: float) -> None:
        """Send if no call is being answered, and none has begun since there were so many; or if it is late."""
        now = asyncio.get_running_loop().time()
        is_pause = self._sessions is None or (self._sessions.calls == calls and not self._sessions.is_answering)
        if is_pause or now >= latest:
            self._send()
        else:
            self._look_at(now + PAUSE_S, latest)

    def _send(self) -> None:
        stale, self._stale = frozenset(self._stale), set()
        self._sent_at = asyncio.get_running_loop().time()
        _tell(self._screen, partial(self._hear, stale))


def _tell(loop: asyncio.AbstractEventLoop, what: Callable[[], None]) -> None:
    """Call a function on another thread's loop, unless the loop is closed."""
    try:
        loop.call_soon_threadsafe(what)
    except RuntimeError:
        logger.debug("the loop is closed: %s was not called", what)
