"""The verbs, asked of a running coordinator; every refusal becomes one sentence."""

from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.thread import CoordinatorThread
from xats_tui.core.errors import Refusal, XatsError
from xats_tui.core.model.launches import LaunchFormEntry, LaunchResult
from xats_tui.core.model.messages import Addressees
from xats_tui.core.model.panes import PaneRef, Prompt
from xats_tui.core.model.tasks import Task, TaskDraft
from xats_tui.core.model.wakes import DeliveryResult, Wake
from xats_tui.core.refusals import sentence_of
from xats_tui.screens.data.verbs import VerbRefused

T = TypeVar("T")

READ_ONLY = "read-only mode"


class CoordinatorVerbs:
    """What the operator can have a coordinator do."""

    def __init__(self, coordinator: CoordinatorThread, *, seat: PaneRef | None = None, read_only: bool = False) -> None:
        """Name the coordinator.

        Args:
            coordinator: who carries the verbs out.
            seat: the pane that the dashboard itself is drawn in; None outside tmux.
            read_only: refuse what changes anything.
        """
        self._coordinator = coordinator
        self._seat = seat
        self.read_only = read_only

    async def poke(self, agent_id: str, text: str) -> DeliveryResult:
        """Ask the operator's desk."""
        return await self._change(lambda backend: backend.operator.poke(agent_id, text))

    async def rest_agent(self, agent_id: str, until: datetime | None) -> None:
        """Ask the operator's desk."""
        await self._change(lambda backend: backend.operator.rest_agent(agent_id, until))

    async def disturb_agent(self, agent_id: str) -> None:
        """Ask the operator's desk."""
        await self._change(lambda backend: backend.operator.disturb_agent(agent_id))

    async def go_to(self, agent_id: str) -> None:
        """Ask the operator's desk; it looks, so it is not refused in read-only mode."""
        await self._ask(lambda backend: backend.operator.go_to(agent_id, self._seat))

    async def launch(self, wish: LaunchFormEntry) -> LaunchResult:
        """Have it launched on the tmux server that the dashboard is drawn in."""
        return await self._change(lambda backend: backend.launching.grant(wish, self._seat))

    async def prompt(self, agent_id: str) -> Prompt:
        """Have the pane looked at."""
        return await self._ask(lambda backend: backend.answering.prompt(agent_id))

    async def answer(self, agent_id: str, seen: Prompt, number: int) -> Prompt | None:
        """Have the keys sent."""
        return await self._change(lambda backend: backend.answering.answer(agent_id, seen, number))

    async def remove_agent(self, agent_id: str) -> None:
        """Ask the operator's desk."""
        await self._change(lambda backend: backend.operator_agents.remove(agent_id))

    async def alert(self, text: str) -> None:
        """Ask tmux, if the dashboard is drawn in it."""
        if seat := self._seat:
            await self._ask(lambda backend: backend.operator_agents.alert(seat, text))

    async def save_database(self) -> Path:
        """Ask the coordinator; it changes nothing that the coordinator has."""
        return await self._ask(lambda backend: backend.save_database())

    async def replay(self, wakes: Sequence[tuple[str, str]]) -> int:
        """Ask the operator's desk."""
        return await self._change(lambda backend: backend.operator.replay(wakes))

    async def cancel_wake(self, message_id: str, agent_id: str) -> None:
        """Ask the operator's desk."""
        await self._change(lambda backend: backend.operator.cancel(message_id, agent_id))

    async def force(self, message_id: str, agent_id: str) -> Wake:
        """Ask the operator's desk."""
        return await self._change(lambda backend: backend.operator.force(message_id, agent_id))

    async def send(
        self,
        letters: Sequence[Addressees],
        body: str,
        *,
        subject: str | None,
        need_reply: bool,
        answers: str | None,
    ) -> int:
        """Ask the operator's mail."""
        await self._change(
            lambda backend: backend.operator_mail.send(
                letters, body, subject=subject, need_reply=need_reply, answers=answers
            )
        )
        return sum(len(letter.agent_ids) for letter in letters)

    async def mark_read(self, message_ids: Sequence[str]) -> int:
        """Ask the operator's mail."""
        return await self._change(lambda backend: backend.operator_mail.mark_read(message_ids))

    async def add_task(self, team: str, draft: TaskDraft) -> Task:
        """Ask the operator's board."""
        return await self._change(lambda backend: backend.operator_tasks.add(team, draft))

    async def edit_task(self, seen: Task, draft: TaskDraft) -> Task:
        """Ask the operator's board."""
        return await self._change(lambda backend: backend.operator_tasks.edit(seen, draft))

    async def reassign_task(self, seen: Task, agent_id: str) -> Task:
        """Ask the operator's board."""
        return await self._change(lambda backend: backend.operator_tasks.reassign(seen, agent_id))

    async def release_task(self, seen: Task) -> Task:
        """Ask the operator's board."""
        return await self._change(lambda backend: backend.operator_tasks.release(seen))

    async def cancel_task(self, seen: Task) -> Task:
        """Ask the operator's board."""
        return await self._change(lambda backend: backend.operator_tasks.cancel(seen))

    async def restore_task(self, seen: Task, before: Task) -> Task:
        """Ask the operator's board."""
        return await self._change(lambda backend: backend.operator_tasks.restore(seen, before))

    async def _change(self, question: Callable[[Coordinator], Coroutine[Any, Any, T]]) -> T:
        if self.read_only:
            raise VerbRefused("read_only", READ_ONLY)
        return await self._ask(question)

    async def _ask(self, question: Callable[[Coordinator], Coroutine[Any, Any, T]]) -> T:
        try:
            return await self._coordinator.ask(question)
        except Refusal as refusal:
            raise VerbRefused(refusal.code, sentence_of(refusal)) from refusal
        except XatsError as error:
            raise VerbRefused("failed", f"it could not be done: {error}") from error
