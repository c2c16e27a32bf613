"""Snoozed concerns: put off for a while by the operator, listed again when the time is over or when they get worse."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from xats_tui.screens.data.concern import Concern
from xats_tui.screens.widgets.format import Tone

SNOOZE = timedelta(minutes=10)
"""Time for which a concern is put off."""


@dataclass(frozen=True, slots=True)
class Snooze:
    """A concern as it was when it was put off."""

    concern: Concern
    until: datetime


class Snoozes:
    """Concerns that the operator has put off; they are forgotten with the dashboard."""

    def __init__(self) -> None:
        self._snoozed: dict[str, Snooze] = {}

    def until(self, key: str) -> datetime | None:
        """Return the time at which a concern is listed again; None if it is not snoozed."""
        snooze = self._snoozed.get(key)
        return snooze.until if snooze else None

    def add(self, concern: Concern, now: datetime) -> None:
        """Put a concern off."""
        self._snoozed[concern.key] = Snooze(concern, now + SNOOZE)

    def end(self, key: str) -> None:
        """List a concern again."""
        self._snoozed.pop(key, None)

    def split(self, concerns: Iterable[Concern], now: datetime) -> tuple[tuple[Concern, ...], tuple[Concern, ...]]:
        """Return the concerns to list and those that are snoozed; forget the snoozes that have ended."""
        if not self._snoozed:
            return tuple(concerns), ()
        known = {concern.key: concern for concern in concerns}
        self._snoozed = {
            key: snooze
            for key, snooze in self._snoozed.items()
            if now < snooze.until and not (key in known and is_worse(known[key], snooze.concern))
        }
        awake = tuple(concern for key, concern in known.items() if key not in self._snoozed)
        return awake, tuple(concern for key, concern in known.items() if key in self._snoozed)


def is_worse(now: Concern, before: Concern) -> bool:
    """Return whether a concern is more than it was: a new cause, a higher count, or the tone of a failure."""
    has_failed = now.tone is Tone.BAD and before.tone is not Tone.BAD
    return has_failed or bool(now.facts - before.facts) or now.weight > before.weight
