"""A stand-in for Codex's app-server: one thread, JSON-RPC over a WebSocket on a Unix socket."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.server import ServerConnection, unix_serve

THREAD = "01a20489-2961-78d0-9153-cbd2d7a2288f"


class AppServer:
    """What the thread says of itself, and the turns that were started on it."""

    def __init__(self) -> None:
        self.status: dict[str, Any] = {"type": "idle"}
        self.originator = "codex-vscode"
        self.turns: list[str] = []
        self.mute = False
        """Takes a turn and never answers."""

    async def serve(self, socket: ServerConnection) -> None:
        """Answer one client."""
        async for frame in socket:
            request = json.loads(frame)
            if "id" in request and not (self.mute and request["method"] == "turn/start"):
                await socket.send(json.dumps({"method": "thread/status/changed", "params": {}}))
                await socket.send(json.dumps({"id": request["id"], **self.answer(request)}))

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The result of a request, or its error."""
        params = request["params"]
        match request["method"]:
            case "initialize":
                return {"result": {"userAgent": "codex"}}
            case _ if params.get("threadId") != THREAD:
                return {"error": {"code": -32600, "message": f"thread not loaded: {params.get('threadId')}"}}
            case "thread/read":
                return {"result": {"thread": {"id": THREAD, "status": self.status, "originator": self.originator}}}
            case "turn/start":
                self.turns.append(params["input"][0]["text"])
                return {"result": {"turn": {"id": "turn-1"}}}
        return {"error": {"code": -32601, "message": "no such method"}}


@asynccontextmanager
async def app_server(path: Path) -> AsyncIterator[AppServer]:
    """A server on a Unix socket for the life of the block."""
    path.parent.mkdir(parents=True, exist_ok=True)
    server = AppServer()
    async with unix_serve(server.serve, str(path)):
        yield server
