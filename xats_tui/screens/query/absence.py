"""Absence: the time without a key press, and the first key after it.

That key may have been pressed on a screen that nobody has read, so it only opens the summary of what happened
meanwhile; if nothing happened, it does what it always does.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from textual.app import App
from textual.events import Key, Paste

from xats_tui.core.model.activity import Summary

logger = logging.getLogger(__name__)

DEFAULT_LIMIT = timedelta(minutes=10)
"""Time without a key press that counts as an absence."""

PATIENCE_S = 2.0
"""Seconds to wait for a summary before the key is handed on without it."""

KEPT_EVERY = timedelta(minutes=1)
"""Time between two writings of the last key press while keys keep coming."""


class Absence:
    """The last key press, and the moment at which the operator left before the newest absence."""

    def __init__(self, limit: timedelta = timedelta(), pressed_at: datetime | None = None) -> None:
        """Remember the last key press, of an earlier process if there was one; a limit of zero turns all of it off."""
        self._limit = limit
        self.pressed_at = pressed_at
        self.left_at: datetime | None = None
        """Time of the last key press before the newest absence; None if there was none."""
        self.divided_at: datetime | None = None
        """Moment at which lists are divided: that of the newest absence, or of the summary that led to a list."""

    def stir(self, now: datetime) -> None:
        """Record a use of the mouse: who is here stays here, but only a key ends an absence."""
        if self.pressed_at is not None and now - self.pressed_at < self._limit:
            self.pressed_at = now

    def press(self, now: datetime) -> bool:
        """Record a key press; return whether it ends an absence."""
        before, self.pressed_at = self.pressed_at, now
        if not self._limit or before is None or now - before < self._limit:
            return False
        self.left_at = self.divided_at = before
        return True

    @property
    def divider(self) -> str:
        """Words before the time on a divider."""
        return "since you left, " if self.divided_at == self.left_at else "since "


class FirstKey:
    """Holds the first key after an absence back until it is known whether there is anything to tell."""

    def __init__(
        self,
        app: App[Any],
        load: Callable[[datetime], Awaitable[Summary]],
        show: Callable[[Summary], bool],
        hand_on: Callable[[Key | Paste], Awaitable[None]],
    ) -> None:
        """Store the ways out.

        Args:
            app: the dashboard.
            load: function that loads the summary since a moment.
            show: function that shows a summary; it returns False if the keys are to be handed on all the same.
            hand_on: function that takes the keys that are handed on.
        """
        self._app = app
        self._load = load
        self._show = show
        self._hand_on = hand_on
        self._held: list[Key | Paste] | None = None
        """Keys that wait; None if none has to."""

    @property
    def is_waiting(self) -> bool:
        """True while keys are held back."""
        return self._held is not None

    def hold(self, event: Key | Paste, left_at: datetime | None = None) -> None:
        """Hold a key back; the first one says when the operator left."""
        if self._held is not None:
            self._held.append(event)
        elif left_at is not None:
            self._held = [event]
            self._app.run_worker(self._look(left_at), group="first key")

    async def _look(self, left_at: datetime) -> None:
        summary: Summary | None = None
        try:
            async with asyncio.timeout(PATIENCE_S):
                summary = await self._load(left_at)
        except Exception as error:  # the key is worth more than the summary
            logger.warning("what happened since %s could not be told: %s", left_at, str(error) or "no answer in time")
        held, self._held = self._held or [], None
        if summary is None or not summary.lines or not self._show(summary):
            for event in held:
                self._app.call_later(self._hand_on, event)
