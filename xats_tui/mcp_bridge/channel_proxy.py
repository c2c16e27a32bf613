"""The channel proxy: an MCP server without tools that carries wakes from the coordinator to a Claude Code.

To the coordinator it is a client that registers as a proxy and subscribes to its channel.  The coordinator connects
agents with the channel by the pid of their Claude Code.
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
from xats_tui.mcp_bridge.host.messages import Notification, Request, unknown_method
from xats_tui.mcp_bridge.host.pipes import Pipes
from xats_tui.mcp_bridge.host.stdio import Host, until_told
from xats_tui.mcp_bridge.session import (
    CoordinatorSession,
    Interrupted,
    NotReached,
    RpcError,
    TokenRefused,
)

logger = logging.getLogger(__name__)

SERVER_NAME = "cross-agent-teams-channel"
CLIENT_NAME = "cross-agent-teams-proxy"
"""Names of such a proxy in Claude Code's settings and at the coordinator."""

PROXY_ROLE = "__channel_proxy__"

REFUSED_PAUSES = (1.0, 10.0, 60.0, 600.0)
"""Seconds before the next try after a refusal; the last pause repeats, because somebody has to change a setting."""
LOST_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.0)
"""Seconds before the next try without a connection; the last pause repeats: the coordinator is being restarted."""

HINT_META = {"source": "cross_agent_teams_mcp", "kind": "startup_bind_hint"}

Find = Callable[[], str | None]
"""Returns the coordinator's endpoint; None while none is known."""

Sleep = Callable[[float], Awaitable[None]]


class ProxyRefused(Exception):
    """The coordinator refused this proxy; the text is its answer."""


class ChannelProxy:
    """One host, one channel, and the successive sessions that carry it."""

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
        """True while the coordinator knows the channel."""
        self._held_back: list[Mapping[str, Any]] = []
        """Wakes that arrived before the host was ready."""

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
                self._reply(message, error=unknown_method(message.method))
            case Notification(method="notifications/initialized"):
                self._initialized = True
                self._announce()
            case _:
                logger.debug("ignored: %s", message.method)

    def _reply(self, request: Request, **outcome: Mapping[str, Any]) -> None:
        self._host.say({"jsonrpc": "2.0", "id": request.id, **outcome})

    def _announce(self) -> None:
        """Announce the channel to the host, with the wakes that came so far, once both sides are ready."""
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
        """Keep the channel registered at the coordinator, until cancelled."""
        lost = refused = 0
        while True:
            try:
                if await self._carry_once():
                    lost = refused = 0
                if not lost:
                    logger.info("no connection to the coordinator; trying again until there is one")
                pause, lost = _pause(LOST_PAUSES, lost), lost + 1
            except (ProxyRefused, TokenRefused, RpcError) as error:
                pause, refused = _pause(REFUSED_PAUSES, refused), refused + 1
                logger.warning("the coordinator refuses the channel, next try in %g s: %s", pause, error)
            await self._sleep(pause)

    async def _carry_once(self) -> bool:
        """Carry the channel until the connection is lost; return False if there was no connection.

        Raises:
            ProxyRefused, TokenRefused, RpcError: the coordinator refuses.
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
    """Return the arguments with which this process registers as its parent's proxy."""
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
    """Return the text that the agent gets as soon as its channel works."""
    return (
        "The cross-agent-teams service (xats-tui, xats for short) can wake you here: this is channel_session_id "
        f"{csid}. To register, call register_claude_self with your name and ui_pid = $PPID of a shell tool call, "
        "without channel_session_id: the coordinator finds this channel by ui_pid. register_agent with client "
        "claude-code and a model does the same. If you are registered already, bind_channel with this "
        "channel_session_id leads your wakes here. Do not register through curl or another HTTP client: that is "
        "another session, and your tools here would answer unknown_agent."
    )


def run(find: Find, token: str | None, key_path: Path) -> int:
    """Run the proxy for the host that started this process, until the host closes stdin or ends us; return 0."""
    host = Host(Pipes())
    try:
        asyncio.run(until_told(ChannelProxy(host, find, token, key_path=key_path).serve()))
    finally:
        host.close()
    return 0


async def _called(session: CoordinatorSession, tool: str, expected: str, arguments: Mapping[str, Any]) -> None:
    """Call a tool and check its answer.

    Raises:
        ProxyRefused: the answer lacks the expected field.
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
    """Return the outcome of `initialize`."""
    if not isinstance(params, dict):
        return {"error": {"code": INVALID_PARAMS, "message": "params must be an object"}}
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
