"""Actions of the operator on agents: remove one, show an alert in tmux."""

from xats_tui.backend.services.agents.registry import Registry
from xats_tui.backend.store import activity as store
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.system.tmux import Tmux
from xats_tui.core.errors import PaneGone, Refusal, TmuxError
from xats_tui.core.model.activity import Actor


class OperatorAgents:
    """The operator's verbs for agents."""

    def __init__(self, database: Database, registry: Registry, tmux: Tmux) -> None:
        self._database = database
        self._registry = registry
        self._tmux = tmux

    async def remove(self, actor: Actor, agent_id: str) -> None:
        """Remove an agent as if it had left; id and messages are kept for its return.

        Raises:
            Refusal: `unknown_agent`; `tasks_in_progress` while it owns tasks that are not done.
        """
        agent = await self._registry.by_id(agent_id)
        if agent is None:
            raise Refusal("unknown_agent")
        async with self._database.write() as tx:
            await self._registry.unregister(tx, agent)
            await store.note(tx, actor.name, "remove", f"{agent.address}, {agent.role}", agent_id=agent_id)
        self._registry.dismiss(agent_id)

    async def alert(self, actor: Actor, text: str) -> None:
        """Show a line in the dashboard's tmux session, in every window; do nothing outside tmux.

        Raises:
            Refusal: `pane_gone`, `tmux_failed`.
        """
        if actor.seat is None:
            return
        try:
            await self._tmux.say(actor.seat, text)
        except PaneGone as error:
            raise Refusal("pane_gone") from error
        except TmuxError as error:
            raise Refusal("tmux_failed", detail=str(error)) from error
