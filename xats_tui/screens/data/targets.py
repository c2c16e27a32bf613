"""Targets of actions: the object behind a row, and the agent and wakes that it refers to."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby

from msgspec import Struct

from xats_tui.core.model.activity import Activity, LoggedEvent
from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.contracts import ContractSummary
from xats_tui.core.model.health import Notice
from xats_tui.core.model.messages import Message
from xats_tui.core.model.panes import PaneView, TmuxCommand
from xats_tui.core.model.tasks import TaskEntry
from xats_tui.core.model.wakes import Wake, WakeStage, WakeStatus
from xats_tui.screens.data.snapshot import MAX_LIST_ROWS, Snapshot
from xats_tui.screens.modes.places import Mode


class Letter(Struct, frozen=True):
    """Messages that were sent together: a single message, or one copy for each recipient of a broadcast."""

    copies: tuple[Message, ...]

    @property
    def first(self) -> Message:
        """The first copy; it holds everything that the copies have in common."""
        return self.copies[0]

    @property
    def key(self) -> str:
        """Key of the row."""
        return str(self.first.event_id)


GROUP_PREFIX = "agent/"
"""Beginning of the key of a row that stands for all wakes of an agent."""


class WakeGroup(Struct, frozen=True):
    """All wakes of an agent, the most urgent first."""

    wakes: tuple[Wake, ...]

    @property
    def lead(self) -> Wake:
        """The most urgent wake."""
        return self.wakes[0]

    @property
    def agent_id(self) -> str:
        """Id of the agent."""
        return self.lead.agent_id


Target = (
    RosterEntry
    | Letter
    | Wake
    | WakeGroup
    | TaskEntry
    | ContractSummary
    | Activity
    | LoggedEvent
    | TmuxCommand
    | Notice
)


def letters(stream: Iterable[Message]) -> list[Letter]:
    """Group the messages of a stream by sending, with all recipients together."""
    return [Letter(tuple(copies)) for _, copies in groupby(stream, key=lambda message: message.event_id)]


def contract_key(summary: ContractSummary) -> str:
    """Return the key of a contract's row."""
    return f"{summary.team}/{summary.name}"


LogEntry = Activity | LoggedEvent | TmuxCommand | Notice
"""Entries that the Activity mode lists."""


def log_of(snapshot: Snapshot) -> list[LogEntry]:
    """Return the actions of agents, of the operator and of the coordinator itself, newest first.

    The list ends where one of the two stored logs does: farther back, its entries would be missing among the others.
    """
    entries: Iterable[LogEntry] = (*snapshot.activity, *snapshot.events, *snapshot.commands, *_notices(snapshot))
    first, last = snapshot.log_span or (horizon_of(snapshot), None)
    kept = (entry for entry in entries if (first is None or entry.at >= first) and (last is None or entry.at <= last))
    return sorted(kept, key=lambda entry: entry.at, reverse=True)


def horizon_of(snapshot: Snapshot) -> datetime | None:
    """Return the time from which all stored entries of the log are in the snapshot; None if nothing is missing."""
    logs = (snapshot.whole.activity, snapshot.whole.events)
    return max((log[-1].at for log in logs if len(log) >= MAX_LIST_ROWS), default=None)


def _notices(snapshot: Snapshot) -> Iterable[Notice]:
    told = (*snapshot.health.notices, *snapshot.health.troubles) if snapshot.health else ()
    return {notice.number: notice for notice in told}.values()


def log_key(entry: LogEntry) -> str:
    """Return the key of a row in the Activity mode."""
    match entry:
        case Activity():
            return f"act/{entry.activity_id}"
        case LoggedEvent():
            return f"event/{entry.event_id}"
        case TmuxCommand():
            return f"tmux/{entry.number}"
        case Notice():
            return f"notice/{entry.number}"


def find(snapshot: Snapshot, mode: Mode, key: str) -> Target | None:
    """Return the object behind a row of a mode; None if it no longer exists."""
    match mode:
        case Mode.AGENTS:
            return snapshot.entry(key)
        case Mode.MESSAGES:
            return next((letter for letter in letters(snapshot.stream) if letter.key == key), None)
        case Mode.WAKES:
            return _wake_or_group(snapshot, key)
        case Mode.TASKS:
            return next((entry for entry in snapshot.tasks if entry.task.id == key), None)
        case Mode.CONTRACTS:
            return next((summary for summary in snapshot.contracts if contract_key(summary) == key), None)
        case Mode.ACTIVITY:
            return next((entry for entry in log_of(snapshot) if log_key(entry) == key), None)
        case Mode.LIVE:
            return None


def group_key(agent_id: str) -> str:
    """Return the key of the row that stands for all wakes of an agent."""
    return f"{GROUP_PREFIX}{agent_id}"


