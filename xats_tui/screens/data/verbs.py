"""What the operator can have done: the one door through which the screen changes anything.

How a verb is carried out is not known here.  Each raises `VerbRefused` when it was not done, with one sentence for the
operator.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from xats_tui.core.model.launches import LaunchFormEntry, LaunchResult
from xats_tui.core.model.messages import Addressees
from xats_tui.core.model.panes import Prompt
from xats_tui.core.model.tasks import Task, TaskDraft
from xats_tui.core.model.wakes import DeliveryResult, Wake


class VerbRefused(Exception):
    """It was not done.  The text is one sentence that says why and, if anything helps, what."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        """A word that a program can match."""
        self.sentence = sentence


class AgentVerbs(Protocol):
    """What is done to agents."""

    async def poke(self, agent_id: str, text: str) -> DeliveryResult:
        """Put one line before an agent in its pane, through every gate."""
        ...

    async def rest_agent(self, agent_id: str, until: datetime | None) -> None:
        """Do not wake an agent until then; without a time, until that is lifted."""
        ...

    async def disturb_agent(self, agent_id: str) -> None:
        """Wake an agent again."""
        ...

    async def go_to(self, agent_id: str) -> None:
        """Bring the operator's own tmux client to an agent's pane; changes nothing for the agent."""
        ...


class LaunchVerbs(Protocol):
    """What is done for agents that are not there yet."""

    async def launch(self, wish: LaunchFormEntry) -> LaunchResult:
        """Start an agent in a tmux window of its own, and wait until it has registered."""
        ...


class PromptVerbs(Protocol):
    """What is done about the dialogs of agents, and to be told of one."""

    async def prompt(self, agent_id: str) -> Prompt:
        """What an agent's pane asks now, by a fresh look."""
        ...

    async def answer(self, agent_id: str, seen: Prompt, number: int) -> Prompt | None:
        """Choose an option of the prompt that was seen, if it is still the one; what is asked next, if anything."""
        ...

    async def remove_agent(self, agent_id: str) -> None:
        """Remove an agent; its id and mail are there when it comes back."""
        ...

    async def alert(self, text: str) -> None:
        """Show a line to whoever looks at the dashboard's tmux session; changes nothing."""
        ...


class WakeVerbs(Protocol):
    """What is done to wakes; each is named by message id and agent id."""

    async def replay(self, wakes: Sequence[tuple[str, str]]) -> int:
        """Try wakes again, each through every gate; how many there were to replay."""
        ...

    async def cancel_wake(self, message_id: str, agent_id: str) -> None:
        """End a wake."""
        ...

    async def force(self, message_id: str, agent_id: str) -> Wake:
        """Try a wake now, overruling the gates that a person can answer for; the wake tells what became of it."""
        ...


class MessageVerbs(Protocol):
    """What is done with messages."""

    async def send(
        self,
        letters: Sequence[Addressees],
        body: str,
        *,
        subject: str | None,
        need_reply: bool,
        answers: str | None,
    ) -> int:
        """Send one letter to each of these as the operator, and mark what it answers as read; how many get it."""
        ...

    async def mark_read(self, message_ids: Sequence[str]) -> int:
        """Mark mail of the operator as read; how many were not."""
        ...


class StoreVerbs(Protocol):
    """What is done with the database itself."""

    async def save_database(self) -> Path:
        """Write everything that is stored into a new file; its path."""
        ...


class TaskVerbs(Protocol):
    """What is done with tasks; each carries the task as the operator saw it, and answers with what it has become."""

    async def add_task(self, team: str, draft: TaskDraft) -> Task:
        """Put a task on a team's board."""
        ...

    async def edit_task(self, seen: Task, draft: TaskDraft) -> Task:
        """Change what a task says and waits for."""
        ...

    async def reassign_task(self, seen: Task, agent_id: str) -> Task:
        """Give a task to an agent of its team."""
        ...

    async def release_task(self, seen: Task) -> Task:
        """Take a task from its owner."""
        ...

    async def cancel_task(self, seen: Task) -> Task:
        """Take a task off the board."""
        ...

    async def restore_task(self, seen: Task, before: Task) -> Task:
        """Make a task what it was before."""
        ...


class Verbs(AgentVerbs, LaunchVerbs, PromptVerbs, WakeVerbs, MessageVerbs, StoreVerbs, TaskVerbs, Protocol):
    """All of it."""

    @property
    def read_only(self) -> bool:
        """Whether every verb that changes something is refused."""
        ...
