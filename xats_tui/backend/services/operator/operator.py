"""Actions of the operator on agents and wakes; each change is recorded.

The gates hold for the operator, too; `force` overrules only those that a person may overrule.
"""

from collections.abc import Sequence
from datetime import datetime

from xats_tui.backend.services.wakes.waker import Waker
from xats_tui.backend.store import activity as store
from xats_tui.backend.store import agents as agents_store
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.system.tmux import Tmux
from xats_tui.core.errors import PaneGone, Refusal, TmuxError
from xats_tui.core.model.activity import Activity, Actor, LoggedEvent
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.wakes import DeliveryResult, Gate, Wake

MAX_POKE_BYTES = 8192
"""Maximum length of a poke (the reference's limit)."""


class Operator:
    """The operator's verbs."""

    def __init__(self, database: Database, waker: Waker, tmux: Tmux) -> None:
        self._database = database
        self._waker = waker
        self._tmux = tmux

    async def poke(self, actor: Actor, agent_id: str, text: str) -> DeliveryResult:
        """Put one line before an agent in its pane; the result has the stage that it reached.

        Raises:
            Refusal: `unknown_agent`; `invalid_text` for more than one line or unprintable text; `prompt_too_long`.
        """
        size = len(text.encode())
        if size > MAX_POKE_BYTES:
            raise Refusal("prompt_too_long", detail={"max": MAX_POKE_BYTES, "got": size})
        if not text.strip() or not text.isprintable():
            raise Refusal("invalid_text", detail="a poke is one line of printable text")
        agent = await self._agent(agent_id)
        result = await self._waker.poke(agent, text)
        await self._note(actor, "poke", f"{result.step}: {result.detail}", agent_id=agent_id)
        return result

    async def replay(self, actor: Actor, wakes: Sequence[tuple[str, str]]) -> int:
        """Try wakes again from the start, each through every gate; return how many could be replayed.

        Args:
            actor: the person, for the activity log.
            wakes: message id and agent id of each.
        """
        replayed = 0
        async with self._database.write() as tx:
            for message_id, agent_id in wakes:
                if await self._waker.replay(tx, message_id, agent_id):
                    replayed += 1
                    await store.note(tx, actor.name, "replay", "tried again", agent_id=agent_id, message_id=message_id)
        self._waker.look_now()
        return replayed

    async def cancel(self, actor: Actor, message_id: str, agent_id: str) -> None:
        """End a wake.

        Raises:
            Refusal: `wake_is_over`.
        """
        async with self._database.write() as tx:
            if not await self._waker.cancel(tx, message_id, agent_id):
                raise Refusal("wake_is_over", detail="there is nothing left to cancel")
            await store.note(tx, actor.name, "cancel", "cancelled", agent_id=agent_id, message_id=message_id)

    async def force(self, actor: Actor, message_id: str, agent_id: str) -> Wake:
        """Try a wake now, whatever stands in the input line; never in another program's pane, never in a shell.

        The outcome is in the wake.

        Raises:
            Refusal: `already_read`.
        """
        async with self._database.write() as tx:
            if not await self._waker.replay(tx, message_id, agent_id):
                raise Refusal("already_read", detail="the message has been read")
            await store.note(tx, actor.name, "force", "forced", agent_id=agent_id, message_id=message_id)
        await self._waker.force(agent_id)
        return next(wake for wake in await self._waker.statuses(message_id) if wake.agent_id == agent_id)

    async def dry_run(self, agent_id: str, message_id: str | None = None) -> tuple[Gate, ...]:
        """Return every gate's verdict for an agent, or for one wake of it; change nothing.

        Raises:
            Refusal: `unknown_agent`.
        """
        return await self._waker.verdicts(await self._agent(agent_id), message_id)

    async def rest_agent(self, actor: Actor, agent_id: str, until: datetime | None = None) -> None:
        """Turn on do-not-disturb for an agent; its messages are stored, its wakes wait."""
        await self._rest(actor, store.agent_subject(agent_id), until, agent_id)

    async def rest_team(self, actor: Actor, team: str, until: datetime | None = None) -> None:
        """Turn on do-not-disturb for a team."""
        await self._rest(actor, store.team_subject(team), until, None)

    async def disturb_agent(self, actor: Actor, agent_id: str) -> None:
        """Turn off do-not-disturb for an agent."""
        await self._lift(actor, store.agent_subject(agent_id), agent_id)

    async def disturb_team(self, actor: Actor, team: str) -> None:
        """Turn off do-not-disturb for a team."""
        await self._lift(actor, store.team_subject(team), None)

    async def go_to(self, actor: Actor, agent_id: str) -> None:
        """Switch the operator's tmux client to an agent's pane.

        Args:
            actor: the operator, with the pane that the dashboard is drawn in.
            agent_id: the agent.

        Raises:
            Refusal: `unknown_agent`, `no_pane`, `pane_gone`; `not_in_tmux`, `other_server` and `no_client` with the
                `command` that leads there by hand; `tmux_failed`.
        """
        agent = await self._agent(agent_id)
        if agent.binding is None:
            raise Refusal("no_pane")
        pane = agent.binding.pane
        if actor.seat is None:
            raise Refusal("not_in_tmux", command=pane.way(None))
        if actor.seat.socket != pane.socket:
            raise Refusal("other_server", command=pane.way(actor.seat.socket))
        try:
            if not await self._tmux.bring(actor.seat, pane):
                raise Refusal("no_client", command=pane.way(None))
        except PaneGone as error:
            raise Refusal("pane_gone") from error
        except TmuxError as error:
            raise Refusal("tmux_failed", detail=str(error)) from error

    async def activity(self, limit: int = 300) -> tuple[Activity, ...]:
        """Return the actions of the operator, newest first."""
        return await store.newest(self._database, limit)

    async def events(self, limit: int = 300) -> tuple[LoggedEvent, ...]:
        """Return the actions of agents, newest first."""
        return await store.newest_events(self._database, limit)

    async def _rest(self, actor: Actor, subject: str, until: datetime | None, agent_id: str | None) -> None:
        async with self._database.write() as tx:
            await store.let_rest(tx, subject, until)
            end = f"{until.astimezone():%Y-%m-%d %H:%M}" if until else "it is turned off"
            detail = f"{subject} until {end}"
            await store.note(tx, actor.name, "do not disturb", detail, agent_id=agent_id)
            await self._waker.release(tx)  # wakes that wait for the end of an earlier, longer rest
        self._waker.look_now()

    async def _lift(self, actor: Actor, subject: str, agent_id: str | None) -> None:
        async with self._database.write() as tx:
            if await store.lift_rest(tx, subject):
                await store.note(tx, actor.name, "do not disturb", f"{subject} off", agent_id=agent_id)
                await self._waker.release(tx)
        self._waker.look_now()

    async def _note(self, actor: Actor, verb: str, detail: str, *, agent_id: str) -> None:
        async with self._database.write() as tx:
            await store.note(tx, actor.name, verb, detail, agent_id=agent_id)

    async def _agent(self, agent_id: str) -> Agent:
        agent = await agents_store.by_id(self._database, agent_id)
        if agent is None:
            raise Refusal("unknown_agent")
        return agent
