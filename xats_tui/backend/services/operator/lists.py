"""Lists of the operator that have no end: read stretch by stretch, and counted."""

from collections.abc import Sequence
from datetime import timedelta

from xats_tui.backend.store.lists import history, messages, tasks, totals, wakes
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.transactions import Reader
from xats_tui.core.clock import Clock
from xats_tui.core.model.activity import Activity, LoggedEvent
from xats_tui.core.model.messages import Message
from xats_tui.core.model.pages import Key, ListName, Stretch, StretchRequest, Totals
from xats_tui.core.model.wakes import Wake

# What came since is added at each count; only what was deleted has to wait for the next one.
COUNTED_FOR = timedelta(minutes=1)
"""Time after which all entries are counted anew."""


class LongLists:
    """Messages, wakes, and what was done; tasks are at the `TaskBoard`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._counted = totals.TableCounts()
        self._counted_at = clock.now() - COUNTED_FOR

    async def messages(self, request: StretchRequest) -> Stretch[Message]:
        """Return the messages of all teams on one side of a key."""
        return await messages.stretch(self._database, request)

    async def wakes(self, request: StretchRequest) -> Stretch[Wake]:
        """Return the wakes of all agents on one side of a key."""
        return await wakes.stretch(self._database, request)

    async def history(self, request: StretchRequest) -> Stretch[Activity | LoggedEvent]:
        """Return what the operator and the agents did, on one side of a key."""
        return await history.stretch(self._database, request)

    async def place(self, name: ListName, entry: Sequence[str]) -> Key | None:
        """Return the key directly above an entry; None if it is not stored.

        Args:
            name: the list.
            entry: event id of a message; message id and agent id of a wake; id of a task; kind (`event` or `act`) and
                id of what was done.
        """
        return await place_of(self._database, name, entry)

    async def totals(self) -> Totals:
        """Return the number of entries of each list."""
        now = self._clock.now()
        if now - self._counted_at >= COUNTED_FOR:
            self._counted, self._counted_at = await totals.count(self._database), now
        else:
            self._counted = await totals.count(self._database, self._counted)
        return self._counted.totals


async def place_of(reader: Reader, name: ListName, entry: Sequence[str]) -> Key | None:
    """Return the key directly above an entry, as `LongLists.place` describes."""
    match name, *entry:
        case ListName.MESSAGES, event_id if event_id.isdecimal():
            return await messages.place(reader, int(event_id))
        case ListName.WAKES, message_id, agent_id:
            return await wakes.place(reader, message_id, agent_id)
        case ListName.TASKS, task_id:
            return await tasks.place(reader, task_id)
        case ListName.HISTORY, "event", event_id if event_id.isdecimal():
            return await history.place_of_event(reader, int(event_id))
        case ListName.HISTORY, "act", activity_id if activity_id.isdecimal():
            return await history.place_of_action(reader, int(activity_id))
        case _:
            return None
