"""The transport to Codex with nothing typed: a turn is started on the agent's own thread through its app-server.

A stock Codex TUI runs its threads on a local app-server whose control socket speaks JSON-RPC over a WebSocket; there
the thread itself says whether it is idle, at work or waiting for an approval, and a draft in the composer stays.
"""

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from xats_tui import __version__
from xats_tui.backend.errors import XatsError
from xats_tui.backend.model.agents import Agent, DeliveryKind
from xats_tui.backend.model.wakes import Gate, Proof, Reach, Sighting, WakeStep
from xats_tui.backend.processes import Processes
from xats_tui.backend.transports.json_rpc import (
    UNIX,
    JsonRpc,
    NoReply,
    RequestRefused,
    ServerUnreachable,
    connected,
)
from xats_tui.programs import program_names

CONTROL_SOCKET = Path("app-server-control/app-server-control.sock")
"""Of a stock Codex, below `$CODEX_HOME`."""

PROGRAM = "codex"
TUI = "codex-tui"
"""What a thread that was begun in the terminal says of its origin."""

UNWATCHED = "no Codex screen is open: its thread would go on unwatched"

TOKEN_NAMES = ("CODEX_", "XATS_")
"""What the name of an environment variable must begin with to be sent as a token: no other secret may leave."""

NO_TURN_YET = "no rollout found"
"""What Codex says when it is to resume a loaded thread that has had no turn: only `thread/read` knows it then."""

IDLE, NOT_LOADED = "idle", "notLoaded"
UNTOLD = "of unknown state"


class MissingToken(XatsError):
    """The agent's delivery names a token that this process does not have, or may not send."""


class TokenForbidden(MissingToken):
    """The variable that is named is set, but is none of those that may be sent."""


class CodexAppServer:
    """Starts turns on Codex threads."""

    name = "codex-appserver"
    types = False

    def __init__(self, processes: Processes, environment: Mapping[str, str] = os.environ) -> None:
        self._processes = processes
        self._environment = environment
        self._writers: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def serves(self, agent: Agent) -> bool:
        """Whether the agent's thread is known."""
        return agent.delivery.kind is DeliveryKind.CODEX_APPSERVER

    async def sight(self, agent: Agent) -> Sighting:
        """Ask the thread what it is doing."""
        try:
            async with self._connection(agent) as server:
                thread = await _thread(server, agent)
            if thread.get("originator") == TUI and not await self._screen_is_open():
                return Sighting(reach=Reach.AGENT_GONE, detail=UNWATCHED)
            return _judged(thread)
        except (ServerUnreachable, NoReply, RequestRefused, MissingToken) as error:
            return Sighting(reach=Reach.BROKEN, detail=str(error))

    async def deliver(self, agent: Agent, hint: str, *, forced: bool = False) -> Proof:
        """Start a turn with the hint on the idle thread; `forced` changes nothing here."""
        thread_id = agent.delivery.address["thread_id"]
        seen = ""
        async with self._writers[thread_id]:
            try:
                async with self._connection(agent) as server:
                    sighting = _judged(await _thread(server, agent))
                    seen = sighting.seen
                    if not all(gate.holds for gate in sighting.gates):
                        return _proof(WakeStep.ATTEMPTED, sighting.detail, seen)
                    turn = await _start_turn(server, thread_id, hint)
                    return _proof(WakeStep.SUBMITTED, f"turn {turn} started", seen)
            except NoReply as error:  # it may run all the same: neither failed nor to be repeated some other way
                return _proof(WakeStep.ATTEMPTED, f"unconfirmed: {error}", seen)
            except (ServerUnreachable, RequestRefused, MissingToken) as error:
                return _proof(WakeStep.ATTEMPTED, str(error), seen, failed=True)

    async def _screen_is_open(self) -> bool:
        """Whether any Codex runs in a terminal: its app-server keeps threads loaded that nobody looks at."""
        return any(PROGRAM in program_names(process.command) for process in await self._processes.all())

    @asynccontextmanager
    async def _connection(self, agent: Agent) -> AsyncIterator[JsonRpc]:
        address = agent.delivery.address
        token = token_named(address.get("auth_token_ref"), self._environment)
        async with connected(address["ws_url"], token) as server:
            await shake_hands(server)
            yield server


