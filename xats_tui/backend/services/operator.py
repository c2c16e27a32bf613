"""The Operator: what the person at the dashboard may do about wakes, each act written down with its reason.

The gates hold for the operator, too; `force` overrules those that a person can answer for, and no others.
"""

from collections.abc import Sequence
from datetime import datetime

from xats_tui.backend.errors import Refusal
from xats_tui.backend.model import OPERATOR_NAME, Activity, Agent, Gate, Proof
from xats_tui.backend.services.wakes import Waker
from xats_tui.backend.store import activity as store
from xats_tui.backend.store import agents as agents_store
from xats_tui.backend.store.database import Database

POKE_LIMIT = 8192
"""Bytes of a line that is put before an agent by hand (the reference's limit)."""


class Operator:
    """The operator's verbs."""

    def __init__(self, database: Database, waker: Waker) -> None:
        self._database = database
        self._waker = waker

    async def poke(self, agent_id: str, text: str) -> Proof:
        """Put one line before an agent in its pane; the proof says how far it got.

        Raises:
            Refusal: `unknown_agent`; `invalid_text` for more than one line or what does not print; `prompt_too_long`.
        """
        size = len(text.encode())
        if size > POKE_LIMIT:
            raise Refusal("prompt_too_long", detail={"max": POKE_LIMIT, "got": size})
        if not text.strip() or not text.isprintable():
            raise Refusal("invalid_text", detail="a poke is one line of printable text")
        agent = await self._agent(agent_id)
        proof = await self._waker.poke(agent, text)
        await self._note("poke", f"{proof.step}: {proof.detail}", agent_id=agent_id)
        return proof

    async def replay(self, wakes: Sequence[tuple[str, str]]) -> int:
        """Try wakes again from the start, each through every gate; how many there were to replay.

        Args:
            wakes: message id and agent id of each.
        """
        replayed = 0
        async with self._database.write() as tx:
            for message_id, agent_id in wakes:
                if await self._waker.replay(tx, message_id, agent_id):
                    replayed += 1
                    await store.note(
                        tx, OPERATOR_NAME, "replay", "tried again", agent_id=agent_id, message_id=message_id
                    )
        self._waker.look_now()
        return replayed

    async def cancel(self, message_id: str, agent_id: str) -> None:
        """End a wake.

        Raises:
            Refusal: `wake_is_over`.
        """
        async with self._database.write() as tx:
            if not await self._waker.cancel(tx, message_id, agent_id):
                raise Refusal("wake_is_over", detail="there is nothing left to cancel")
            await store.note(tx, OPERATOR_NAME, "cancel", "cancelled", agent_id=agent_id, message_id=message_id)

    async def force(self, message_id: str, agent_id: str) -> None:
        """Try a wake now whatever stands in the input line; never in a pane that is not the agent's, never in a shell.

        Raises:
            Refusal: `already_read`.
        """
        async with self._database.write() as tx:
            if not await self._waker.replay(tx, message_id, agent_id):
                raise Refusal("already_read", detail="the message has been read")
            await store.note(tx, OPERATOR_NAME, "force", "forced", agent_id=agent_id, message_id=message_id)
        await self._waker.force(agent_id)

    async def dry_run(self, agent_id: str) -> tuple[Gate, ...]:
        """Every gate's verdict for an agent now; changes nothing.

        Raises:
            Refusal: `unknown_agent`.
        """
        return await self._waker.verdicts(await self._agent(agent_id))

    async def rest_agent(self, agent_id: str, until: datetime | None = None) -> None:
        """Do not wake an agent until then, or until that is lifted; its mail is stored and its wakes wait."""
        await self._rest(store.agent_subject(agent_id), until, agent_id)

    async def rest_team(self, team: str, until: datetime | None = None) -> None:
        """Do not wake anybody in a team until then, or until that is lifted."""
        await self._rest(store.team_subject(team), until, None)

    async def disturb_agent(self, agent_id: str) -> None:
        """Wake an agent again."""
        await self._lift(store.agent_subject(agent_id), agent_id)

    async def disturb_team(self, team: str) -> None:
        """Wake a team again."""
        await self._lift(store.team_subject(team), None)

    async def activity(self, limit: int = 300) -> tuple[Activity, ...]:
        """What was done by hand, the newest first."""
        return await store.newest(self._database, limit)

    async def _rest(self, subject: str, until: datetime | None, agent_id: str | None) -> None:
        async with self._database.write() as tx:
            await store.let_rest(tx, subject, until)
            detail = f"{subject} until {until:%Y-%m-%d %H:%M} UTC" if until else f"{subject} until lifted"
            await store.note(tx, OPERATOR_NAME, "do not disturb", detail, agent_id=agent_id)

    async def _lift(self, subject: str, agent_id: str | None) -> None:
        async with self._database.write() as tx:
            if await store.lift_rest(tx, subject):
                await store.note(tx, OPERATOR_NAME, "disturb", subject, agent_id=agent_id)
                await self._waker.release(tx)
        self._waker.look_now()

    async def _note(self, verb: str, detail: str, *, agent_id: str) -> None:
        async with self._database.write() as tx:
            await store.note(tx, OPERATOR_NAME, verb, detail, agent_id=agent_id)

    async def _agent(self, agent_id: str) -> Agent:
        agent = await agents_store.by_id(self._database, agent_id)
        if agent is None:
            raise Refusal("unknown_agent")
        return agent
