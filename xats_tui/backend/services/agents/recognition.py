"""Recognition: which agents a runtime was before, judged by traces in its call.

It proves nothing and assigns no name: a model that has lost its context is told who it may have been.
"""

from collections.abc import Sequence

from msgspec import Struct

from xats_tui.backend.store import agents as store
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.system.processes import Processes
from xats_tui.core.model.agents import Agent, SeenProcess
from xats_tui.core.model.panes import PaneRef


class Traces(Struct, frozen=True, kw_only=True):
    """Facts about a runtime that do not depend on what it says about itself; None for a missing fact."""

    ui_pid: int | None = None
    """Pid of the user interface."""
    thread_id: str | None = None
    """Id of the Codex thread."""
    host_session: str | None = None
    pane: PaneRef | None = None


NO_TRACES = Traces()


class FormerAgent(Struct, frozen=True, kw_only=True):
    """An agent that a runtime was before, with the trace that shows it."""

    agent: Agent
    by: str
    """`ui_pid`, `thread`, `host_session` or `pane`."""


class Recognition:
    """Recognises runtimes by their traces."""

    def __init__(self, database: Database, processes: Processes) -> None:
        self._database = database
        self._processes = processes

    async def of(self, traces: Traces, *, but: tuple[str, str] | None = None) -> tuple[FormerAgent, ...]:
        """Return the agents with these traces, the most recently seen first, without the agent `but` (team, name)."""
        if traces == NO_TRACES:
            return ()
        agents = [one for one in await store.all_teams(self._database) if (one.team, one.name) != but]
        claimed = {one.process for one in agents if one.process and one.process.pid == traces.ui_pid}
        return recognised(agents, traces, await self._processes.living(claimed))


def recognised(agents: Sequence[Agent], traces: Traces, living: frozenset[SeenProcess]) -> tuple[FormerAgent, ...]:
    """Return the agents with these traces, by the strongest trace; `living` are the processes that still live."""
    found = [FormerAgent(agent=agent, by=by) for agent in agents if (by := _trace(agent, traces, living))]
    return tuple(sorted(found, key=lambda one: one.agent.last_seen_at, reverse=True))


def _trace(agent: Agent, traces: Traces, living: frozenset[SeenProcess]) -> str:
    process, thread_id = agent.process, agent.delivery.address.get("thread_id")
    if process is not None and process.pid == traces.ui_pid and process in living:
        return "ui_pid"
    if thread_id is not None and thread_id == traces.thread_id:
        return "thread"
    if agent.host_session is not None and agent.host_session == traces.host_session:
        return "host_session"
    if agent.binding is not None and agent.binding.pane == traces.pane:
        return "pane"
    return ""
