"""`python -m benchmarks.calling URL SECONDS`: an agent in its own process that calls all the time.

It prints the start (by the monotonic clock) and the duration of each call.
"""

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from typing import Any

from tests.mcp_caller import callers

CALLS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("echo", {"msg": "hi"}),
    ("send_message", {"to_agent_name": "caller", "body": "to myself", "auto_poke": False}),
    ("get_inbox", {}),
    ("list_agents", {}),
)
PAUSE = 0.01
"""Seconds between two calls; a real agent waits longer."""


async def call(url: str, seconds: float) -> list[tuple[float, float]]:
    """Return the start and duration of each call."""
    timed = []
    async with callers() as connect:
        caller = await connect(url)
        await caller.register("caller")
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for tool, arguments in CALLS:
                began = time.monotonic()
                await caller.call(tool, **arguments)
                timed.append((began, time.monotonic() - began))
                await asyncio.sleep(PAUSE)
    return timed


if __name__ == "__main__":
    json.dump(asyncio.run(call(sys.argv[1], float(sys.argv[2]))), sys.stdout)
