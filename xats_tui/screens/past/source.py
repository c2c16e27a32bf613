"""Snapshot source that reads the present or, while the operator travels, a moment of the past."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.core.events import Scope
from xats_tui.core.model.activity import Moment
from xats_tui.core.model.contracts import ContractChange
from xats_tui.core.model.health import Health
from xats_tui.core.model.messages import Thread
from xats_tui.core.model.pages import Key, ListName, Stretch, StretchRequest
from xats_tui.core.model.panes import PaneRef, PaneView
from xats_tui.core.model.wakes import Gate, Wake, WakeAttempt
from xats_tui.core.model.ways import Way
from xats_tui.core.records import replace
from xats_tui.screens.data.snapshot import MAX_LIST_ROWS, MAX_STREAM_MESSAGES, Slice, SnapshotSource
from xats_tui.screens.data.verbs import OperatorLink
from xats_tui.screens.past.travel import Travel

UNKNOWN: Mapping[Slice, Any] = {
    Slice.UNCONNECTED: (),
    Slice.COMMANDS: (),
    Slice.SESSIONS: (),
    Slice.RATES: None,
    Slice.TOTALS: None,
}
"""Slices of which nothing is known in the past."""


class TravellingSource:
    """Source of the present and of the past; it reads what `travel` says."""

    def __init__(self, present: SnapshotSource, link: OperatorLink, travel: Travel) -> None:
        self._present = present
        self._link = link
        self._travel = travel

    async def load(self, parts: Iterable[Slice], panes: Iterable[PaneRef]) -> Mapping[str, Any]:
        """Load the slices, and the moment that they are of."""
        moment = self._travel.moment
        if moment is None:
            return {**await self._present.load(parts, panes), "moment": None}

        async def load(operator: OperatorApi) -> Mapping[str, Any]:
            return {part.value: await _load_one(operator, part, moment) for part in parts}

        return {**await self._link.ask_operator(load), "moment": moment}

    async def attempts(self, message_id: str, agent_id: str) -> tuple[WakeAttempt, ...]:
        """Return the attempts of a wake by then."""
        if moment := self._travel.moment:
            return await self._link.ask_operator(lambda operator: operator.past_attempts(moment, message_id, agent_id))
        return await self._present.attempts(message_id, agent_id)

    async def why_not(self, message_id: str, agent_id: str) -> tuple[Gate, ...]:
        """Return the verdicts of the gates; none in the past, as a gate is judged now or never."""
        return () if self._travel.moment else await self._present.why_not(message_id, agent_id)

    async def ways(self, agent_id: str) -> tuple[Way, ...]:
        """Return the ways to an agent; none in the past."""
        return () if self._travel.moment else await self._present.ways(agent_id)

    async def contract_change(self, team: str, name: str, old: int | None, new: int) -> ContractChange | None:
        """Return two versions of a contract, which never change."""
        return await self._present.contract_change(team, name, old, new)

    async def stretch(self, name: ListName, request: StretchRequest) -> Stretch[Any]:
        """Return the entries on one side of a key."""
        if moment := self._travel.moment:
            return await self._link.ask_operator(lambda operator: operator.past_stretch(moment, name, request))
        return await self._present.stretch(name, request)

    async def place(self, name: ListName, entry: Sequence[str]) -> Key | None:
        """Return the key directly above an entry."""
        if moment := self._travel.moment:
            return await self._link.ask_operator(lambda operator: operator.past_place(moment, name, entry))
        return await self._present.place(name, entry)

    async def thread(self, event_id: int) -> Thread:
        """Return the thread around a message, as far as it was written."""
        if moment := self._travel.moment:
            return await self._link.ask_operator(lambda operator: operator.past_thread(moment, event_id))
        return await self._present.thread(event_id)

    async def receipts(self, message_id: str) -> tuple[Wake, ...]:
        """Return the wakes of a message."""
        if moment := self._travel.moment:
            return await self._link.ask_operator(lambda operator: operator.past_wakes_of(moment, message_id))
        return await self._present.receipts(message_id)

    async def looks(self, agent_id: str) -> tuple[PaneView, ...]:
        """Return the screens of an agent that were kept by then."""
        if moment := self._travel.moment:
            return await self._link.ask_operator(lambda operator: operator.past_looks(moment, agent_id))
        return await self._present.looks(agent_id)

    async def attend(self, panes: frozenset[PaneRef]) -> None:
        """Have panes looked at more often."""
        await self._present.attend(frozenset() if self._travel.moment else panes)

    def listen(self, hear: Callable[[frozenset[Scope]], None]) -> Callable[[], None]:
        """Listen to the present."""
        return self._present.listen(hear)


async def _load_one(operator: OperatorApi, part: Slice, moment: Moment) -> Any:
    match part:
        case Slice.VIEWS:
            return await operator.past_views(moment)
        case Slice.HEALTH:
            return await _health(operator, moment)
        case Slice.ROSTER:
            return await operator.past_roster(moment)
        case Slice.STREAM:
            return await operator.past_stream(moment, MAX_STREAM_MESSAGES)
        case Slice.WAKES:
            return await operator.past_wakes(moment, MAX_LIST_ROWS)
        case Slice.TASKS:
            return await operator.past_tasks(moment, MAX_LIST_ROWS)
        case Slice.CONTRACTS:
            return await operator.past_contracts(moment)
        case Slice.ACTIVITY:
            return await operator.past_activity(moment, MAX_LIST_ROWS)
        case Slice.EVENTS:
            return await operator.past_events(moment, MAX_LIST_ROWS)
        case Slice.INBOX:
            return await operator.past_inbox(moment, MAX_STREAM_MESSAGES)
        case Slice.UNANSWERED:
            return await operator.past_unanswered(moment, MAX_LIST_ROWS)
        case _:
            return UNKNOWN[part]


async def _health(operator: OperatorApi, moment: Moment) -> Health:
    """Return the counts of that time; of the coordinator itself nothing is known but where it is."""
    waiting, failed, dialogs = await operator.past_counts(moment)
    return replace(
        await operator.health(),
        now=moment.at,
        sessions=0,
        agents_connected=0,
        wakes_waiting=waiting,
        wakes_failed=failed,
        dialogs_open=dialogs,
        loop_lag=0.0,
        database_bytes=0,
        tmux_seconds=None,
        tick_seconds=None,
        notices=(),
        troubles=(),
        unstored="",
    )
