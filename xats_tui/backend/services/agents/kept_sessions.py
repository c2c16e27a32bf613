"""Sessions that outlive the process: a client that keeps its session id is after a restart who it was before.

It knows what is kept of a session, when, and what it is given back; how it is opened again is for whoever speaks the
protocol.  What was handed out and not confirmed is not kept: that mail is unread, and comes again.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from xats_tui.backend.mcp_sessions import McpSession, McpSessions, Superseded
from xats_tui.backend.services.wakes.channels import Channels
from xats_tui.backend.store import sessions as store
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.store.sql.transactions import Transaction
from xats_tui.core.clock import Clock
from xats_tui.core.errors import Refusal, StoreError
from xats_tui.core.model.agents import SeenProcess

logger = logging.getLogger(__name__)

SAVE_INTERVAL_S = 300.0
"""Seconds between two notes of which sessions are alive: only the hours after which they end depend on it."""


class KeptSessions:
    """All sessions that a client may come back to."""

    def __init__(self, database: Database, sessions: McpSessions, channels: Channels, clock: Clock) -> None:
        self._database = database
        self._sessions = sessions
        self._channels = channels
        self._clock = clock
        self._noted: dict[str, datetime] = {}
        """By session, what was noted last of when it was alive."""

    async def keep(self, session: McpSession, opening: Mapping[str, Any]) -> None:
        """Keep a session that has just been opened; one that cannot be kept is good until the next restart."""
        try:
            async with self._database.write() as tx:
                await store.add(tx, session.session_id, _essence(opening))
        except StoreError as error:
            logger.warning("a session will not survive a restart: %s", error)

    async def identify(
        self,
        tx: Transaction,
        session: McpSession,
        agent_id: str | None,
        evidence: frozenset[str] = frozenset(),
        process: SeenProcess | None = None,
    ) -> None:
        """Keep that a session speaks as this agent from now on, and that those of other runtimes do so no more.

        To be called in the transaction that registers, before the session itself is told.
        """
        proofs = session.proofs_as(agent_id, evidence)
        await store.identify(tx, session.session_id, agent_id, proofs, process, session.credential)
        if agent_id is not None:
            others = await store.others_of(tx, agent_id, session.session_id)
            await store.supersede(tx, [one.session_id for one in others if one.evidence.isdisjoint(proofs)])

    async def forget(self, session_id: str) -> None:
        """A session has ended: its client does not come back to it."""
        self._noted.pop(session_id, None)
        try:
            async with self._database.write() as tx:
                await store.remove(tx, session_id)
        except StoreError as error:
            logger.warning("a session that has ended is still kept: %s", error)

    async def opening_of(self, session_id: str, idle: timedelta) -> dict[str, Any] | None:
        """How a session began that may be opened again; None if there is none, or its client was silent for so long."""
        kept = await store.by_id(self._database, session_id)
        return kept.opening if kept and self._clock.now() - kept.last_call_at <= idle else None

    async def give_back(self, session: McpSession) -> None:
        """Make a session that was opened again who it was; one that was superseded stays so and is told so."""
        async with self._database.write() as tx:  # nobody registers meanwhile and takes the name over
            kept = await store.by_id(tx, session.session_id)
            if kept is None:
                return
            session.opened_at, session.last_call_at = kept.opened_at, kept.last_call_at
            session.credential = kept.credential
            session.evidence, session.identified_at, session.process = kept.evidence, kept.identified_at, kept.peer
            if kept.agent_id and kept.superseded_at:
                session.superseded = Superseded(agent_id=kept.agent_id, at=kept.superseded_at)
            else:
                session.agent_id = kept.agent_id
            self._sessions.resume(session)
        await self._carry_again(session)

    async def run(self) -> None:
        """Note now and then which sessions are alive, for ever."""
        while True:
            await self._clock.sleep(SAVE_INTERVAL_S)
            await self.note_alive()

    async def note_alive(self) -> None:
        """Note when the clients of the open sessions were last known to be there, where that has changed."""
        now = self._clock.now()
        alive = {
            session.session_id: now if self._sessions.has_stream(session) else session.last_call_at or session.opened_at
            for session in self._sessions.open_ones()
        }
        news = [(session_id, at) for session_id, at in alive.items() if self._noted.get(session_id) != at]
        if news:
            async with self._database.write() as tx:
                await store.note_alive(tx, news)
        self._noted = alive

    async def _carry_again(self, session: McpSession) -> None:
        """Have the session of a channel proxy carry its channel again."""
        proxy = await self._channels.proxy(session.agent_id) if session.agent_id else None
        csid = proxy.delivery.address.get("channel_session_id") if proxy else None
        if csid is not None:
            with suppress(Refusal):  # another session carries it meanwhile
                self._channels.attach(session, csid)


def _essence(opening: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of `initialize` without what a client may say of itself at any length."""
    client = opening["clientInfo"]
    return {
        "protocolVersion": opening["protocolVersion"],
        "capabilities": opening["capabilities"],
        "clientInfo": {"name": client["name"], "version": client["version"]},
    }
