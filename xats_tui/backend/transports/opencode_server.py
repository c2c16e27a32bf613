"""Transport to opencode with nothing typed: a prompt to its own HTTP server.

opencode has a server if it was started with `--port`.  The server tells which sessions are at work and which
permissions are asked for; a draft in the composer stays.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from xats_tui.clients.registry import CLIENTS
from xats_tui.core.clock import Clock
from xats_tui.core.errors import XatsError
from xats_tui.core.model.agents import Agent, DeliveryKind
from xats_tui.core.model.wakes import UNCONFIRMED, DeliveryResult, Gate, Observation, Reachability, WakeStage
from xats_tui.core.transport import IntervalWatch

TIMEOUT_S = 5.0
"""Time for one request; a server on this machine answers in milliseconds."""

MAX_ANSWER_BYTES = 8_000_000
"""Maximum length of an answer; a list of a thousand sessions takes one million."""

BASE_URL = "base_url"
"""Argument of `register_agent` that names the server."""

NO_SERVER = (
    "it has no server that is known: start it with `xats-tui launch opencode --name NAME`, "
    "or with `opencode --port 4096` and register with base_url http://127.0.0.1:4096"
)

IDLE = "idle"

UNTOLD = "untold"
"""State of a session that the server describes without a state."""


class NoServerAnswer(XatsError):
    """The server cannot be reached, or does not speak its protocol."""


class Unanswered(NoServerAnswer):
    """A request was sent, and no complete answer came: its effect is unknown."""


class OpencodeServer:
    """Transport that prompts opencode sessions."""

    name = "opencode-server"
    types = False

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._writers: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def serves(self, agent: Agent) -> bool:
        """Return whether the agent's server is known."""
        return agent.delivery.kind is DeliveryKind.OPENCODE_SERVER

    def missing(self, agent: Agent) -> str:
        """Return what would give the agent's program a server that is known here."""
        spec = CLIENTS.get(agent.client or "")
        return NO_SERVER if spec is not None and BASE_URL in spec.registration_fields else ""

    async def readiness(self, agent: Agent, *, urgent: bool = False) -> Observation:
        """Observe the session's state."""
        try:
            async with _connection(agent) as server:
                return await _observation(server, await _session(server, agent))
        except NoServerAnswer as error:
            return Observation(reach=Reachability.BROKEN, detail=str(error))

    def watch(self, agent: Agent) -> IntervalWatch:
        """Watch the agent by asking again: nothing tells sooner."""
        return IntervalWatch(self._clock)

    async def deliver(self, agent: Agent, hint: str, *, forced: bool = False, urgent: bool = False) -> DeliveryResult:
        """Prompt the idle session with the hint; `forced` has no effect here."""
        async with self._writers[agent.delivery.address["base_url"]]:
            try:
                async with _connection(agent) as server:
                    session = await _session(server, agent)
                    observation = await _observation(server, session)
                    if not all(gate.holds for gate in observation.gates):
                        return _result(WakeStage.ATTEMPTED, observation.detail)
                    return await _prompted(server, session, hint)
            except NoServerAnswer as error:
                return _result(WakeStage.ATTEMPTED, str(error), failed=True)


async def begin_session(base_url: str) -> str:
    """Begin a session in a server that has just been started, show it on its screen, and return its id.

    Raises:
        NoServerAnswer: there is none.
    """
    async with _connected(base_url) as server:
        session = _id_of(server, await _asked(server, "POST", "/session", {}))
        await _asked(server, "POST", "/tui/select-session", {"sessionID": session})
        return session


@asynccontextmanager
async def _connection(agent: Agent) -> AsyncIterator[httpx2.AsyncClient]:
    async with _connected(agent.delivery.address["base_url"]) as server:
        yield server


