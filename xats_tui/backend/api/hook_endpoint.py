"""HTTP endpoint for the hooks of clients: `POST /hook`, an event in, the hook's output out."""

import asyncio
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json
from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from xats_tui.backend.api.request_checks import HttpRefusal, read_body
from xats_tui.backend.services.wakes.hooks import HostHooks

WAITING_HEADER = "x-xats-waits"
"""Header with the seconds for which the hook can wait for a person; without it, the answer comes at once."""

MAX_WAITING_S = 24 * 3600.0


class HookEndpoint:
    """Answers hooks."""

    def __init__(self, hooks: HostHooks, closing: asyncio.Event) -> None:
        """Set the receiver of the events, and the event at which the coordinator ends."""
        self._hooks = hooks
        self._closing = closing

    async def answer(self, scope: Scope, receive: Receive) -> Mapping[str, Any]:
        """Return the output of a hook; one that waits for a person ends with its program, or with the coordinator."""
        event, patience_s = await _event(scope, receive), _patience_s(Headers(scope=scope))
        if not patience_s:
            return await self._hooks.hear(event)
        hearing = asyncio.ensure_future(self._hooks.hear(event, patience_s))
        ends = [asyncio.ensure_future(_disconnected(receive)), asyncio.ensure_future(self._closing.wait())]
        try:
            await asyncio.wait([hearing, *ends], return_when=asyncio.FIRST_COMPLETED)
            return hearing.result() if hearing.done() else {}
        finally:
            for task in (hearing, *ends):
                task.cancel()
            await asyncio.wait([hearing, *ends])


def _patience_s(headers: Headers) -> float:
    text = headers.get(WAITING_HEADER, "")
    return min(float(text), MAX_WAITING_S) if text.isascii() and text.isdigit() else 0.0


async def _event(scope: Scope, receive: Receive) -> Mapping[str, Any]:
    """Return the object in a hook's body, or an empty one: an agent's hook must not wait for our errors."""
    try:
        value = from_json(await read_body(scope, receive))
    except (HttpRefusal, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
