"""The picture of a running coordinator, asked for through the crossing; looking changes nothing there."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.thread import CoordinatorThread
from xats_tui.core.errors import Refusal
from xats_tui.core.events import Scope
from xats_tui.core.model.contracts import ContractChange
from xats_tui.core.model.messages import Message, Thread
from xats_tui.core.model.panes import PaneRef, PaneView
from xats_tui.core.model.wakes import Gate, Wake, WakeAttempt
from xats_tui.screens.data.snapshot import MAX_LIST_ROWS, MAX_STREAM_MESSAGES, Slice


class CoordinatorSource:
    """The picture of a running coordinator."""

    def __init__(self, coordinator: CoordinatorThread) -> None:
        self._coordinator = coordinator

    async def load(self, parts: Iterable[Slice], panes: Iterable[PaneRef]) -> Mapping[str, Any]:
        """Ask for all of them in one crossing."""
        refs = tuple(panes)

        async def load(backend: Coordinator) -> Mapping[str, Any]:
            return {part.value: await _load_one(backend, part, refs) for part in parts}

        return await self._coordinator.ask(load)

    async def attempts(self, message_id: str, agent_id: str) -> tuple[WakeAttempt, ...]:
        """Ask the waker."""
        return await self._coordinator.ask(lambda backend: backend.waker.attempts(message_id, agent_id))

    async def why_not(self, message_id: str, agent_id: str) -> tuple[Gate, ...]:
        """Ask the operator's desk, which looks and does nothing."""
        try:
            return await self._coordinator.ask(lambda backend: backend.operator.dry_run(agent_id, message_id))
        except Refusal:  # only an agent that has left is not judged
            return ()

    async def contract_change(self, team: str, name: str, old: int | None, new: int) -> ContractChange | None:
        """Ask the book of contracts."""
        try:
            return await self._coordinator.ask(lambda backend: backend.contracts.change(team, name, old, new))
        except Refusal:
            return None

    async def older(self, before_event_id: int) -> tuple[Message, ...]:
        """Ask the mailbox."""
        return await self._coordinator.ask(
            lambda backend: backend.mailbox.stream(limit=MAX_STREAM_MESSAGES, before_event_id=before_event_id)
        )

    async def thread(self, event_id: int) -> Thread:
        """Ask the operator's mail."""
        return await self._coordinator.ask(lambda backend: backend.operator_mail.thread(event_id))

    async def receipts(self, message_id: str) -> tuple[Wake, ...]:
        """Ask the waker."""
        return await self._coordinator.ask(lambda backend: backend.waker.statuses(message_id))

    async def attend(self, pane: PaneRef | None) -> None:
        """Tell the pane monitor."""

        async def tell(backend: Coordinator) -> None:
            backend.panes.attend(pane)

        await self._coordinator.ask(tell)

    def listen(self, hear: Callable[[frozenset[Scope]], None]) -> Callable[[], None]:
        """Listen through the crossing."""
        return self._coordinator.listen(hear)


async def _load_one(backend: Coordinator, part: Slice, panes: tuple[PaneRef, ...]) -> Any:
    match part:
        case Slice.HEALTH:
            return await backend.health()
        case Slice.ROSTER:
            return await backend.registry.roster()
        case Slice.VIEWS:
            return _views(backend, panes)
        case Slice.STREAM:
            return await backend.mailbox.stream(limit=MAX_STREAM_MESSAGES)
        case Slice.WAKES:
            return await backend.waker.newest(limit=MAX_LIST_ROWS)
        case Slice.TASKS:
            return await backend.board.entries(limit=MAX_LIST_ROWS)
        case Slice.CONTRACTS:
            return await backend.contracts.summaries()
        case Slice.ACTIVITY:
            return await backend.operator.activity(limit=MAX_LIST_ROWS)
        case Slice.EVENTS:
            return await backend.operator.events(limit=MAX_LIST_ROWS)
        case Slice.COMMANDS:
            return backend.tmux.changes()
        case Slice.SESSIONS:
            return backend.sessions.entries()
        case Slice.INBOX:
            return await backend.operator_mail.inbox(limit=MAX_STREAM_MESSAGES)
        case Slice.UNANSWERED:
            return await backend.operator_mail.unanswered(limit=MAX_LIST_ROWS)


def _views(backend: Coordinator, panes: tuple[PaneRef, ...]) -> Mapping[PaneRef, PaneView]:
    looked = {pane: backend.panes.view(pane) for pane in panes}
    return {pane: view for pane, view in looked.items() if view}
