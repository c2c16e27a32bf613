"""Transport to Codex with nothing typed: start a turn on the agent's own thread through its app-server.

A stock Codex TUI runs its threads on a local app-server, whose control socket speaks JSON-RPC over a WebSocket.  There
the thread tells whether it is idle, at work or waiting for an approval, and a draft in the composer stays.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit

from xats_tui.backend.transports.codex_protocol import (
    ACTIVE,
    ASKING,
    IDLE,
    read_thread,
    resume,
    shake_hands,
    thread_status,
)
from xats_tui.backend.transports.codex_turns import POSTS, NotJoined, join_turn, start_turn
from xats_tui.backend.transports.codex_windows import CodexWindows, LoadedThread, is_shown
from xats_tui.backend.transports.json_rpc import (
    UNIX,
    ConnectionLost,
    JsonRpc,
    NoReply,
    RequestRefused,
    ServerUnreachable,
    connected,
)
from xats_tui.backend.transports.tokens import MissingToken, Tokens
from xats_tui.clients.registry import THREAD_CLIENT
from xats_tui.core.clock import Clock
from xats_tui.core.model.agents import Agent, DeliveryKind
from xats_tui.core.model.wakes import UNCONFIRMED, DeliveryResult, Gate, Observation, Reachability, WakeStage
from xats_tui.core.records import replace
from xats_tui.core.transport import IntervalWatch

TERMINAL_ORIGINATORS = frozenset({"codex-tui", "codex_cli_rs", "codex_exec"})
"""Originators of threads that were begun in a terminal."""

WINDOW_SERVER = "codex_tui"
"""MCP server that a Codex window serves to the threads that it opens."""

SHOWN = "a Codex window shows its thread"
UNWATCHED = "no Codex window shows its thread, which would go on unwatched: open it with `codex resume {thread_id}`"
UNSURE = "it is not known whether a Codex window shows its thread: open it with `codex resume {thread_id}`"

NO_THREAD = (
    "its thread is not known: start Codex without -c and --dangerously-… and register again, "
    "or start it with `xats-tui launch codex --app-server --name NAME`"
)

MAX_THREADS = 100
"""Maximum number of loaded threads that are compared with the windows."""

WINDOW = "window"
"""Gate of a thread that a window has to show."""

WATCHED_TIMEOUT_S = 1.5
"""Time for the answer whether a thread is watched: a hook of its client waits for it."""

UNTOLD = "of unknown state"

JOINS = "the hint joins the turn"
"""Detail of the gate of a running turn that may be steered."""


class CodexAppServer:
    """Transport that starts turns on Codex threads."""

    name = "codex-appserver"
    types = False

    def __init__(self, windows: CodexWindows, tokens: Tokens, clock: Clock) -> None:
        self._windows = windows
        self._clock = clock
        self._tokens = tokens
        self._writers: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def serves(self, agent: Agent) -> bool:
        """Return whether the agent's thread is known."""
        return agent.delivery.kind is DeliveryKind.CODEX_APPSERVER

    def missing(self, agent: Agent) -> str:
        """Return what would make the agent's thread known."""
        return NO_THREAD if agent.client == THREAD_CLIENT else ""

    async def readiness(self, agent: Agent, *, urgent: bool = False) -> Observation:
        """Observe the thread's state, and whether a window shows it; with `urgent`, a turn that runs is no obstacle."""
        try:
            async with self._connection(agent) as server:
                return await self._observed(server, agent, urgent=urgent)
        except (ServerUnreachable, NoReply, RequestRefused, MissingToken) as error:
            return Observation(reach=Reachability.BROKEN, detail=str(error))

    async def is_left(self, agent: Agent) -> bool:
        """Return whether the agent's thread lives and no window shows it: its user has moved on to another thread."""
        gates = (await self.readiness(agent)).gates if self.serves(agent) else ()
        return any(gate.name == WINDOW and not gate.holds for gate in gates)

    async def is_watched(self, agent: Agent) -> bool:
        """Return whether a turn of the agent may go on: of one with a thread, whether a window shows it."""
        if not self.serves(agent):
            return True
        try:
            async with asyncio.timeout(WATCHED_TIMEOUT_S):
                observation = await self.readiness(agent, urgent=True)
        except TimeoutError:
            return False
        return observation.reach is Reachability.OPEN and all(gate.holds for gate in observation.gates)

    def watch(self, agent: Agent) -> IntervalWatch:
        """Watch the agent by asking again: nothing tells sooner."""
        return IntervalWatch(self._clock)

    async def deliver(self, agent: Agent, hint: str, *, forced: bool = False, urgent: bool = False) -> DeliveryResult:
        """Start a turn with the hint, with `urgent` also add it to the running one; `forced` has no effect here."""
        thread_id = agent.delivery.address["thread_id"]
        seen = ""
        async with self._writers[thread_id]:
            try:
                async with self._connection(agent) as server:
                    observation = await self._observed(server, agent, urgent=urgent)
                    seen = observation.seen
                    if observation.reach is not Reachability.OPEN or not all(gate.holds for gate in observation.gates):
                        return _result(WakeStage.ATTEMPTED, observation.detail, seen)
                    if not any(gate.detail.endswith(JOINS) for gate in observation.gates):
                        turn = await start_turn(server, thread_id, hint)
                        return _result(WakeStage.SUBMITTED, f"turn {turn} started", seen)
                    try:
                        turn = await join_turn(server, thread_id, hint)
                    except NotJoined as error:
                        return _result(WakeStage.ATTEMPTED, str(error), seen)
                    return _result(WakeStage.SUBMITTED, f"turn {turn} joined", seen)
            except (NoReply, ConnectionLost) as error:
                if isinstance(error, ConnectionLost) and error.method not in POSTS:
                    return _result(WakeStage.ATTEMPTED, str(error), seen, failed=True)
                # the model may get it all the same: no failure, and no second way
                return _result(WakeStage.ATTEMPTED, f"{UNCONFIRMED}{error}", seen, uncertain=True)
            except (ServerUnreachable, RequestRefused, MissingToken) as error:
                return _result(WakeStage.ATTEMPTED, str(error), seen, failed=True)

    async def _observed(self, server: JsonRpc, agent: Agent, *, urgent: bool) -> Observation:
        thread = await _thread(server, agent)
        observation = _judged(thread, urgent=urgent)
        if not _needs_a_window(thread, agent) or not all(gate.holds for gate in observation.gates):
            return observation
        thread_id, url = agent.delivery.address["thread_id"], agent.delivery.address["ws_url"]
        shown = is_shown(thread_id, await self._windows.of(url), await _loaded_threads(server))
        why = SHOWN if shown else (UNSURE if shown is None else UNWATCHED).format(thread_id=thread_id)
        if shown is None and agent.binding is not None:
            return replace(observation, reach=Reachability.NO_PANE, detail=why)  # its own pane tells more
        window = Gate(name=WINDOW, holds=bool(shown), detail=why)
        return replace(observation, detail=observation.detail if shown else why, gates=(*observation.gates, window))

    @asynccontextmanager
    async def _connection(self, agent: Agent) -> AsyncIterator[JsonRpc]:
        address = agent.delivery.address
        token = self._tokens.named(address.get("auth_token_ref"), address["ws_url"])
        async with connected(address["ws_url"], token) as server:
            await shake_hands(server)
            yield server


