"""Summaries: what happened since a moment, for an operator who was away."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from xats_tui.backend.store import agents as agents_store
from xats_tui.backend.store.history import summary as store
from xats_tui.backend.store.history.summary import Counted, Span
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.transactions import Reader
from xats_tui.core.clock import Clock
from xats_tui.core.model.activity import Happening, Summary, SummaryLine
from xats_tui.core.records import replace

COUNTS: Mapping[Happening, Callable[[Reader, Span], Awaitable[Counted]]] = {
    Happening.TO_YOU: store.to_operator,
    Happening.MESSAGES: store.sent,
    Happening.WAKES: store.wakes,
    Happening.WAKES_FAILED: store.failed,
    Happening.DIALOGS: store.dialogs,
    Happening.TASKS_DONE: store.done,
    Happening.CONTRACTS: store.published,
    Happening.CONTRACTS_BROKEN: store.broken,
    Happening.CAME: store.came,
    Happening.LEFT: store.left,
    Happening.LOST: store.lost,
}
"""How each kind is counted."""


class Summaries:
    """Reads summaries from the store."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def since(self, moment: datetime, team: str | None = None, until: datetime | None = None) -> Summary:
        """Return what happened since a moment, of one team or of all; what did not happen has no line.

        With `until`, it ends there instead of now.
        """
        reader, until = self._database, until or self._clock.now()
        # What happens in this very millisecond belongs to it, too.
        span = await store.span_of(reader, moment, until + timedelta(milliseconds=1), team)
        counts = {kind: await count(reader, span) for kind, count in COUNTS.items()}
        ids = {note.who for counted in counts.values() for note in counted.notes if note.who}
        names = await agents_store.shown_names(reader, ids)
        lines = [_line(kind, counted, names) for kind, counted in counts.items() if counted.count]
        return Summary(since=moment, until=until, team=team, lines=tuple(lines))


def _line(kind: Happening, counted: Counted, names: Mapping[str, str]) -> SummaryLine:
    notes = tuple(replace(note, who=names.get(note.who, note.who)) for note in counted.notes)
    return SummaryLine(kind=kind, count=counted.count, is_least=counted.is_least, notes=notes)
