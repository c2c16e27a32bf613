"""Transport to opencode and its kin with nothing typed: a prompt to the client's own HTTP server.

Such a client has a server if it was started with `--port`.  The server tells which sessions are at work and what a
person is asked for; a draft in the composer stays.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xats_tui.backend.client_states import ClientStates, StateWatch
from xats_tui.backend.transports.opencode_access import AgentEnded, ForeignServer, OpencodeAccess
from xats_tui.backend.transports.opencode_api import (
    NoServerAnswer,
    ServerAccess,
    Unanswered,
    asked,
    connected,
    listed,
    strange,
)
from xats_tui.backend.transports.opencode_reading import IDLE, OpencodeSessionTree, SessionReading, read_server
from xats_tui.clients.registry import CLIENTS
from xats_tui.core.clock import Clock
from xats_tui.core.model.agents import Agent, DeliveryKind
from xats_tui.core.model.wakes import UNCONFIRMED, DeliveryResult, Gate, Observation, Reachability, WakeStage

if TYPE_CHECKING:
    import httpx2

NO_SERVER = (
    "it has no server, or has begun no turn yet: start it with `{password}{program} --port 0`, "
    "or with `xats-tui launch {client} --name NAME`"
)


class OpencodeServer:
    """Transport that prompts sessions of opencode and its kin."""

    name = "opencode-server"
    types = False

    def __init__(self, access: OpencodeAccess, states: ClientStates, clock: Clock) -> None:
        self._access = access
        self._states = states
        self._clock = clock
        self._tree = OpencodeSessionTree()
        self._writers: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def serves(self, agent: Agent) -> bool:
        """Return whether the agent's server is known."""
        return agent.delivery.kind is DeliveryKind.OPENCODE_SERVER

    def missing(self, agent: Agent) -> str:
        """Return what would give the agent's program a server that is known here."""
        spec = CLIENTS.get(agent.client or "")
        if spec is None or spec.server is None:
            return ""
        password = f"{spec.server.password}=… " if spec.server.needs_password else ""
        return NO_SERVER.format(password=password, program=spec.program, client=spec.id)

    async def readiness(self, agent: Agent, *, urgent: bool = False) -> Observation:
        """Observe the session's state."""
        try:
            async with connected(await self._access.to_server_of(agent)) as server:
                return _observation(await self._reading(server, agent))
        except AgentEnded as error:
            return Observation(reach=Reachability.AGENT_GONE, detail=str(error))
        except ForeignServer as error:
            return Observation(reach=Reachability.UNUSABLE, detail=str(error))
        except NoServerAnswer as error:
            return Observation(reach=Reachability.BROKEN, detail=str(error))

    def watch(self, agent: Agent) -> StateWatch:
        """Watch the session's state, as the server's events tell it."""
        return StateWatch(agent.agent_id, self._states, self._clock)

    async def deliver(self, agent: Agent, hint: str, *, forced: bool = False, urgent: bool = False) -> DeliveryResult:
        """Prompt the idle session with the hint; `forced` has no effect here."""
        async with self._writers[agent.delivery.address["base_url"]]:
            try:
                access = await self._access.to_server_of(agent)
                async with connected(access) as server:
                    reading = await self._reading(server, agent)
                    observation = _observation(reading)
                    if not all(gate.holds for gate in observation.gates):
                        return _result(WakeStage.ATTEMPTED, observation.detail)
                    return await _prompted(server, reading.session, hint)
            except (AgentEnded, ForeignServer, NoServerAnswer) as error:
                return _result(WakeStage.ATTEMPTED, str(error), failed=True)

    async def _reading(self, server: httpx2.AsyncClient, agent: Agent) -> SessionReading:
        session = await _session(server, agent)
        return await (await read_server(server)).of(server, self._tree, session)


async def begin_session(access: ServerAccess) -> str:
    """Begin a session in a server that has just been started, show it on its screen, and return its id.

    Raises:
        NoServerAnswer: there is none.
    """
    async with connected(access) as server:
        session = _id_of(server, await asked(server, "POST", "/session", {}))
        await asked(server, "POST", "/tui/select-session", {"sessionID": session})
        return session


async def _prompted(server: httpx2.AsyncClient, session: str, hint: str) -> DeliveryResult:
    prompt = {"parts": [{"type": "text", "text": hint}]}
    try:
        await asked(server, "POST", f"/session/{session}/prompt_async", prompt)
    except Unanswered as error:  # the prompt may be taken all the same: no failure, and no repetition at once
        return _result(WakeStage.ATTEMPTED, f"{UNCONFIRMED}{error}", uncertain=True)
    return _result(WakeStage.SUBMITTED, f"session {session} took the prompt")


async def _session(server: httpx2.AsyncClient, agent: Agent) -> str:
    """Return the agent's session: the one it named, else the one that was used last."""
    if named := agent.delivery.address.get("session_id"):
        return named
    sessions = [one for one in await listed(server, "/session") if not one.get("parentID")]
    if not sessions:
        raise NoServerAnswer("its server has no session yet: one begins with the first prompt")
    return _id_of(server, max(sessions, key=_used_at))


def _id_of(server: httpx2.AsyncClient, session: Any) -> str:
    """Return the id in the server's description of a session."""
    named = session.get("id") if isinstance(session, dict) else None
    if not isinstance(named, str):
        raise strange(server, "/session")
    return named


def _used_at(session: Mapping[str, Any]) -> float:
    time = session.get("time")
    updated = time.get("updated") if isinstance(time, dict) else None
    return updated if isinstance(updated, int | float) else 0


def _observation(reading: SessionReading) -> Observation:
    gates = (
        Gate(name="dialog", holds=not reading.asks, detail=reading.asks or "none"),
        Gate(name="state", holds=reading.state == IDLE, detail=f"session {reading.state}"),
    )
    return Observation(
        reach=Reachability.OPEN,
        detail=reading.detail,
        gates=gates,
        seen=reading.detail,
        at_rest=not reading.asks and reading.state == IDLE,
    )


def _result(step: WakeStage, detail: str, *, failed: bool = False, uncertain: bool = False) -> DeliveryResult:
    return DeliveryResult(
        step=step,
        detail=detail,
        seen_before="",
        seen_after=detail,
        typed=False,
        failed=failed,
        uncertain=uncertain,
    )
