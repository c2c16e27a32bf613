"""The picture of a running coordinator, asked for through the crossing; looking changes nothing there."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.core.errors import Refusal
from xats_tui.core.events import Scope
from xats_tui.core.model.contracts import ContractChange
from xats_tui.core.model.messages import Message, Thread
from xats_tui.core.model.panes import PaneRef, PaneView
from xats_tui.core.model.wakes import Gate, Wake, WakeAttempt
from xats_tui.screens.data.snapshot import MAX_LIST_ROWS, MAX_STREAM_MESSAGES, Slice
from xats_tui.screens.data.verbs import OperatorLink


class CoordinatorSource:
    """The picture of a running coordinator."""

    def __init__(self, coordinator: OperatorLink) -> None:
        self._coordinator = coordinator

    async def load(self, parts: Iterable[Slice], panes: Iterable[PaneRef]) -> Mapping[str, Any]:
        """Ask for all of them in one crossing."""
        refs = tuple(panes)

        async def load(operator: OperatorApi) -> Mapping[str, Any]:
            return {part.value: await _load_one(operator, part, refs) for part in parts}

        return await self._coordinator.ask_operator(load)

    async def attempts(self, message_id: str, agent_id: str) -> tuple[WakeAttempt, ...]:
        """Ask the waker."""
        return await self._coordinator.ask_operator(lambda operator: operator.attempts(message_id, agent_id))

    async def why_not(self, message_id: str, agent_id: str) -> tuple[Gate, ...]:
        """Ask the operator's desk, which looks and does nothing."""
        try:
            return await self._coordinator.ask_operator(lambda operator: operator.gates(agent_id, message_id))
        except Refusal:  # only an agent that has left is not judged
            return ()

    async def contract_change(self, team: str, name: str, old: int | None, new: int) -> ContractChange | None:
        """Ask the book of contracts."""
        try:
            return await self._coordinator.ask_operator(lambda operator: operator.contract_change(team, name, old, new))
        except Refusal:
            return None

    async def older(self, before_event_id: int) -> tuple[Message, ...]:
        """Ask the mailbox."""
        return await self._coordinator.ask_operator(
            lambda operator: operator.stream(limit=MAX_STREAM_MESSAGES, before_event_id=before_event_id)
        )

    async def thread(self, event_id: int) -> Thread:
        """Ask the operator's mail."""
        return await self._coordinator.ask_operator(lambda operator: operator.thread(event_id))

    async def receipts(self, message_id: str) -> tuple[Wake, ...]:
        """Ask the waker."""
        return await self._coordinator.ask_operator(lambda operator: operator.wakes_of(message_id))

    async def attend(self, pane: PaneRef | None) -> None:
        """Tell the pane monitor."""
        await self._coordinator.ask_operator(lambda operator: operator.attend(pane))

    def listen(self, hear: Callable[[frozenset[Scope]], None]) -> Callable[[], None]:
        """Listen through the crossing."""
        return self._coordinator.listen(hear)


async def _load_one(operator: OperatorApi, part: Slice, panes: tuple[PaneRef, ...]) -> Any:
    match part:
        case Slice.HEALTH:
            return await operator.health()
        case Slice.ROSTER:
            return await operator.roster()
        case Slice.VIEWS:
            return await _views(operator, panes)
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


async def _views(operator: OperatorApi, panes: tuple[PaneRef, ...]) -> Mapping[PaneRef, PaneView]:
    looked = {pane: await operator.view(pane) for pane in panes}
    return {pane: view for pane, view in looked.items() if view}
