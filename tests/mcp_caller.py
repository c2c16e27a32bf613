"""An agent as the coordinator sees it: the MCP SDK's own client, with answers as Python values.

Each client lives in a task of its own, since the SDK wants to be left by the task that entered it.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx2
import mcp_types as types
from mcp import Client, StdioServerParameters
from mcp.client.extension import ClientExtension, NotificationBinding
from mcp.client.streamable_http import streamable_http_client
from pydantic import BaseModel, ConfigDict

from tests.patience import PATIENCE


class Params(BaseModel):
    """Parameters of a notification, whatever they are."""

    model_config = ConfigDict(extra="allow")


class Heard(ClientExtension):
    """Keeps the notifications of the given methods."""

    identifier = "tests.xats-tui/heard"

    def __init__(self, methods: Sequence[str]) -> None:
        self._methods = methods
        self.queue: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()

    def notifications(self) -> Sequence[NotificationBinding[Any]]:
        """One binding a method."""
        return [
            NotificationBinding(method=method, params_type=Params, handler=self._keep(method))
            for method in self._methods
        ]

    def _keep(self, method: str) -> Callable[[Params], Any]:
        async def keep(params: Params) -> None:
            self.queue.put_nowait((method, params.model_dump()))

        return keep


class ToolError(Exception):
    """A tool answered with `isError`; the text is for a model to read."""


class Caller:
    """One connected client."""

    def __init__(self, client: Client, heard: Heard) -> None:
        self.client = client
        self.agent_id = ""
        """Of the newest registration."""
        self._heard = heard

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool and return its answer.

        Raises:
            ToolError: it answered with `isError`.
        """
        result = await self.client.call_tool(tool, arguments)
        assert isinstance(result, types.CallToolResult)
        content = result.content[0]
        assert isinstance(content, types.TextContent)
        if result.is_error:
            raise ToolError(content.text)
        answer: dict[str, Any] = json.loads(content.text)
        return answer

    async def register(self, name: str, **fields: Any) -> dict[str, Any]:
        """Register as a custom agent unless `fields` say otherwise."""
        answer = await self.call("register_agent", **{"name": name, "client": "custom", "model": "m"} | fields)
        self.agent_id = answer.get("agent_id", self.agent_id)
        return answer

    async def next_notification(self, method: str) -> Mapping[str, Any]:
        """The parameters of the next notification of that method; others in between are left out."""
        async with asyncio.timeout(PATIENCE):
            while True:
                heard, params = await self._heard.queue.get()
                if heard == method:
                    return params

    def notifications_so_far(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the notifications that have arrived and were not fetched yet."""
        return [self._heard.queue.get_nowait() for _ in range(self._heard.queue.qsize())]


NOTIFICATIONS = ("notifications/contract_event", "notifications/heartbeat", "notifications/channel_wake")


@asynccontextmanager
async def callers() -> AsyncIterator[Callable[..., Any]]:
    """A function that connects a client to a URL or a program's stdin and stdout; all of them leave at the end."""
    leaving = asyncio.Event()
    tasks: list[asyncio.Task[None]] = []

    async def connect(where: str | StdioServerParameters, mode: str = "legacy") -> Caller:
        connected: asyncio.Future[Caller] = asyncio.get_running_loop().create_future()
        tasks.append(asyncio.create_task(_live(where, mode, connected, leaving)))
        async with asyncio.timeout(PATIENCE):
            return await connected

    try:
        yield connect
    finally:
        leaving.set()
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*tasks)


async def _live(
    where: str | StdioServerParameters, mode: str, connected: asyncio.Future[Caller], leaving: asyncio.Event
) -> None:
    """Be one client; without certificates, which take longer to load than everything else here."""
    heard = Heard(NOTIFICATIONS)
    try:
        async with (
            httpx2.AsyncClient(verify=False, timeout=httpx2.Timeout(PATIENCE, read=None)) as plain,
            Client(
                streamable_http_client(where, http_client=plain) if isinstance(where, str) else where,
                mode=mode,
                extensions=[heard],
                read_timeout_seconds=PATIENCE,
                cache=None,
            ) as client,
        ):
            connected.set_result(Caller(client, heard))
            await leaving.wait()
    except BaseException as error:
        if connected.done():
            raise
        with suppress(asyncio.InvalidStateError):
            connected.set_exception(error)