async def _thread(server: JsonRpc, agent: Agent) -> Mapping[str, Any]:
    """Return the description of the agent's thread."""
    address = agent.delivery.address
    # a stock Codex keeps a thread loaded while somebody looks at it; another server may have been restarted
    ask = read_thread if address["ws_url"].startswith(UNIX) else resume
    return await ask(server, address["thread_id"])


def _needs_a_window(thread: Mapping[str, Any], agent: Agent) -> bool:
    """Return whether the thread was begun in a terminal, for a person; a stock Codex's may not say so."""
    originator = thread.get("originator")
    if originator is None:
        return bool(agent.delivery.address["ws_url"].startswith(UNIX))
    return originator in TERMINAL_ORIGINATORS


async def _loaded_threads(server: JsonRpc) -> list[LoadedThread]:
    """Return the threads that a window can show."""
    listed = await server.request("thread/loaded/list", {"cursor": None, "limit": MAX_THREADS})
    found = []
    for thread_id in listed.get("data") or [] if isinstance(listed, dict) else []:
        try:
            thread = await read_thread(server, thread_id)
        except RequestRefused:
            continue  # it was unloaded meanwhile
        # subagents have a parent; ephemeral threads are Codex's own, as for a title
        if not thread.get("ephemeral") and not thread.get("parentThreadId"):
            folder, port = PurePath(str(thread.get("cwd"))).name, await _window_port(server, thread_id)
            found.append(LoadedThread(thread_id=thread_id, name=thread.get("name"), folder=folder, port=port))
    return found


async def _window_port(server: JsonRpc, thread_id: str) -> int | None:
    """Return the port of the window that opened a thread; None if the server does not tell."""
    wanted = {"threadId": thread_id, "serverName": WINDOW_SERVER, "detail": "toolsAndAuthOnly"}
    try:
        listed = await server.request("mcpServerStatus/list", wanted)
    except RequestRefused:
        return None
    servers = listed.get("data") or [] if isinstance(listed, dict) else []
    origins = (one.get("httpOrigin") for one in servers if one.get("name") == WINDOW_SERVER)
    return next((urlsplit(origin).port for origin in origins if origin), None)


def _judged(thread: Mapping[str, Any], *, urgent: bool) -> Observation:
    """Judge the gates for a hint; an old server reports no state, and queues turns."""
    status = thread_status(thread)
    kind, flags = status.get("type", UNTOLD), status.get("activeFlags") or []
    asks = next((ASKING[flag] for flag in flags if flag in ASKING), None)
    said = f"thread {kind}" + (f" ({', '.join(flags)})" if flags else "")
    joins = urgent and kind == ACTIVE and not flags
    gates = (
        Gate(name="dialog", holds=asks is None, detail=asks or "none"),
        Gate(name="state", holds=kind in (IDLE, UNTOLD) or joins, detail=f"{said}: {JOINS}" if joins else said),
    )
    return Observation(reach=Reachability.OPEN, detail=said, gates=gates, seen=said, at_rest=kind == IDLE)


def _result(
    step: WakeStage, detail: str, seen: str, *, failed: bool = False, uncertain: bool = False
) -> DeliveryResult:
    return DeliveryResult(
        step=step,
        detail=detail,
        seen_before=seen,
        seen_after=detail,
        failed=failed,
        uncertain=uncertain,
        typed=False,
    )
