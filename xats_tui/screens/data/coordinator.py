"""Snapshot source that reads from a running coordinator; reading changes nothing there."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.core.errors import Refusal
from xats_tui.core.events import Scope
from xats_tui.core.model.contracts import ContractChange
from xats_tui.core.model.messages import Thread
from xats_tui.core.model.pages import Key, ListName, Stretch, StretchRequest
from xats_tui.core.model.panes import PaneRef, PaneView
from xats_tui.core.model.wakes import Gate, Wake, WakeAttempt
from xats_tui.core.model.ways import Way
from xats_tui.screens.data.snapshot import MAX_LIST_ROWS, MAX_STREAM_MESSAGES, Slice
from xats_tui.screens.data.verbs import OperatorLink


class CoordinatorSource:
    """Snapshot source for a running coordinator."""

    def __init__(self, coordinator: OperatorLink) -> None:
        self._coordinator = coordinator

    async def load(self, parts: Iterable[Slice], panes: Iterable[PaneRef]) -> Mapping[str, Any]:
        """Load the slices in a single crossing to the coordinator's thread."""
        refs = tuple(panes)

        async def load(operator: OperatorApi) -> Mapping[str, Any]:
            return {part.value: await _load_one(operator, part, refs) for part in parts}

        return await self._coordinator.ask_operator(load)

    async def attempts(self, message_id: str, agent_id: str) -> tuple[WakeAttempt, ...]:
        """Return the attempts of a wake."""
        return await self._coordinator.ask_operator(lambda operator: operator.attempts(message_id, agent_id))

    async def why_not(self, message_id: str, agent_id: str) -> tuple[Gate, ...]:
        """Return each gate's verdict for the wake; nothing is typed."""
        try:
            return await self._coordinator.ask_operator(lambda operator: operator.gates(agent_id, message_id))
        except Refusal:  # the gates refuse to judge only an agent that has left
            return ()

    async def ways(self, agent_id: str) -> tuple[Way, ...]:
        """Ask every transport about the agent; nothing is typed."""
        try:
            return await self._coordinator.ask_operator(lambda operator: operator.ways(agent_id))
        except Refusal:  # it has left
            return ()

    async def contract_change(self, team: str, name: str, old: int | None, new: int) -> ContractChange | None:
        """Return the change between two versions of a contract."""
        try:
            return await self._coordinator.ask_operator(lambda operator: operator.contract_change(team, name, old, new))
        except Refusal:
            return None

    async def stretch(self, name: ListName, request: StretchRequest) -> Stretch[Any]:
        """Read part of a list from the store."""

        async def read(operator: OperatorApi) -> Stretch[Any]:
            match name:
                case ListName.MESSAGES:
                    return await operator.message_stretch(request)
                case ListName.WAKES:
                    return await operator.wake_stretch(request)
                case ListName.TASKS:
                    return await operator.task_stretch(request)
                case ListName.HISTORY:
                    return await operator.history_stretch(request)

        return await self._coordinator.ask_operator(read)

    async def place(self, name: ListName, entry: Sequence[str]) -> Key | None:
        """Look up the place of an entry in its list."""
        return await self._coordinator.ask_operator(lambda operator: operator.place(name, entry))

    async def thread(self, event_id: int) -> Thread:
        """Return the thread around a message."""
        return await self._coordinator.ask_operator(lambda operator: operator.thread(event_id))

    async def receipts(self, message_id: str) -> tuple[Wake, ...]:
        """Return the wakes of a message."""
        return await self._coordinator.ask_operator(lambda operator: operator.wakes_of(message_id))

    async def looks(self, agent_id: str) -> tuple[PaneView, ...]:
        """Return the kept screens of an agent."""
        return await self._coordinator.ask_operator(lambda operator: operator.kept_looks(agent_id))

    async def attend(self, panes: frozenset[PaneRef]) -> None:
        """Tell the pane monitor which panes are on the screen."""
        await self._coordinator.ask_operator(lambda operator: operator.attend(panes))

    def listen(self, hear: Callable[[frozenset[Scope]], None]) -> Callable[[], None]:
        """Listen to the coordinator's events; return a function that stops listening."""
        return self._coordinator.listen(hear)


async def _load_one(operator: OperatorApi, part: Slice, panes: tuple[PaneRef, ...]) -> Any:
    match part:
        case Slice.HEALTH:
            return await operator.health()
        case Slice.ROSTER:
            return await operator.roster()
        case Slice.VIEWS:
            return await _views(operator, panes)
        case Slice.UNCONNECTED:
            return await operator.unconnected()
        case Slice.STREAM:
            return await operator.stream(limit=MAX_STREAM_MESSAGES)
        case Slice.WAKES:
            return await operator.wakes(limit=MAX_LIST_ROWS)
        case Slice.TASKS:
            return await operator.tasks(limit=MAX_LIST_ROWS)
        case Slice.CONTRACTS:
            return await operator.contracts()
        case Slice.ACTIVITY:
            return await operator.activity(limit=MAX_LIST_ROWS)
        case Slice.EVENTS:
            return await operator.events(limit=MAX_LIST_ROWS)
        case Slice.COMMANDS:
            return await operator.tmux_commands()
        case Slice.SESSIONS:
            return await operator.sessions()
        case Slice.INBOX:
            return await operator.inbox(limit=MAX_STREAM_MESSAGES)
        case Slice.UNANSWERED:
            return await operator.unanswered(limit=MAX_LIST_ROWS)
        case Slice.RATES:
            return await operator.rates()
        case Slice.TOTALS:
            return await operator.totals()


async def _views(operator: OperatorApi, panes: tuple[PaneRef, ...]) -> Mapping[PaneRef, PaneView]:
    looked = {pane: await operator.view(pane) for pane in panes}
    return {pane: view for pane, view in looked.items() if view}