@asynccontextmanager
async def _connected(base_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    # on this machine: no proxy of the environment, no certificates, which take long to load
    unpacked = {"Accept-Encoding": "identity"}
    async with httpx2.AsyncClient(
        base_url=base_url, headers=unpacked, timeout=TIMEOUT_S, trust_env=False, verify=False
    ) as server:
        yield server


async def _prompted(server: httpx2.AsyncClient, session: str, hint: str) -> DeliveryResult:
    prompt = {"parts": [{"type": "text", "text": hint}]}
    try:
        await _asked(server, "POST", f"/session/{session}/prompt_async", prompt)
    except Unanswered as error:  # the prompt may be taken all the same: no failure, and no repetition at once
        return _result(WakeStage.ATTEMPTED, f"{UNCONFIRMED}{error}", uncertain=True)
    return _result(WakeStage.SUBMITTED, f"session {session} took the prompt")


async def _session(server: httpx2.AsyncClient, agent: Agent) -> str:
    """Return the agent's session: the one it named, else the one that was used last."""
    if named := agent.delivery.address.get("session_id"):
        return named
    sessions = [one for one in await _listed(server, "/session") if not one.get("parentID")]
    if not sessions:
        raise NoServerAnswer("opencode has no session yet: it begins with the first prompt")
    return _id_of(server, max(sessions, key=_used_at))


def _id_of(server: httpx2.AsyncClient, session: Any) -> str:
    """Return the id in the server's description of a session."""
    named = session.get("id") if isinstance(session, dict) else None
    if not isinstance(named, str):
        raise _strange(server, "/session")
    return named


def _used_at(session: Mapping[str, Any]) -> float:
    time = session.get("time")
    updated = time.get("updated") if isinstance(time, dict) else None
    return updated if isinstance(updated, int | float) else 0


async def _observation(server: httpx2.AsyncClient, session: str) -> Observation:
    statuses = await _asked(server, "GET", "/session/status")
    if not isinstance(statuses, dict):
        raise _strange(server, "/session/status")
    status = statuses.get(session, {"type": IDLE})  # a session that is not listed is idle
    state = status.get("type", UNTOLD) if isinstance(status, dict) else UNTOLD
    asked_for = [one for one in await _listed(server, "/permission") if one.get("sessionID") == session]
    permission = f"asks to use {asked_for[0].get('permission')}" if asked_for else "none"
    gates = (
        Gate(name="dialog", holds=not asked_for, detail=permission),
        Gate(name="state", holds=state == IDLE, detail=f"session {state}"),
    )
    detail = permission if asked_for else f"session {state}"
    return Observation(
        reach=Reachability.OPEN, detail=detail, gates=gates, seen=detail, at_rest=not asked_for and state == IDLE
    )


async def _listed(server: httpx2.AsyncClient, path: str) -> list[dict[str, Any]]:
    answer = await _asked(server, "GET", path)
    if not isinstance(answer, list) or not all(isinstance(one, dict) for one in answer):
        raise _strange(server, path)
    return answer


async def _asked(server: httpx2.AsyncClient, method: str, path: str, body: Any = None) -> Any:
    try:
        async with asyncio.timeout(TIMEOUT_S), server.stream(method, path, json=body) as response:
            content = await _content(server, path, response)
            if not response.is_success:  # a redirect is not followed: it may lead anywhere
                raise NoServerAnswer(f"{_where(server)} answered {method} {path} with status {response.status_code}")
            return json.loads(content) if content else None
    except httpx2.ConnectError as error:
        raise NoServerAnswer(f"{_where(server)}: {error or type(error).__name__}") from error
    except (TimeoutError, httpx2.TimeoutException) as error:
        raise Unanswered(f"{_where(server)} did not answer {path} within {TIMEOUT_S:g} s") from error
    except httpx2.HTTPError as error:
        raise Unanswered(f"{_where(server)}: {error or type(error).__name__}") from error
    except (ValueError, RecursionError) as error:
        raise _strange(server, path) from error


async def _content(server: httpx2.AsyncClient, path: str, response: httpx2.Response) -> bytes:
    """Return the body as it was sent."""
    content = bytearray()
    async for part in response.aiter_raw():  # raw: a compressed body could grow without bound
        content += part
        if len(content) > MAX_ANSWER_BYTES:
            raise _strange(server, path)
    return bytes(content)


def _strange(server: httpx2.AsyncClient, path: str) -> NoServerAnswer:
    return NoServerAnswer(f"{_where(server)} answers {path} with what opencode does not")


def _where(server: httpx2.AsyncClient) -> str:
    return f"opencode at {str(server.base_url).rstrip('/')}"


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
