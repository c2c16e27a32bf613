"""The channel proxy: an MCP server without tools that carries wakes from the coordinator to a Claude Code.

To the coordinator it is a client that registers as a proxy and subscribes to its channel; agents in the same Claude
Code are led there by that program's pid.  It does not know them.
"""

import asyncio
import json
import logging
import os
import uuid
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from xats_tui import __version__
from xats_tui.mcp_bridge.host.initialize import (
    CHANNEL_CAPABILITY,
    CHANNEL_NOTIFICATION,
    CHANNEL_WAKE,
    INVALID_PARAMS,
    agreed_protocol,
    for_the_host,
)
from xats_tui.mcp_bridge.host.messages import Notification, Request
from xats_tui.mcp_bridge.host.pipes import Pipes
from xats_tui.mcp_bridge.host.stdio import Host, until_told
from xats_tui.mcp_bridge.session import (
    METHOD_NOT_FOUND,
    CoordinatorSession,
    Interrupted,
    NotReached,
    RpcError,
    TokenRefused,
)

logger = logging.getLogger(__name__)

SERVER_NAME = "cross-agent-teams-channel"
CLIENT_NAME = "cross-agent-teams-proxy"
"""The names by which Claude Code's settings and the coordinator know such a proxy."""

PROXY_ROLE = "__channel_proxy__"

REFUSED_PAUSES = (1.0, 10.0, 60.0, 600.0)
"""Seconds before the next try after the coordinator said no, the last one for ever: somebody has to change it."""
LOST_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.0)
"""Seconds before the next try when there is no connection, the last one for ever: it is being started again."""

HINT_META = {"source": "cross_agent_teams_mcp", "kind": "startup_bind_hint"}

Find = Callable[[], str | None]
"""Where the coordinator's endpoint is now; None while none is known."""

Sleep = Callable[[float], Awaitable[None]]


class ProxyRefused(Exception):
    """The coordinator does not want this proxy; the text is its answer."""


class ChannelProxy:
    """One host, one channel, and the sessions that carry it one after the other."""

    def __init__(
        self,
        host: Host,
        find: Find,
        token: str | None,
        sleep: Sleep = asyncio.sleep,
        *,
        key_path: Path | None = None,
    ) -> None:
        self._host = host
        self._find = find
        self._token = token
        self._key_path = key_path
        self._sleep = sleep
        self._csid = str(uuid.uuid4())
        self._initialized = False
        self._carried = False
        """The coordinator knows the channel."""
        self._held_back: list[Mapping[str, Any]] = []
        """Wakes that came before the host was ready."""

    async def serve(self) -> None:
        """Serve the host until it closes stdin."""
        carrying = asyncio.create_task(self._carry())
        try:
            async for message in self._host.messages():
                self._receive(message)
        finally:
            carrying.cancel()
            await asyncio.gather(carrying, return_exceptions=True)

    def _receive(self, message: Request | Notification) -> None:
        match message:
            case Request(method="initialize"):
                self._reply(message, **_greeting(message.params or {}))
            case Request(method="ping"):
                self._reply(message, result={})
            case Request():
                error = {"code": METHOD_NOT_FOUND, "message": f"Method not found: {message.method}"}
                self._reply(message, error=error)
            case Notification(method="notifications/initialized"):
                self._initialized = True
                self._announce()
            case _:
                logger.debug("not for us: %s", message.method)

    def _reply(self, request: Request, **outcome: Mapping[str, Any]) -> None:
        self._host.say({"jsonrpc": "2.0", "id": request.id, **outcome})

    def _announce(self) -> None:
        """Tell the host of its channel, and what came in on it so far, once both sides are ready."""
        if self._initialized and self._carried:
            self._host.say(_notification({"content": startup_hint(self._csid), "meta": HINT_META}))
            waiting, self._held_back = self._held_back, []
            for wake in waiting:
                self._host.say(wake)

    def _hear(self, notification: Mapping[str, Any]) -> None:
        if notification["method"] != CHANNEL_WAKE:
            return
        if self._initialized:
            self._host.say(for_the_host(notification))
        else:
            self._held_back.append(for_the_host(notification))

    async def _carry(self) -> None:
        """Have the coordinator know the channel, again and again, for ever."""
        lost = refused = 0
        while True:
            try:
                if await self._carry_once():
                    lost = refused = 0
                if not lost:
                    logger.info("there is no connection to the coordinator; it is tried again and again")
                pause, lost = _pause(LOST_PAUSES, lost), lost + 1
            except (ProxyRefused, TokenRefused, RpcError) as error:
                pause, refused = _pause(REFUSED_PAUSES, refused), refused + 1
                logger.warning("the coordinator refuses the channel, next try in %g s: %s", pause, error)
            await self._sleep(pause)

    async def _carry_once(self) -> bool:
        """Be connected until the connection is lost; False if there was none.

        Raises:
            Refused, TokenRefused, RpcError: the coordinator says no.
        """
        url = self._find()
        if url is None:
            return False
        session = CoordinatorSession(url, self._token, self._hear, name=CLIENT_NAME, key_path=self._key_path)
        try:
            await session.open()
            listening = asyncio.create_task(session.until_lost())
            try:
                await self._introduce(session)
                self._carried = True
                self._announce()
                await listening
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
        except TokenRefused:
            raise
        except (NotReached, Interrupted) as error:
            logger.debug("no session: %s", error)
        finally:
            was_carried, self._carried = self._carried, False
            await asyncio.shield(session.close())
        return was_carried

    async def _introduce(self, session: CoordinatorSession) -> None:
        await _called(session, "register_agent", "agent_id", registration(self._csid))
        await _called(session, "subscribe_channel_wake", "ok", {"channel_session_id": self._csid})
        logger.info("the coordinator knows channel %s", self._csid)


