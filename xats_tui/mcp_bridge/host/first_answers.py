"""The first answers of the bridge, given while the program is still being imported.

Hosts give a server as little as three seconds, and the imports take that long on a busy machine.  What is known of the
coordinator (`known.py`) is answered at once.  Where nothing is known, `initialize` is left to the bridge until it is
overdue; it then says less than a ready bridge would: nothing about the coordinator or the registration.
"""

import select
import threading
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from xats_tui.core.instructions import INSTRUCTIONS, NAME_IS_ENOUGH
from xats_tui.mcp_bridge.host.initialize import greeting
from xats_tui.mcp_bridge.host.known import Known
from xats_tui.mcp_bridge.host.messages import Request, messages_in, unknown_method
from xats_tui.mcp_bridge.host.pipes import Hear, Pipes

OVERDUE_AFTER_START_S = 1.8
"""Time for the program to get ready and answer; Cline waits three seconds, and a busy machine takes one to start us."""
OVERDUE_S = 1.0
"""The same time for a later `initialize`; a ready bridge answers within 0.6 s."""

HEAD_START_S = 0.3
"""Longest time that the imports wait for the answer to a line that has come already; they would slow it down."""

PROBE = "server/discover"
"""The first request of a Claude Code, which speaks of `initialize` once it is told that there is no such method."""

INITIALIZE, TOOLS = "initialize", "tools/list"


class FirstAnswers:
    """Keeps the host's lines until a listener comes; answers the first requests that can be, or have to be."""

    def __init__(
        self, pipes: Pipes, *, channel: bool, look: Callable[[], Known | None] = lambda: None, stdin: int = 0
    ) -> None:
        """Listen to the host from now on.

        Args:
            pipes: the pipes to the host.
            channel: True if the host takes wakes on a channel.
            look: finds what is known of the coordinator; called once, when the host first asks for it.
            stdin: the descriptor of `pipes` from which lines come.
        """
        self.pipes = pipes
        self.has_shown_tools = False
        """True if the host was shown the tools of a coordinator of our version; final once somebody listens."""
        self._channel = channel
        self._look = look
        self._started_at = time.monotonic()
        self._lock = threading.Lock()
        self._kept: list[bytes | None] = []
        self._hear: Hear = self._kept.append
        self._is_heard = False
        self._awaits = True
        """True until the first `initialize` arrives."""
        self._settled = False
        self._answered = False
        """True if it was answered here and the bridge has not answered it yet."""
        self._has_received = threading.Event()
        has_spoken = _is_readable(stdin)
        pipes.listen(self._receive)
        if has_spoken:
            self._has_received.wait(HEAD_START_S)

    def listen(self, hear: Hear) -> None:
        """Call `hear` with every line, starting with those kept so far."""
        with self._lock:
            for line in self._kept:
                hear(line)
            self._hear, self._is_heard = hear, True

    def settle(self) -> bool:
        """Leave `initialize` to the caller for good; return False if it has been answered already."""
        with self._lock:
            was_answered, self._answered, self._settled = self._answered, False, True
        return not was_answered

    @cached_property
    def _known(self) -> Known | None:
        return self._look()

    def _receive(self, line: bytes | None) -> None:
        try:
            requests = [message for message in messages_in(line or b"") if isinstance(message, Request)]
            with self._lock:
                if not self._is_heard and len(requests) == 1 and self._is_answered(requests[0]):
                    return
                self._hear(line)
            if self._awaits:
                self._look_for_initialize(requests)
        finally:
            self._has_received.set()

    def _is_answered(self, request: Request) -> bool:
        """Answer a request if the answer is known; return whether it was."""
        if not isinstance(request.params, dict | None):
            return False
        if request.method == PROBE:
            self.pipes.say({"jsonrpc": "2.0", "id": request.id, "error": unknown_method(PROBE)})
            return True
        if request.method == TOOLS and not request.params and self._known and self._known.tools:
            self.pipes.say({"jsonrpc": "2.0", "id": request.id, "result": self._known.tools})
            self.has_shown_tools = True
            return True
        return False

    def _look_for_initialize(self, requests: list[Request]) -> None:
        first = next((request for request in requests if request.method == INITIALIZE), None)
        if first is None:
            return
        self._awaits = False
        if _is_well_formed(first.params) and self._known:
            self._answer(first)
            return
        left = self._started_at + OVERDUE_AFTER_START_S - time.monotonic()
        timer = threading.Timer(max(left, OVERDUE_S), self._answer, [first])
        timer.daemon = True  # it must not keep a bridge alive that is about to end
        timer.start()

    def _answer(self, request: Request) -> None:
        """Answer an `initialize` that nothing else has answered yet."""
        params: Mapping[str, Any] = request.params if isinstance(request.params, dict) else {}
        result = greeting(params, channel=self._channel, instructions=f"{INSTRUCTIONS}{NAME_IS_ENOUGH}\n")
        with self._lock:
            if self._settled:
                return
            self._settled = self._answered = True
            self.pipes.say({"jsonrpc": "2.0", "id": request.id, "result": result})


def _is_well_formed(params: object) -> bool:
    """Return whether the bridge would greet a host with these parameters, rather than refuse them."""
    return isinstance(params, dict) and isinstance(params.get("clientInfo"), dict | None)


def _is_readable(descriptor: int) -> bool:
    """Return whether something can be read at once."""
    try:
        return bool(select.select([descriptor], [], [], 0)[0])
    except (OSError, ValueError):
        return False
