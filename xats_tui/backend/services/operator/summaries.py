"""Summaries: what happened since a moment, for an operator who was away."""

from collections.abc import Awaitable
from datetime import datetime

from xats_tui.backend.store.history import summary as store
from xats_tui.backend.store.history.summary import Counted
from xats_tui.backend.store.sql.database import Database
from xats_tui.core.clock import Clock
from xats_tui.core.model.activity import Happening, Summary, SummaryLine


class Summaries:
    """Reads summaries from the store."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def since(self, moment: datetime, team: str | None = None) -> Summary:
        """Return what happened since a moment, of one team or of all; what did not happen has no line."""
        reader, now = self._database, self._clock.now()
        first = await store.first_event_since(reader, moment)
        versions, breaking = await store.published(reader, first, team)
        counted: dict[Happening, Counted | Awaitable[Counted]] = {
            Happening.TO_YOU: store.to_operator(reader, first, team),
            Happening.MESSAGES: store.sent(reader, first, team),
            Happening.WAKES: store.wakes(reader, moment, team),
            Happening.WAKES_FAILED: store.failed(reader, moment, team),
            Happening.DIALOGS: store.dialogs(reader, first, team, now),
            Happening.TASKS_DONE: store.done(reader, first, team),
            Happening.CONTRACTS: versions,
            Happening.CONTRACTS_BROKEN: breaking,
            Happening.CAME: store.came(reader, moment, team),
            Happening.LEFT: store.left(reader, moment, team),
            Happening.LOST: store.lost(reader, first, team),
        }
        lines = [_line(kind, one if isinstance(one, Counted) else await one) for kind, one in counted.items()]
        return Summary(since=moment, until=now, team=team, lines=tuple(line for line in lines if line.count))


def _line(kind: Happening, counted: Counted) -> SummaryLine:
    return SummaryLine(kind=kind, count=counted.count, is_least=counted.is_least, notes=counted.notes)
