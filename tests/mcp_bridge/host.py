"""A host: the agent's program, which starts a bridge and speaks JSON-RPC with it in lines."""

import asyncio
import itertools
import json
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.commands.processes import XATS, clean_environment
from tests.patience import PATIENCE

LONGEST_LINE = 4_000_000

PATIENT = (sys.executable, "-m", "tests.stand_ins.patient_bridge")
"""For what the greeting says once all is known: on a busy machine, a host is answered before that."""


@dataclass(slots=True)
class ScriptedHost:
    """A bridge process and the pipes to it."""

    process: asyncio.subprocess.Process
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def say(self, line: bytes) -> None:
        """Write a line, whatever it is."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + b"\n")

    async def hear(self) -> dict[str, Any]:
        """The next message of the bridge."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            message: dict[str, Any] = json.loads(await self.process.stdout.readline())
        return message

    async def request(self, method: str, **params: Any) -> dict[str, Any]:
        """The answer to a request; notifications in between are left out."""
        request_id = next(self._ids)
        self.say(json.dumps({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}).encode())
        while (answer := await self.hear()).get("id") != request_id:
            pass
        return answer

    async def shake_hands(self, protocol: str = "2025-11-25") -> dict[str, Any]:
        """The result of `initialize`."""
        client = {"name": "host", "version": "1"}
        answer = await self.request("initialize", protocolVersion=protocol, capabilities={}, clientInfo=client)
        self.say(b'{"jsonrpc":"2.0","method":"notifications/initialized"}')
        result: dict[str, Any] = answer["result"]
        return result

    async def call(self, tool: str, **arguments: Any) -> Any:
        """Call a tool and return its answer as the agent reads it."""
        answer = await self.request("tools/call", name=tool, arguments=arguments)
        text = answer["result"]["content"][0]["text"]
        return text if answer["result"].get("isError") else json.loads(text)

    async def leave(self) -> int:
        """Close stdin and wait for the bridge to end; its exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()


@asynccontextmanager
async def bridge(
    home: Path, *arguments: str, wrapper: Sequence[str] = (), program: Sequence[str] = XATS, **environment: str
) -> AsyncIterator[ScriptedHost]:
    """A host that has just started a bridge in this home; the bridge is told to end if it is still there at the end."""
    process = await asyncio.create_subprocess_exec(
        *wrapper,
        *program,
        "mcp",
        "--home",
        str(home),
        *arguments,
        env=clean_environment() | {"TMUX_TMPDIR": str(home)} | environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LONGEST_LINE,
    )
    try:
        yield ScriptedHost(process)
    finally:
        await end(process)


@asynccontextmanager
async def proxy(home: Path, *arguments: str, **environment: str) -> AsyncIterator[ScriptedHost]:
    """A host that has just started a channel proxy; it is told to end if it is still there at the end."""
    process = await asyncio.create_subprocess_exec(
        *XATS,
        "channel",
        *arguments,
        env=clean_environment() | {"XATS_HOME": str(home)} | environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LONGEST_LINE,
    )
    try:
        yield ScriptedHost(process)
    finally:
        await end(process)


async def end(process: asyncio.subprocess.Process) -> None:
    """Tell a process that is still there to end, and kill it if it does not."""
    with suppress(ProcessLookupError):
        process.terminate()
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            await process.wait()
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()
