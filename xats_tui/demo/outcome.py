"""Outcome of a demo, read from its database: what must have happened, and whether it did."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xats_tui.backend.store import agents, contracts, tasks, wakes
from xats_tui.backend.store.sql.database import Database
from xats_tui.core.clock import SystemClock
from xats_tui.core.model.contracts import ContractSummary
from xats_tui.core.model.tasks import Task, TaskStatus
from xats_tui.core.model.wakes import Wake, WakeStage, WakeStatus
from xats_tui.demo.script import CAST, CONTRACT, TEAM

MAX_ROWS = 1_000
"""Maximum rows; a demo of an hour has fewer."""

SHELL = "the pane now runs sh"
"""Text in the evidence of the wake that must fail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCheck:
    """Result of a check of the outcome."""

    about: str
    said: str
    """Description for people."""
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOutcome:
    """Everything that the database holds of a demo."""

    names: Mapping[str, str]
    """Names of the agents, by id."""
    wakes: Sequence[Wake]
    tasks: Sequence[Task]
    contract: ContractSummary | None

    @classmethod
    async def of(cls, path: Path) -> "DemoOutcome":
        """Read a database file, which a coordinator may be writing.

        Raises:
            UnusableStore: the file cannot be read.
        """
        async with Database.opened(path, SystemClock(), publish=lambda _: None, alone=False) as database:
            team = await agents.of_team(database, TEAM)
            published = await contracts.summaries(database, MAX_ROWS)
            return cls(
                names={agent.agent_id: agent.name for agent in team},
                wakes=await wakes.newest(database, MAX_ROWS),
                tasks=await tasks.of_team(database, TEAM),
                contract=next((contract for contract in published if contract.name == CONTRACT), None),
            )

    def in_short(self) -> str:
        """Return a progress line."""
        done = sum(task.status is TaskStatus.COMPLETED for task in self.tasks)
        return f"agents {len(self.names)}, wakes {len(self.wakes)}, tasks done {done} of {len(self.tasks)}"

    def findings(self) -> Iterator[DemoCheck]:
        """Yield the results of all checks."""
        yield self._agents()
        yield self._messages()
        yield self._tasks()
        yield self._contracts()
        yield self._failed()
        yield self._waiting()

    def _agents(self) -> DemoCheck:
        names = sorted(self.names.values())
        return DemoCheck(about="agents", said=", ".join(names), holds=names == sorted(part.name for part in CAST))

    def _messages(self) -> DemoCheck:
        woken = [
            wake for wake in self.wakes if {WakeStage.TYPED, WakeStage.SUBMITTED, WakeStage.READ} <= set(wake.reached)
        ]
        said = f"{len(self.wakes)} sent; {len(woken)} woke their reader and were read: typed, submitted, seen, read"
        return DemoCheck(about="messages", said=said, holds=len(woken) >= 2)

    def _tasks(self) -> DemoCheck:
        by_id = {task.id: task for task in self.tasks}
        done = [task for task in self.tasks if task.status is TaskStatus.COMPLETED]
        waited = [task for task in done if task.depends_on]
        too_soon = [task.title for task in waited if any(not _is_before(by_id[one], task) for one in task.depends_on)]
        said = f"{len(done)} of {len(self.tasks)} done, {len(waited)} of them after those that they depend on"
        said += f"; TOO SOON: {', '.join(too_soon)}" if too_soon else ""
        return DemoCheck(about="tasks", said=said, holds=len(waited) >= 2 and not too_soon)

    def _contracts(self) -> DemoCheck:
        if self.contract is None:
            return DemoCheck(about="contracts", said="none", holds=False)
        newest = self.contract.version
        behind = [one.name for one in self.contract.subscribers if (one.fetched_version or 0) < newest]
        breaking = [str(version.version) for version in self.contract.versions if version.breaking]
        said = (
            f"{CONTRACT} v{newest}; breaking: {', '.join(breaking) or 'none'}; behind: {', '.join(behind) or 'nobody'}"
        )
        return DemoCheck(about="contracts", said=said, holds=True)

    def _failed(self) -> DemoCheck:
        failed = [wake for wake in self.wakes if wake.status is WakeStatus.FAILED]
        absent = {part.name for part in CAST if part.leaves}
        said = "; ".join(f"{self.names.get(wake.agent_id)}: {wake.detail}" for wake in failed) or "none"
        holds = {self.names.get(wake.agent_id) for wake in failed} == absent
        holds = holds and all(SHELL in (wake.detail or "") for wake in failed)
        return DemoCheck(about="failed", said=said, holds=holds)

    def _waiting(self) -> DemoCheck:
        waiting = [wake for wake in self.wakes if wake.status is WakeStatus.RETRYING]
        said = "; ".join(sorted({f"{self.names.get(wake.agent_id)}: {wake.detail}" for wake in waiting})) or "none"
        return DemoCheck(about="waiting", said=said, holds=True)


def _is_before(one: Task, other: Task) -> bool:
    """Return whether a task was completed before another was claimed."""
    return bool(one.completed_at and other.claimed_at and one.completed_at <= other.claimed_at)