def token_named(name: str | None, environment: Mapping[str, str]) -> str | None:
    """The token in an environment variable; None if none is named.

    Raises:
        MissingToken: there is none in it.
        TokenForbidden: there is, but no token is to be in a variable of that name.
    """
    if name is None:
        return None
    token = environment.get(name, "").strip()
    if not token:
        raise MissingToken(f"{name} is not set in the coordinator's environment")
    if not name.startswith(TOKEN_NAMES):
        raise TokenForbidden(f"{name} may not be sent: a token's variable begins with {' or '.join(TOKEN_NAMES)}")
    return token


async def shake_hands(server: JsonRpc) -> None:
    """Begin to speak with an app-server.

    Raises:
        RequestRefused, NoReply, ConnectionLost.
    """
    client = {"name": "xats-tui", "title": None, "version": __version__}
    capabilities = {"experimentalApi": True, "optOutNotificationMethods": None}
    await server.request("initialize", {"clientInfo": client, "capabilities": capabilities})
    await server.notify("initialized")


async def resume(server: JsonRpc, thread_id: str) -> Mapping[str, Any]:
    """Have the server load a thread, and what it says of it; empty if it says nothing.

    Raises:
        RequestRefused, NoReply, ConnectionLost.
    """
    wanted = {"threadId": thread_id, "persistExtendedHistory": False, "excludeTurns": True}
    try:
        return _thread_in(await server.request("thread/resume", wanted))
    except RequestRefused as refused:
        if NO_TURN_YET not in str(refused):
            raise
        try:
            return await _read(server, thread_id)
        except RequestRefused:
            raise refused from None


async def is_loaded(server: JsonRpc, thread_id: str) -> bool:
    """Whether a thread lives in that server; nothing is loaded by asking.

    Raises:
        NoReply, ConnectionLost.
    """
    try:
        return bool(_status(await _read(server, thread_id)).get("type") != NOT_LOADED)
    except RequestRefused:
        return False


def control_url(environment: Mapping[str, str] = os.environ) -> str | None:
    """The URL of a stock Codex's control socket; None if there is no such socket."""
    codex_home = environment.get("CODEX_HOME")
    socket = (Path(codex_home) if codex_home else Path.home() / ".codex") / CONTROL_SOCKET
    return f"{UNIX}{socket}" if socket.is_socket() else None


async def _thread(server: JsonRpc, agent: Agent) -> Mapping[str, Any]:
    """What the agent's thread is doing.

    A stock Codex has its threads loaded while somebody looks at them, and is only asked; behind a URL of its own a
    server may have been started anew, and loads the thread first.
    """
    address = agent.delivery.address
    if not address["ws_url"].startswith(UNIX):
        return await resume(server, address["thread_id"])
    try:
        return await _read(server, address["thread_id"])
    except RequestRefused:
        return await resume(server, address["thread_id"])


async def _read(server: JsonRpc, thread_id: str) -> Mapping[str, Any]:
    return _thread_in(await server.request("thread/read", {"threadId": thread_id, "includeTurns": False}))


def _thread_in(result: Any) -> Mapping[str, Any]:
    thread = result.get("thread") if isinstance(result, dict) else None
    return thread if isinstance(thread, dict) else {}


def _status(thread: Mapping[str, Any]) -> Mapping[str, Any]:
    status = thread.get("status")
    return status if isinstance(status, dict) else {}


def _judged(thread: Mapping[str, Any]) -> Sighting:
    """What speaks against starting a turn; an old server says nothing of a thread, and queues turns."""
    status = _status(thread)
    kind, flags = status.get("type", UNTOLD), status.get("activeFlags") or []
    approval = "waitingOnApproval" in flags
    said = f"thread {kind}" + (f" ({', '.join(flags)})" if flags else "")
    gates = (
        Gate(name="dialog", holds=not approval, detail="an approval is waited for" if approval else "none"),
        Gate(name="state", holds=kind in (IDLE, UNTOLD), detail=said),
    )
    return Sighting(reach=Reach.OPEN, detail=said, gates=gates, seen=said)


async def _start_turn(server: JsonRpc, thread_id: str, text: str) -> str:
    parts = [{"type": "text", "text": text, "text_elements": []}]
    result: Any = await server.request("turn/start", {"threadId": thread_id, "input": parts})
    turn = result.get("turn") if isinstance(result, dict) else None
    return str(turn.get("id", "")) if isinstance(turn, dict) else ""


def _proof(step: WakeStep, detail: str, seen: str, *, failed: bool = False) -> Proof:
    return Proof(step=step, detail=detail, seen_before=seen, seen_after=detail, failed=failed, typed=False)
