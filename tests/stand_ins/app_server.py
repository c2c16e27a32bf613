"""A stand-in for Codex's app-server: JSON-RPC over a WebSocket, on a Unix socket or on TCP."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.server import ServerConnection, serve, unix_serve

THREAD = "01a20489-2961-78d0-9153-cbd2d7a2288f"
OTHER_THREAD = "01a20489-2961-78d0-9153-cbd2d7a22890"


class AppServer:
    """Codex app-server with settable thread states; records the started turns."""

    def __init__(self) -> None:
        self.url = ""
        self.status: dict[str, Any] = {"type": "idle"}
        self.originator = "codex-vscode"
        self.threads: list[Any] = [THREAD]
        """Threads that are loaded and can be resumed."""
        self.listed: list[Any] | None = None
        """Threads listed as loaded; `threads` unless set."""
        self.names: dict[str, str] = {}
        """Of its threads, as their windows show them."""
        self.ports: dict[str, int] = {}
        """Ports where the windows of its threads serve `codex_tui`."""
        self.turns: list[str] = []
        self.set_to_work: list[str] = []
        """The threads that those were started on."""
        self.asked: list[str] = []
        """The methods of all requests."""
        self.authorization: list[str | None] = []
        """The header of each connection."""
        self.mute: set[str] = set()
        """Methods that it takes and never answers."""
        self.closes_at: str | None = None
        """The method at which it closes the connection."""
        self.errors: dict[str, Mapping[str, Any]] = {}
        """Errors to answer instead, by method."""
        self.raw: dict[str, str] = {}
        """The frame with which it answers to a method, whatever that is."""
        self.talks: set[str] = set()
        """Methods that it does not answer, but says other things without end."""

    async def serve(self, socket: ServerConnection) -> None:
        """Answer one client."""
        request = socket.request
        self.authorization.append(request.headers.get("authorization") if request else None)
        async for frame in socket:
            request = json.loads(frame)
            if "id" not in request:
                continue
            self.asked.append(request["method"])
            if request["method"] == self.closes_at:
                await socket.close(1011, "boom")
            elif request["method"] in self.raw:
                await socket.send(self.raw[request["method"]])
            elif request["method"] in self.talks:
                while True:
                    await socket.send(json.dumps({"method": "thread/status/changed", "params": "x" * 500_000}))
                    await asyncio.sleep(0)
            elif request["method"] not in self.mute:
                await socket.send(json.dumps({"method": "thread/status/changed", "params": {}}))
                await socket.send(json.dumps({"id": request["id"], **self.answer(request)}))

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The result of a request, or its error."""
        params, method = request["params"], request["method"]
        thread_id = params.get("threadId")
        if method in self.errors:
            return {"error": self.errors[method]}
        match method:
            case "initialize":
                return {"result": {"userAgent": "codex"}}
            case "thread/loaded/list":
                return {"result": {"data": self.threads if self.listed is None else self.listed, "nextCursor": None}}
            case _ if thread_id not in self.threads:
                return {"error": {"code": -32600, "message": f"thread not loaded: {thread_id}"}}
            case "thread/read" | "thread/resume":
                name = self.names.get(thread_id)
                thread = {"id": thread_id, "status": self.status, "originator": self.originator, "name": name}
                return {"result": {"thread": thread}}
            case "mcpServerStatus/list" if thread_id in self.ports:
                origin = f"http://127.0.0.1:{self.ports[thread_id]}"
                return {"result": {"data": [{"name": "codex_tui", "httpOrigin": origin}], "nextCursor": None}}
            case "mcpServerStatus/list":
                return {"result": {"data": [], "nextCursor": None}}
            case "turn/start":
                self.turns.append(params["input"][0]["text"])
                self.set_to_work.append(thread_id)
                return {"result": {"turn": {"id": "turn-1"}}}
        return {"error": {"code": -32601, "message": "no such method"}}


@asynccontextmanager
async def app_server(path: Path) -> AsyncIterator[AppServer]:
    """A server on a Unix socket, as a stock Codex has one, for the life of the block."""
    await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
    server = AppServer()
    server.url = f"unix:{path}"
    async with unix_serve(server.serve, str(path)):
        yield server


@asynccontextmanager
async def app_server_on_tcp() -> AsyncIterator[AppServer]:
    """A server on a port of its own for the life of the block."""
    server = AppServer()
    async with serve(server.serve, "127.0.0.1", 0) as listening:
        port = next(iter(listening.sockets)).getsockname()[1]
        server.url = f"ws://127.0.0.1:{port}"
        yield server
