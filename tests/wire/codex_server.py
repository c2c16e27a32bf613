"""A stand-in for Codex's app-server on a TCP port, told beforehand what to refuse."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import ServerConnection, serve

THREAD = "01a20489-2961-78d0-9153-cbd2d7a2288f"
OTHER_THREAD = "01a20489-2961-78d0-9153-cbd2d7a22890"


class CodexServer:
    """Codex server with settable threads and refusals; records the requests."""

    def __init__(self) -> None:
        self.url = ""
        self.loaded: list[Any] = [THREAD]
        self.refused: dict[str, dict[str, Any]] = {}
        """The JSON-RPC error that each of these methods gives."""
        self.hung_up_at = ""
        """The method at which it closes the connection."""
        self.unanswered: frozenset[str] = frozenset()
        """Methods that it never answers."""
        self.knows_threads = True
        """True if `thread/read` exists, as today; it did not when the reference was written."""
        self.asked: list[tuple[str, Any]] = []
        self.authorizations: list[str | None] = []

    async def serve(self, socket: ServerConnection) -> None:
        """Answer one client."""
        assert socket.request is not None
        self.authorizations.append(socket.request.headers.get("Authorization"))
        async for frame in socket:
            request = json.loads(frame)
            method = request["method"]
            self.asked.append((method, request.get("params")))
            if method == self.hung_up_at:
                await socket.close(1011, "boom")
                return
            if "id" in request and method not in self.unanswered:
                await socket.send("no JSON")
                await socket.send(json.dumps({"method": "thread/status/changed", "params": {}}))
                await socket.send(json.dumps({"jsonrpc": "2.0", "id": request["id"], **self.answer(method, request)}))

    def answer(self, method: str, request: dict[str, Any]) -> dict[str, Any]:
        """The result of a request, or its error."""
        if method in self.refused:
            return {"error": self.refused[method]}
        match method:
            case "thread/loaded/list":
                return {"result": {"data": self.loaded, "nextCursor": None}}
            case "thread/read" if self.knows_threads:
                thread = {"id": request["params"]["threadId"], "status": {"type": "idle"}, "originator": "codex"}
                return {"result": {"thread": thread}}
        return {"result": {}}

    def texts(self) -> list[str]:
        """The turns that were started."""
        return [params["input"][0]["text"] for method, params in self.asked if method == "turn/start"]


@asynccontextmanager
async def codex_server(port: int = 0) -> AsyncIterator[CodexServer]:
    """A server for the life of the block."""
    server = CodexServer()
    async with serve(server.serve, "127.0.0.1", port) as listening:
        server.url = f"ws://127.0.0.1:{next(iter(listening.sockets)).getsockname()[1]}"
        yield server
