"""The bridge: an MCP server on stdin and stdout whose tools are the coordinator's.

It answers for itself only what cannot wait for a coordinator (the handshake, pings); tools are passed through as they
are, in both directions, so that a newer coordinator needs no newer bridge.
"""

import asyncio
import logging
import signal
from collections.abc import Coroutine, Mapping
from typing import Any

from xats_tui import __version__
from xats_tui.instructions import INSTRUCTIONS
from xats_tui.mcp_bridge.host import Host
from xats_tui.mcp_bridge.launch import Launcher
from xats_tui.mcp_bridge.session import METHOD_NOT_FOUND, REFUSED, RpcError
from xats_tui.mcp_bridge.upstream import Unavailable, Upstream
from xats_tui.settings import Loaded

logger = logging.getLogger(__name__)

PROTOCOLS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
"""The protocols with a handshake, newest first; later ones have no session and no standing channel."""

PASSED_ON = frozenset({"tools/list", "tools/call"})

KEPT_BACK = frozenset({"notifications/heartbeat", "notifications/cancelled"})
"""Notifications that mean something only on the connection that they came by."""

GREETING_PATIENCE = 0.25
"""Seconds that the handshake waits for the coordinator's own instructions; one that runs has answered by then."""

LAST_ANSWERS = 5.0
"""Seconds for requests that are under way when the host closes stdin, as a script does."""

INVALID_REQUEST = -32600


class Bridge:
    """One host, one upstream, and the requests that are under way between them."""

    def __init__(self, host: Host, loaded: Loaded) -> None:
        self._host = host
        self._launcher = Launcher(loaded)
        self._upstream = Upstream(self._launcher, loaded.settings.token, self._hear)
        self._under_way: dict[Any, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        """Serve the host until it closes stdin."""
        keeping = asyncio.create_task(self._upstream.run())
        try:
            async for message in self._host.messages():
                self._receive(message)
            if self._under_way:
                await asyncio.wait(self._under_way.values(), timeout=LAST_ANSWERS)
        finally:
            tasks = [keeping, *self._under_way.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _receive(self, message: Mapping[str, Any]) -> None:
        match message:
            case {"method": "notifications/cancelled", "params": {"requestId": cancelled}}:
                if task := self._under_way.get(cancelled):
                    task.cancel()
            case {"method": str(), "id": str() | int() as request_id}:
                task = asyncio.create_task(self._reply(message))
                self._under_way[request_id] = task
                task.add_done_callback(lambda _: self._under_way.pop(request_id, None))
            case {"method": _} | {"result": _} | {"error": _}:
                logger.debug("not passed on: %s", message.get("method", "an answer"))
            case _:
                error = {"code": INVALID_REQUEST, "message": "no JSON-RPC message"}
                self._host.say({"jsonrpc": "2.0", "id": message.get("id"), "error": error})

    async def _reply(self, request: Mapping[str, Any]) -> None:
        try:
            outcome = {"result": await self._result(request["method"], request.get("params"))}
        except RpcError as error:
            outcome = {"error": dict(error.error)}
        except Exception as error:
            logger.exception("a request of the host failed")
            outcome = {"error": {"code": REFUSED, "message": f"the bridge failed: {error}"}}
        self._host.say({"jsonrpc": "2.0", "id": request["id"], **outcome})

    async def _result(self, method: str, params: Mapping[str, Any] | None) -> dict[str, Any]:
        if method == "initialize":
            return await self._greeting(params or {})
        if method == "ping":
            return {}
        if method not in PASSED_ON:
            raise RpcError({"code": METHOD_NOT_FOUND, "message": f"Method not found: {method}"})
        try:
            return await self._upstream.request(method, params)
        except Unavailable as error:
            if method == "tools/call":
                return {"content": [{"type": "text", "text": str(error)}], "isError": True}
            raise RpcError({"code": REFUSED, "message": str(error)}) from None

    async def _greeting(self, params: Mapping[str, Any]) -> dict[str, Any]:
        if not self._launcher.is_starting:
            await self._upstream.connected(GREETING_PATIENCE)
        asked = params.get("protocolVersion")
        return {
            "protocolVersion": asked if asked in PROTOCOLS else PROTOCOLS[0],
            "capabilities": {"tools": {"listChanged": True}},
            "serverInfo": {"name": "xats-tui", "version": __version__},
            "instructions": (self._upstream.greeting or {}).get("instructions") or INSTRUCTIONS,
        }

    def _hear(self, notification: Mapping[str, Any]) -> None:
        if notification["method"] not in KEPT_BACK:
            self._host.say(notification)


def run(loaded: Loaded) -> int:
    """Be the bridge of the host that started this process, until it closes stdin or ends us; the exit code."""
    host = Host()
    try:
        asyncio.run(_until_told(Bridge(host, loaded).serve()))
    finally:
        host.close()
    return 0


async def _until_told(serving: Coroutine[Any, Any, None]) -> None:
    """Run until it is done, or until SIGTERM or SIGINT."""
    task = asyncio.ensure_future(serving)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    await asyncio.gather(task, return_exceptions=True)
