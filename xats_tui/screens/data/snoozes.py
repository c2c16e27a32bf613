"""Snoozed concerns: put off for a while by the operator, listed again when the time is over or when they get worse."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from hashlib import blake2b

from xats_tui.screens.data.concern import Concern
from xats_tui.screens.data.remembered import Memory
from xats_tui.screens.data.remembered_state import MAX_SNOOZED_FACTS, MAX_SNOOZES, Snooze
from xats_tui.screens.widgets.format import Tone

SNOOZE = timedelta(minutes=10)
"""Time for which a concern is put off."""


class Snoozes:
    """Concerns that the operator has put off; the next start of the dashboard knows them, too."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._snoozed: Mapping[str, Snooze] = memory.state.snoozes

    def until(self, key: str) -> datetime | None:
        """Return the time at which a concern is listed again; None if it is not snoozed."""
        snooze = self._snoozed.get(key)
        return snooze.until if snooze else None

    def add(self, concern: Concern, now: datetime) -> None:
        """Put a concern off."""
        snooze = Snooze(
            until=now + SNOOZE,
            facts=_digests(concern),
            weight=concern.weight,
            has_failed=concern.tone is Tone.BAD,
        )
        self._keep({**self._snoozed, concern.key: snooze})

    def end(self, key: str) -> None:
        """List a concern again."""
        self._keep({known: snooze for known, snooze in self._snoozed.items() if known != key})

    def split(self, concerns: Iterable[Concern], now: datetime) -> tuple[tuple[Concern, ...], tuple[Concern, ...]]:
        """Return the concerns to list and those that are snoozed; forget the snoozes that have ended."""
        if not self._snoozed:
            return tuple(concerns), ()
        known = {concern.key: concern for concern in concerns}
        lasting = {
            key: snooze
            for key, snooze in self._snoozed.items()
            if now < snooze.until and not (key in known and is_worse(known[key], snooze))
        }
        if len(lasting) < len(self._snoozed):
            self._keep(lasting)
        awake = tuple(concern for key, concern in known.items() if key not in lasting)
        return awake, tuple(concern for key, concern in known.items() if key in lasting)

    def _keep(self, snoozed: Mapping[str, Snooze]) -> None:
        self._snoozed = snoozed
        # The file is bounded: what has too many causes is snoozed until the dashboard ends.
        small = ((key, one) for key, one in snoozed.items() if len(one.facts) <= MAX_SNOOZED_FACTS)
        self._memory.change(snoozes=dict([*small][-MAX_SNOOZES:]))


def is_worse(now: Concern, before: Snooze) -> bool:
    """Return whether a concern is more than it was: a new cause, a higher count, or the tone of a failure."""
    has_failed = now.tone is Tone.BAD and not before.has_failed
    return has_failed or bool(_digests(now) - before.facts) or now.weight > before.weight


def _digests(concern: Concern) -> frozenset[str]:
    """Return the concern's facts in a form that is short, however long they are."""
    return frozenset(blake2b(fact.encode("utf-8", "replace"), digest_size=8).hexdigest() for fact in concern.facts)