def registration(csid: str) -> dict[str, Any]:
    """The arguments with which this process registers as the proxy of its parent."""
    return {
        "client": "custom",
        "client_name": SERVER_NAME,
        "model": "proxy",
        "role": PROXY_ROLE,
        "name": f"channel-proxy-{os.getpid()}",
        "team": "default",
        "claude_ui_pid": os.getppid(),
        "delivery": {"kind": "claude-channel", "channel_session_id": csid},
    }


def startup_hint(csid: str) -> str:
    """What the agent is told as soon as its channel works."""
    return (
        "The cross-agent-teams service (xats-tui, xats for short) can wake you here: this is channel_session_id "
        f"{csid}. To register, call register_claude_self with your name and ui_pid = $PPID of a shell tool call, "
        "without channel_session_id: the coordinator finds this channel by ui_pid. register_agent with client "
        "claude-code and a model does the same. If you are registered already, bind_channel with this "
        "channel_session_id leads your wakes here. Do not register through curl or another HTTP client: that is "
        "another session, and your tools here would answer unknown_agent."
    )


def run(find: Find, token: str | None, key_path: Path) -> int:
    """Be the proxy of the host that started this process, until it closes stdin or ends us; the exit code."""
    host = Host(Pipes())
    try:
        asyncio.run(until_told(ChannelProxy(host, find, token, key_path=key_path).serve()))
    finally:
        host.close()
    return 0


async def _called(session: CoordinatorSession, tool: str, expected: str, arguments: Mapping[str, Any]) -> None:
    """Call a tool.

    Raises:
        Refused: its answer lacks what a success has.
    """
    result = await session.request("tools/call", {"name": tool, "arguments": arguments})
    match result:
        case {"content": [{"type": "text", "text": str(text)}, *_]} if not result.get("isError"):
            if _field(text, expected):
                return
        case _:
            text = json.dumps(result)
    raise ProxyRefused(f"{tool} answered {text}")


def _field(text: str, name: str) -> Any:
    try:
        answer = json.loads(text)
    except ValueError:
        return None
    return answer.get(name) if isinstance(answer, dict) else None


def _greeting(params: Any) -> dict[str, Mapping[str, Any]]:
    """The outcome of `initialize`."""
    if not isinstance(params, dict):
        return {"error": {"code": INVALID_PARAMS, "message": "params are no object"}}
    greeting = {
        "protocolVersion": agreed_protocol(params),
        "capabilities": dict(CHANNEL_CAPABILITY),
        "serverInfo": {"name": SERVER_NAME, "version": __version__},
    }
    return {"result": greeting}


def _notification(params: Mapping[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": CHANNEL_NOTIFICATION, "params": params}


def _pause(pauses: tuple[float, ...], tries: int) -> float:
    return pauses[min(tries, len(pauses) - 1)]
