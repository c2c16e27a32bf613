"""The lists without an end: where the newest slice of each stops, and how older entries are shown in its place."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from xats_tui.core.clock import to_wire
from xats_tui.core.events import Scope
from xats_tui.core.model.activity import Activity, LoggedEvent
from xats_tui.core.model.agents import OPERATOR_ID
from xats_tui.core.model.pages import Key, ListName
from xats_tui.core.model.tasks import TaskStatus
from xats_tui.core.records import replace
from xats_tui.screens.data.snapshot import MAX_LIST_ROWS, MAX_STREAM_MESSAGES, Slice, Snapshot
from xats_tui.screens.data.targets import horizon_of, is_pressing, queued_at

ABOVE_ALL = 2**62
"""Rowid above all that are stored."""

Entries = Sequence[Any]


class LoadedPart(Struct, frozen=True, kw_only=True):
    """Entries of a window, as they are to be shown."""

    entries: Entries
    is_joined: bool
    """True if they stand below the newest entries, false if in their place."""
    since: datetime | None = None
    """Time down to which the list was looked through; None if its end was reached."""


class LongList(Struct, frozen=True, kw_only=True):
    """A list without an end."""

    name: ListName
    parts: tuple[Slice, ...]
    """Slices of the snapshot with its newest entries."""
    scopes: frozenset[Scope]
    """Scopes that make loaded entries stale."""
    pages: int
    """Maximum pages that are held beside the newest entries."""
    edge: Callable[[Snapshot], Key | None]
    """Function that returns the key below the newest entries; None if there are no older ones."""
    shown: Callable[[Snapshot, LoadedPart], Snapshot]
    """Function that returns a snapshot with the entries of a window."""
    ids: Callable[[str], tuple[str, ...]]
    """Function that returns the ids in the key of a row."""
    recipient: str | None = None
    """Id of the agent whose messages alone it lists."""


def _replaced(snapshot: Snapshot, **slices: Any) -> Snapshot:
    return replace(snapshot, **slices, unlimited=snapshot.whole)


def _edge_of_messages(snapshot: Snapshot, part: Slice = Slice.STREAM) -> Key | None:
    stream = getattr(snapshot, part.value)
    # The newest messages may end within a letter, which the next page shows as a whole.
    return (stream[-1].event_id + 1,) if len(stream) >= MAX_STREAM_MESSAGES else None


def _with_messages(snapshot: Snapshot, part: LoadedPart) -> Snapshot:
    return _replaced(snapshot, stream=_messages(snapshot.stream, part))


def _with_mail(snapshot: Snapshot, part: LoadedPart) -> Snapshot:
    return _replaced(snapshot, inbox=_messages(snapshot.inbox, part))


def _messages(newest: Entries, part: LoadedPart) -> tuple[Any, ...]:
    """Return the newest letters and these; a letter that both have is taken from these, which have it whole."""
    known = {message.event_id for message in part.entries}
    return (*(message for message in newest if part.is_joined and message.event_id not in known), *part.entries)


def _edge_of_wakes(snapshot: Snapshot) -> Key | None:
    if len(snapshot.wakes) < MAX_LIST_ROWS:
        return None
    # Wakes that wait for somebody are listed however old they are; the list of the others ends at the oldest.
    others = [queued_at(wake) for wake in snapshot.wakes if not is_pressing(wake)]
    return (to_wire(min(others)), ABOVE_ALL) if others else ("9", ABOVE_ALL)


def _with_wakes(snapshot: Snapshot, part: LoadedPart) -> Snapshot:
    newest = [wake for wake in snapshot.wakes if part.is_joined or is_pressing(wake)]
    return _replaced(
        snapshot, wakes=_without_copies(newest, part.entries, lambda wake: (wake.message_id, wake.agent_id))
    )


def _edge_of_tasks(snapshot: Snapshot) -> Key | None:
    if len(snapshot.tasks) < MAX_LIST_ROWS:
        return None
    last = snapshot.tasks[-1].task
    return int(last.status is not TaskStatus.COMPLETED), to_wire(last.created_at), ABOVE_ALL


def _with_tasks(snapshot: Snapshot, part: LoadedPart) -> Snapshot:
    newest = [entry for entry in snapshot.tasks if part.is_joined or entry.task.status is not TaskStatus.COMPLETED]
    return _replaced(snapshot, tasks=_without_copies(newest, part.entries, lambda entry: entry.task.id))


def _without_copies(newest: Entries, entries: Entries, key: Callable[[Any], object]) -> tuple[Any, ...]:
    known = set(map(key, newest))
    return (*newest, *(entry for entry in entries if key(entry) not in known))


def _edge_of_history(snapshot: Snapshot) -> Key | None:
    horizon = horizon_of(snapshot)
    if horizon is None:
        return None
    events = [event.event_id for event in snapshot.events if event.at >= horizon]
    actions = [action.activity_id for action in snapshot.activity if action.at >= horizon]
    return (
        min(events, default=snapshot.events[0].event_id + 1 if snapshot.events else ABOVE_ALL),
        min(actions, default=snapshot.activity[0].activity_id + 1 if snapshot.activity else ABOVE_ALL),
    )


def _with_history(snapshot: Snapshot, part: LoadedPart) -> Snapshot:
    """Return the history; what is in memory only is listed among the entries of its time."""
    events = tuple(entry for entry in part.entries if isinstance(entry, LoggedEvent))
    actions = tuple(entry for entry in part.entries if isinstance(entry, Activity))
    first, last = part.since, None
    if part.is_joined:
        horizon = horizon_of(snapshot)
        events = (*(one for one in snapshot.events if _is_from(one.at, horizon)), *events)
        actions = (*(one for one in snapshot.activity if _is_from(one.at, horizon)), *actions)
    else:
        times = [entry.at for entry in part.entries]
        first, last = (None if part.since is None else min(times, default=None)), max(times, default=None)
    return _replaced(snapshot, events=events, activity=actions, log_span=(first, last))


def _is_from(at: datetime, horizon: datetime | None) -> bool:
    return horizon is None or at >= horizon


MESSAGES = LongList(
    name=ListName.MESSAGES,
    parts=(Slice.STREAM,),
    scopes=frozenset({Scope.MESSAGES}),
    pages=3,
    edge=_edge_of_messages,
    shown=_with_messages,
    ids=lambda row: (row,),
)

MAIL = LongList(
    name=ListName.MESSAGES,
    parts=(Slice.INBOX,),
    scopes=frozenset({Scope.MESSAGES}),
    pages=3,
    edge=lambda snapshot: _edge_of_messages(snapshot, Slice.INBOX),
    shown=_with_mail,
    ids=lambda row: (row,),
    recipient=OPERATOR_ID,
)

WAKES = LongList(
    name=ListName.WAKES,
    parts=(Slice.WAKES,),
    scopes=frozenset({Scope.WAKES, Scope.MESSAGES}),
    pages=2,
    edge=_edge_of_wakes,
    shown=_with_wakes,
    ids=lambda row: tuple(row.split("/", 1)),
)

TASKS = LongList(
    name=ListName.TASKS,
    parts=(Slice.TASKS,),
    scopes=frozenset({Scope.TASKS}),
    pages=2,
    edge=_edge_of_tasks,
    shown=_with_tasks,
    ids=lambda row: (row,),
)

HISTORY = LongList(
    name=ListName.HISTORY,
    parts=(Slice.EVENTS, Slice.ACTIVITY),
    scopes=frozenset({Scope.ACTIVITY, Scope.MESSAGES, Scope.TASKS, Scope.CONTRACTS}),
    pages=3,
    edge=_edge_of_history,
    shown=_with_history,
    ids=lambda row: tuple(row.split("/", 1)),
)

LONG_LISTS = (MESSAGES, MAIL, WAKES, TASKS, HISTORY)
