"""Typeahead: keys that come while the dashboard still acts on an earlier key wait for it.

Textual hands every key to the widget that has the focus at that moment: of `/word` in a single write, all letters would
reach the list, where letters are actions.  Here a key is handed on only when everything that the key before it has set
off is done: the field has the focus, the dialog is mounted, the other mode is open.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import suppress
from typing import Any, Protocol, runtime_checkable

from textual._queue import Queue
from textual.app import App, ScreenStackError
from textual.dom import DOMNode
from textual.events import Event, Key, Paste
from textual.message import Message
from textual.message_pump import MessagePump
from textual.widget import Widget
from textual.widgets import DataTable, Input, TextArea

logger = logging.getLogger(__name__)

LOOK_INTERVAL_S = 0.002
"""Seconds between two looks whether the dashboard has acted on a key."""

# A busy machine may take seconds to open a mode for the first time.
MAX_LOOKS = 15_000
"""Looks at a dashboard that is never done before a key is handed on all the same."""

MAX_LOOKS_AT_QUESTION = 1_000
"""Looks at a dialog that does not get ready, before a key is handed on all the same."""

STEPS = frozenset({"up", "down", "pageup", "pagedown", "home", "end"})
"""Keys that move the cursor of a table."""


@runtime_checkable
class Preparing(Protocol):
    """Protocol of dialogs that load what their keys are about."""

    @property
    def is_preparing(self) -> bool:
        """True if the dialog cannot use keys yet."""
        ...


class Typeahead:
    """Hands keys and pastes on, one after another."""

    def __init__(self, app: App[Any], hand_on: Callable[[Event], Awaitable[None]]) -> None:
        self._app = app
        self._hand_on = hand_on
        self._held: deque[Key | Paste] = deque()
        self._is_releasing = False
        """True while a worker hands the held keys on."""
        self._acting = False
        """True if the dashboard may still act on an earlier key."""

    def acts(self) -> None:
        """Note that the dashboard acts on something else than a key, such as a click."""
        self._acting = True

    def drop(self) -> None:
        """Forget the keys that wait: what they were typed for does not open."""
        self._held.clear()

    async def take(self, event: Key | Paste) -> None:
        """Hand a key on, now or as soon as the dashboard has acted on those before it; runs on the app's messages."""
        if self._is_releasing or (self._acting and (self._app.message_queue_size or not self._is_at_rest())):
            self._held.append(event)
            if not self._is_releasing:
                self._is_releasing = True
                self._app.run_worker(self._release(), group="typeahead")
        else:
            await self._give(event)

    async def _release(self) -> None:
        with suppress(ScreenStackError):  # the dashboard closes
            while self._held:
                await self._rest()
                if not self._held:
                    break
                given = asyncio.Event()
                self._app.call_later(self._give_next, given)
                await given.wait()
        self._is_releasing = False

    async def _give_next(self, given: asyncio.Event) -> None:
        """Hand on the first key, and those behind it up to one that the dashboard acts on."""
        self._acting = False
        while self._held and not self._acting:
            await self._give(self._held.popleft())
        given.set()

    async def _give(self, event: Key | Paste) -> None:
        self._acting = not _stays_in(self._app.focused, event)
        await self._hand_on(event)

    async def _rest(self) -> None:
        """Wait until everything that was set off is done, and the dialog is ready; esc does not wait for that."""
        before, is_unseen, preparing = self._app.screen, False, 0
        for _ in range(MAX_LOOKS):
            screen = self._app.screen
            preparing += self._is_preparing()
            is_unseen = is_unseen or preparing > 0 or (screen is not before and isinstance(screen, Preparing))
            if preparing > MAX_LOOKS_AT_QUESTION or (preparing and self._holds_escape()):
                return
            if _is_idle(self._app) and self._is_at_rest():
                break
            await asyncio.sleep(LOOK_INTERVAL_S)
        else:
            logger.warning("keys waited for the dashboard in vain")
        if is_unseen:
            self._keep_what_may_be_typed_unseen()

    def _holds_escape(self) -> bool:
        return any(isinstance(event, Key) and event.key == "escape" for event in self._held)

    def _keep_what_may_be_typed_unseen(self) -> None:
        """Keep digits for a dialog that is ready now; what confirms has to be pressed when the dialog is seen."""
        if isinstance(self._app.screen, Preparing):
            self._held = deque(event for event in self._held if isinstance(event, Key) and event.is_printable)
        else:
            self.drop()  # the dialog has closed itself

    def _is_at_rest(self) -> bool:
        """Return whether no visible widget has anything to do, and the dialog is ready."""
        return not self._is_preparing() and is_still(*self._app.screen_stack)

    def _is_preparing(self) -> bool:
        screen = self._app.screen
        return isinstance(screen, Preparing) and screen.is_preparing


def is_still(*nodes: DOMNode) -> bool:
    """Return whether none of these widgets, nor any below them, has anything to do."""
    return all(_is_idle(below) for node in nodes for below in _with_all_below(node))


def _stays_in(focused: Widget | None, event: Key | Paste) -> bool:
    """Return whether a key opens nothing: a letter in a field, or a step in a table.  The next need not wait for it."""
    if isinstance(focused, DataTable):
        return isinstance(event, Key) and event.key in STEPS
    return isinstance(focused, Input | TextArea) and (isinstance(event, Paste) or event.is_printable)


def _with_all_below(node: DOMNode) -> Iterator[DOMNode]:
    waiting = [node]
    while waiting:
        node = waiting.pop()
        waiting += node.children
        yield node


def _is_idle(pump: MessagePump) -> bool:
    """Return whether a widget waits for its next message, or takes no more."""
    # A widget that is being mounted, or handles a message, does not wait at its queue.  Textual has no question for it.
    queue: Queue[Message | None] = pump._message_queue
    waiters: Collection[object] = queue.ready_event._waiters
    return pump._closing or (queue.empty() and len(waiters) > 0)
