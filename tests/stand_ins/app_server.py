"""A stand-in for Codex's app-server: JSON-RPC over a WebSocket, on a Unix socket or on TCP."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from websockets.asyncio.server import ServerConnection, serve, unix_serve
from websockets.exceptions import ConnectionClosed

THREAD = "01a20489-2961-78d0-9153-cbd2d7a2288f"
OTHER_THREAD = "01a20489-2961-78d0-9153-cbd2d7a22890"


STAMP_MS = 1_795_996_282_169
"""Its stamp on what it says on its own."""

RUNNING_TURN = "turn-0"
"""The turn that runs while a thread is active."""


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
        self.asked_on_each: list[list[str]] = []
        """The same, apart for each connection."""
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
        self.steered: list[str] = []
        """The texts that were added to the turn that runs."""
        self.answers: list[tuple[int, Any]] = []
        """The answers to its own requests, also those that came too late."""
        self._sockets: set[ServerConnection] = set()
        self._joined: dict[ServerConnection, set[str]] = defaultdict(set)
        """The threads whose requests each client gets."""
        self._open: dict[int, dict[str, Any]] = {}
        """Its own requests that are not answered yet."""

    async def set_status(self, status: dict[str, Any]) -> None:
        """Have a thread take on another status, and tell all clients."""
        self.status = status
        for thread_id in self.threads:
            await self._tell(self._sockets, "thread/status/changed", {"threadId": thread_id, "status": status})

    async def ask(self, method: str, **params: Any) -> int:
        """Have the first thread wait for a decision, and ask those who joined it; the request's id."""
        request_id = len(self.answers) + len(self._open)
        self._open[request_id] = {"method": method, "params": {"threadId": THREAD, "turnId": RUNNING_TURN, **params}}
        await self.set_status({"type": "active", "activeFlags": ["waitingOnApproval"]})
        for socket in self._sockets:
            if THREAD in self._joined[socket]:
                await self._ask_again(socket)
        return request_id

    async def begin_item(self, item: dict[str, Any]) -> None:
        """Have the turn begin an item, and tell those who joined the first thread."""
        joined = [socket for socket in self._sockets if THREAD in self._joined[socket]]
        await self._tell(joined, "item/started", {"threadId": THREAD, "turnId": RUNNING_TURN, "item": item})

    async def resolve(self, request_id: int) -> None:
        """Have a request answered, as by the window."""
        del self._open[request_id]
        joined = [socket for socket in self._sockets if THREAD in self._joined[socket]]
        await self._tell(joined, "serverRequest/resolved", {"threadId": THREAD, "requestId": request_id})
        await self.set_status({"type": "active", "activeFlags": []})

    def drop(self) -> None:
        """Break all connections."""
        for socket in self._sockets:
            socket.transport.abort()

    @property
    def is_joined(self) -> bool:
        """Whether a client gets the first thread's requests."""
        return any(THREAD in self._joined[socket] for socket in self._sockets)

    async def _tell(self, sockets: Iterable[ServerConnection], method: str, params: Mapping[str, Any]) -> None:
        for socket in tuple(sockets):
            with suppress(ConnectionClosed):
                await socket.send(json.dumps({"method": method, "params": params, "emittedAtMs": STAMP_MS}))

    async def _ask_again(self, socket: ServerConnection) -> None:
        for request_id, request in self._open.items():
            await socket.send(json.dumps({"id": request_id, **request}))

    async def _take_answer(self, message: Mapping[str, Any]) -> None:
        self.answers.append((message["id"], message.get("result")))
        if message["id"] in self._open and "answer" not in self.mute:
            await self.resolve(message["id"])

    async def serve(self, socket: ServerConnection) -> None:
        """Answer one client."""
        request = socket.request
        self.authorization.append(request.headers.get("authorization") if request else None)
        self._sockets.add(socket)
        try:
            with suppress(ConnectionClosed):
                await self._serve(socket)
        finally:
            self._sockets.discard(socket)

    async def _serve(self, socket: ServerConnection) -> None:
        self.asked_on_each.append(asked := [])
        async for frame in socket:
            request = json.loads(frame)
            if "id" not in request:
                continue
            if "method" not in request:
                await self._take_answer(request)
                continue
            self.asked.append(request["method"])
            asked.append(request["method"])
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
                await self._join_or_leave(socket, request)

    async def _join_or_leave(self, socket: ServerConnection, request: Mapping[str, Any]) -> None:
        thread_id = request["params"].get("threadId")
        if request["method"] == "thread/resume" and thread_id in self.threads:
            self._joined[socket].add(thread_id)
            await self._ask_again(socket)
        elif request["method"] == "thread/unsubscribe":
            self._joined[socket].discard(thread_id)

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
            case "thread/unsubscribe":
                return {"result": {"status": "unsubscribed"}}
            case "thread/turns/list":
                running = [{"id": RUNNING_TURN, "status": "inProgress"}] if self.status["type"] == "active" else []
                return {"result": {"data": running, "nextCursor": None}}
            case "turn/steer" if params["expectedTurnId"] != RUNNING_TURN or self.status["type"] != "active":
                return {"error": {"code": -32600, "message": "no active turn to steer"}}
            case "turn/steer":
                self.steered.append(params["input"][0]["text"])
                return {"result": {"turnId": RUNNING_TURN}}
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
