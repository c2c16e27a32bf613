"""The first answer of the bridge: `initialize` is answered in time, even while the program is still being imported.

Hosts give a server as little as three seconds, and the imports take that long on a busy machine.  An early answer says
less than a ready bridge would: nothing about the coordinator or the registration.
"""

import threading
import time

from xats_tui.core.instructions import INSTRUCTIONS, NAME_IS_ENOUGH
from xats_tui.mcp_bridge.host.initialize import greeting
from xats_tui.mcp_bridge.host.messages import Request, messages_in
from xats_tui.mcp_bridge.host.pipes import Hear, Pipes

OVERDUE_AFTER_START_S = 1.8
"""Time for the program to get ready and answer; Cline waits three seconds, and a busy machine takes one to start us."""
OVERDUE_S = 1.0
"""The same time for a later `initialize`; a ready bridge answers within 0.6 s."""


class InitializeAnswer:
    """Keeps the host's lines until a listener comes; answers the first `initialize` if nothing else does in time."""

    def __init__(self, pipes: Pipes, *, channel: bool) -> None:
        self.pipes = pipes
        self._channel = channel
        self._started_at = time.monotonic()
        self._lock = threading.Lock()
        self._kept: list[bytes | None] = []
        self._hear: Hear = self._kept.append
        self._awaits = True
        """True until the first `initialize` arrives."""
        self._settled = False
        self._answered = False
        """True if it was answered here and the bridge has not answered it yet."""
        pipes.listen(self._receive)

    def listen(self, hear: Hear) -> None:
        """Call `hear` with every line, starting with those kept so far."""
        with self._lock:
            for line in self._kept:
                hear(line)
            self._hear = hear

    def settle(self) -> bool:
        """Leave `initialize` to the caller for good; return False if it has been answered already."""
        with self._lock:
            was_answered, self._answered, self._settled = self._answered, False, True
        return not was_answered

    def _receive(self, line: bytes | None) -> None:
        with self._lock:
            self._hear(line)
        if self._awaits and line:
            self._look_for_initialize(line)

    def _look_for_initialize(self, line: bytes) -> None:
        for message in messages_in(line):
            if isinstance(message, Request) and message.method == "initialize":
                self._awaits = False
                left = self._started_at + OVERDUE_AFTER_START_S - time.monotonic()
                timer = threading.Timer(max(left, OVERDUE_S), self._answer, [message])
                timer.daemon = True  # it must not keep a bridge alive that is about to end
                timer.start()
                return

    def _answer(self, request: Request) -> None:
        """Answer an `initialize` that nothing else has answered in time."""
        with self._lock:
            if self._settled:
                return
            self._settled = self._answered = True
            params = request.params if isinstance(request.params, dict) else {}
            result = greeting(params, channel=self._channel, instructions=f"{INSTRUCTIONS}{NAME_IS_ENOUGH}\n")
            self.pipes.say({"jsonrpc": "2.0", "id": request.id, "result": result})
