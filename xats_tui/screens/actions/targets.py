"""What an action is about: the thing behind a row, found in the picture, and the agent and wakes that it concerns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from xats_tui.core.model.activity import Activity, LoggedEvent
from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.contracts import ContractSummary
from xats_tui.core.model.health import Notice
from xats_tui.core.model.messages import Message
from xats_tui.core.model.panes import PaneRef, PaneView, TmuxCommand
from xats_tui.core.model.tasks import TaskEntry
from xats_tui.core.model.wakes import Wake, WakeStage, WakeStatus
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.modes.places import Mode


@dataclass(frozen=True, slots=True)
class Letter:
    """What was sent at once: one message, or as many as a broadcast has recipients."""

    copies: tuple[Message, ...]

    @property
    def first(self) -> Message:
        """What all copies have in common stands in each."""
        return self.copies[0]

    @property
    def key(self) -> str:
        """The key of its row."""
        return str(self.first.event_id)


Target = RosterEntry | Letter | Wake | TaskEntry | ContractSummary | Activity | LoggedEvent | TmuxCommand | Notice


def letters(stream: Iterable[Message]) -> list[Letter]:
    """The messages of a stream with their recipients together."""
    return [Letter(tuple(copies)) for _, copies in groupby(stream, key=lambda message: message.event_id)]


def contract_key(summary: ContractSummary) -> str:
    """The key of a contract's row."""
    return f"{summary.team}/{summary.name}"


LogEntry = Activity | LoggedEvent | TmuxCommand | Notice
"""What the Activity mode lists."""


def log_of(snapshot: Snapshot) -> list[LogEntry]:
    """What agents, the operator and the coordinator itself did, the newest first."""
    entries: tuple[LogEntry, ...] = (*snapshot.activity, *snapshot.events, *snapshot.commands, *_notices(snapshot))
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _notices(snapshot: Snapshot) -> Iterable[Notice]:
    told = (*snapshot.health.notices, *snapshot.health.troubles) if snapshot.health else ()
    return {notice.number: notice for notice in told}.values()


def log_key(entry: LogEntry) -> str:
    """The key of a row of the log."""
    match entry:
        case Activity():
            return f"act/{entry.activity_id}"
        case LoggedEvent():
            return f"event/{entry.event_id}"
        case TmuxCommand():
            return f"tmux/{entry.number}"
        case Notice():
            return f"notice/{entry.number}"


def entry_in(snapshot: Snapshot, pane: PaneRef) -> RosterEntry | None:
    """The agent that lives in a pane."""
    found = (entry for entry in snapshot.roster if entry.agent.binding and entry.agent.binding.pane == pane)
    return next(found, None)


def find(snapshot: Snapshot, mode: Mode, key: str) -> Target | None:
    """What the row of that key stands for in a mode; None if it is gone."""
    match mode:
        case Mode.AGENTS:
            return snapshot.entry(key)
        case Mode.MESSAGES:
            return next((letter for letter in letters(snapshot.stream) if letter.key == key), None)
        case Mode.WAKES:
            return next((wake for wake in snapshot.wakes if wake.key == key), None)
        case Mode.TASKS:
            return next((entry for entry in snapshot.tasks if entry.task.id == key), None)
        case Mode.CONTRACTS:
            return next((summary for summary in snapshot.contracts if contract_key(summary) == key), None)
        case Mode.ACTIVITY:
            return next((entry for entry in log_of(snapshot) if log_key(entry) == key), None)
        case Mode.LIVE:
            return None


def identifier(target: Target) -> str:
    """The identifier that the tools know it by."""
    match target:
        case RosterEntry():
            return target.agent.agent_id
        case Letter():
            return target.first.id
        case Wake():
            return target.message_id
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
    """The one agent that it is about: itself, a recipient, an owner, an author; None if there is none or many."""
    match target:
        case RosterEntry():
            return target
        case Letter() if len(target.copies) == 1:
            return snapshot.entry(target.first.to_agent_id)
        case Wake():
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
            return entry_in(snapshot, target.pane)
        case _:
            return None


def view_of(snapshot: Snapshot, agents: Sequence[RosterEntry]) -> PaneView | None:
    """The latest look at the pane of the one agent; None if there are many, or it has not been seen."""
    return snapshot.view(agents[0]) if len(agents) == 1 else None


def wakes_of(snapshot: Snapshot, target: Target) -> tuple[Wake, ...]:
    """The wakes that it is about: itself, or those of an agent or a letter that have not led to a reading."""
    match target:
        case Wake():
            return (target,)
        case RosterEntry():
            mine = [wake for wake in snapshot.wakes if wake.agent_id == target.agent.agent_id]
        case Letter():
            ids = {copy.id for copy in target.copies}
            mine = [wake for wake in snapshot.wakes if wake.message_id in ids]
        case _:
            return ()
    return tuple(wake for wake in mine if was_not_read(wake) and wake.status is not WakeStatus.DELIVERED)


def was_not_read(wake: Wake) -> bool:
    """Whether there is no evidence that its message was read."""
    return WakeStage.SEEN not in wake.reached and WakeStage.READ not in wake.reached
