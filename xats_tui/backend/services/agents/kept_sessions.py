"""Sessions that survive a restart of the coordinator: a client that returns with its session id keeps its identity.

Messages that were handed out without a confirmation are not kept with a session: they stay unread and are sent again.
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
"""Time between two records of which sessions are alive: only their expiry after hours depends on it."""


class KeptSessions:
    """The sessions that clients may come back to."""

    def __init__(self, database: Database, sessions: McpSessions, channels: Channels, clock: Clock) -> None:
        self._database = database
        self._sessions = sessions
        self._channels = channels
        self._clock = clock
        self._noted: dict[str, datetime] = {}
        """The last recorded time of life for each session."""

    async def keep(self, session: McpSession, opening: Mapping[str, Any]) -> None:
        """Store a new session; if that fails, the session lasts until the next restart."""
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
        """Record that a session speaks as this agent from now on, and that other runtimes' sessions no longer do.

        Call it in the transaction of the registration, before the session itself changes.
        """
        proofs = session.proofs_as(agent_id, evidence)
        await store.identify(tx, session.session_id, agent_id, proofs, process, session.credential)
        if agent_id is not None:
            others = await store.others_of(tx, agent_id, session.session_id)
            await store.supersede(tx, [one.session_id for one in others if one.evidence.isdisjoint(proofs)])

    async def forget(self, session_id: str) -> None:
        """Delete an ended session, so that its client cannot come back to it."""
        self._noted.pop(session_id, None)
        try:
            async with self._database.write() as tx:
                await store.remove(tx, session_id)
        except StoreError as error:
            logger.warning("an ended session could not be deleted: %s", error)

    async def opening_of(self, session_id: str, idle: timedelta) -> dict[str, Any] | None:
        """Return the opening of a session that may be reopened; None if there is none, or it was idle for too long."""
        kept = await store.by_id(self._database, session_id)
        return kept.opening if kept and self._clock.now() - kept.last_call_at <= idle else None

    async def give_back(self, session: McpSession) -> None:
        """Restore a reopened session's identity; a superseded session stays superseded and is notified."""
        async with self._database.write() as tx:  # a transaction, so that no registration takes the name over meanwhile
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
        """Record from time to time which sessions are alive, without end."""
        while True:
            await self._clock.sleep(SAVE_INTERVAL_S)
            await self.note_alive()

    async def note_alive(self) -> None:
        """Record when the clients of the open sessions were last seen, where that has changed."""
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
        """Let the session of a channel proxy carry its channel again."""
        proxy = await self._channels.proxy(session.agent_id) if session.agent_id else None
        csid = proxy.delivery.address.get("channel_session_id") if proxy else None
        if csid is not None:
            with suppress(Refusal):  # another session carries it by now
                self._channels.attach(session, csid)


def _essence(opening: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of `initialize` without the parts that a client can make arbitrarily long."""
    client = opening["clientInfo"]
    return {
        "protocolVersion": opening["protocolVersion"],
        "capabilities": opening["capabilities"],
        "clientInfo": {"name": client["name"], "version": client["version"]},
    }