def by_urgency(snapshot: Snapshot, wakes: Iterable[Wake]) -> list[Wake]:
    """Return the wakes in order: failed, then waiting, then finished; newest first."""

    def urgency(wake: Wake) -> tuple[int, float]:
        waits = wake.status is WakeStatus.RETRYING and not wake.is_over and was_not_read(wake)
        rank = 0 if failed_for_somebody(snapshot, wake) else 1 if waits else 2
        return rank, -queued_at(wake).timestamp()

    return sorted(wakes, key=urgency)


def queued_at(wake: Wake) -> datetime:
    """Return the time at which the wake was queued."""
    # Rows of an old database have only the time of their last change.
    return wake.reached.get(WakeStage.QUEUED, wake.updated_at)


def is_pressing(wake: Wake) -> bool:
    """Return whether somebody waits for a wake: it will be tried, or it failed and its message is unread."""
    return not wake.is_over or (wake.status is WakeStatus.FAILED and was_not_read(wake))


def _wake_or_group(snapshot: Snapshot, key: str) -> Wake | WakeGroup | None:
    if key.startswith(GROUP_PREFIX):
        mine = by_urgency(snapshot, (wake for wake in snapshot.wakes if group_key(wake.agent_id) == key))
        return WakeGroup(tuple(mine)) if mine else None
    # A group may have hundreds of wakes, each of which is looked for here: no key is put together for that.
    message_id, _, agent_id = key.partition("/")
    found = (wake for wake in snapshot.wakes if wake.message_id == message_id and wake.agent_id == agent_id)
    return next(found, None)


def identifier(target: Target) -> str:
    """Return the identifier by which the tools know the object."""
    match target:
        case RosterEntry():
            return target.agent.agent_id
        case Letter():
            return target.first.id
        case Wake():
            return target.message_id
        case WakeGroup():
            return target.agent_id
        case TaskEntry():
            return target.task.id
        case ContractSummary():
            return target.name
        case Activity():
            return target.message_id or target.agent_id or str(target.activity_id)
        case LoggedEvent():
            return target.about
        case TmuxCommand():
            return target.pane.pane_id
        case Notice():
            return target.subject


def agent_of(snapshot: Snapshot, target: Target | None) -> RosterEntry | None:
    """Return the agent that an object refers to (itself, recipient, owner, author); None if none or several."""
    match target:
        case RosterEntry():
            return target
        case Letter() if len(target.copies) == 1:
            return snapshot.entry(target.first.to_agent_id)
        case Wake() | WakeGroup():
            return snapshot.entry(target.agent_id)
        case TaskEntry():
            return snapshot.entry(target.task.claimed_by or "")
        case ContractSummary():
            return snapshot.entry(target.registered_by)
        case Activity():
            return snapshot.entry(target.agent_id or "")
        case LoggedEvent():
            return snapshot.entry(target.actor_id)
        case TmuxCommand():
            return snapshot.entry_in(target.pane)
        case _:
            return None


def view_of(snapshot: Snapshot, agents: Sequence[RosterEntry]) -> PaneView | None:
    """Return the latest view of the pane; None for several agents or an unseen pane."""
    return snapshot.view(agents[0]) if len(agents) == 1 else None


def wakes_of(snapshot: Snapshot, target: Target) -> tuple[Wake, ...]:
    """Return the wakes of an object: itself, or an agent's or a letter's wakes that have not led to a read message."""
    match target:
        case Wake():
            return (target,)
        case WakeGroup():
            mine = list(target.wakes)
        case RosterEntry():
            mine = [wake for wake in snapshot.wakes if wake.agent_id == target.agent.agent_id]
        case Letter():
            ids = {copy.id for copy in target.copies}
            mine = [wake for wake in snapshot.wakes if wake.message_id in ids]
        case _:
            return ()
    return tuple(wake for wake in mine if was_not_read(wake) and wake.status is not WakeStatus.DELIVERED)


def open_wake_of(snapshot: Snapshot, agent_id: str) -> Wake | None:
    """Return the agent's wake that has waited longest; if none waits, the one that failed last."""
    unread = [wake for wake in snapshot.wakes if wake.agent_id == agent_id and was_not_read(wake)]
    waiting = [wake for wake in unread if not wake.is_over and wake.status is not WakeStatus.DELIVERED]
    failed = [wake for wake in unread if wake.status is WakeStatus.FAILED]
    if waiting:
        return min(waiting, key=lambda wake: wake.reached.get(WakeStage.QUEUED, wake.updated_at))
    return max(failed, key=lambda wake: wake.updated_at, default=None)


def was_not_read(wake: Wake) -> bool:
    """Return whether there is no evidence that the wake's message was read."""
    return WakeStage.SEEN not in wake.reached and WakeStage.READ not in wake.reached


def failed_for_somebody(snapshot: Snapshot, wake: Wake) -> bool:
    """Return whether the wake has failed and a replay may help: unread message, agent still registered."""
    return wake.status is WakeStatus.FAILED and was_not_read(wake) and snapshot.entry(wake.agent_id) is not None


def all_failed(snapshot: Snapshot) -> tuple[Wake, ...]:
    """Return the failed wakes that a replay may help."""
    return tuple(wake for wake in snapshot.wakes if failed_for_somebody(snapshot, wake))
