"""A bridge as the child of a stand-in, with JSON-RPC in lines.

The MCP SDK is not used here: it takes a second to import, five stand-ins start at once, and three kinds of messages are
enough.
"""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

PROTOCOL = "2025-11-25"

MAX_LINE_BYTES = 4_000_000
"""Maximum bytes of an answer: an inbox page of the longest bodies."""

TIMEOUT_S = 30.0
"""Seconds for an answer; the coordinator may be restarting."""


class CallFailed(Exception):
    """Raised when a tool refuses; the text is its answer."""


class McpClient:
    """Calls the tools of a bridge."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ids = itertools.count(1)

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Return a tool's answer.

        Raises:
            CallFailed: the tool refused.
            EOFError: the bridge has ended.
            TimeoutError: the bridge does not answer.
        """
        result = await self._request("tools/call", {"name": tool, "arguments": arguments})
        text = result["content"][0]["text"]
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        if result.get("isError") or not isinstance(answer, dict) or "error" in answer:
            raise CallFailed(text)
        return answer

    async def shake_hands(self) -> None:
        """Perform the MCP handshake; a bridge that was given a name has registered afterwards."""
        client = {"name": "stand-in", "version": "demo"}
        await self._request("initialize", {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": client})
        self._write({"method": "notifications/initialized"})

    async def _request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        request_id = next(self._ids)
        self._write({"id": request_id, "method": method, "params": params})
        async with asyncio.timeout(TIMEOUT_S):
            while (answer := await self._hear()).get("id") != request_id:
                pass
        if "error" in answer:
            raise CallFailed(str(answer["error"].get("message")))
        result: dict[str, Any] = answer["result"]
        return result

    def _write(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None  # it was started with a pipe
        self._process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    async def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # it was started with a pipe
        line = await self._process.stdout.readline()
        if not line:
            raise EOFError("the bridge has ended")
        message: dict[str, Any] = json.loads(line)
        return message


@asynccontextmanager
async def bridge(command: Sequence[str]) -> AsyncIterator[McpClient]:
    """Provide a bridge for the length of the block, after its handshake."""
    pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *command, stdin=pipe, stdout=pipe, stderr=nowhere, limit=MAX_LINE_BYTES
    )
    try:
        client = McpClient(process)
        await client.shake_hands()
        yield client
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
