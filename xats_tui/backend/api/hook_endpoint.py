"""HTTP endpoint for the hooks of clients: `POST /hook`, an event in, the hook's output out.

The query names the client, and the event if the event does not itself.  A hook that gets a hint with a `TAKEN_HEADER`
passes it on, and then posts that value to `/hook/taken`: only then is the hint recorded as submitted.  A hook that
gives up says so there; one that says nothing may have passed it on.
"""

import asyncio
import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

from pydantic_core import from_json, to_json
from starlette.types import Receive, Scope, Send

from xats_tui.backend.api.request_checks import HttpRefusal, port_of_this_machine, read_body
from xats_tui.backend.api.request_headers import RequestHeaders
from xats_tui.backend.services.wakes.hooks import HookCall, HostHooks
from xats_tui.core.model.wakes import Passed
from xats_tui.runtime.hook_client import LEFT_HEADER, PID_HEADER, TAKEN_HEADER, TAKEN_PATH, WAITS_HEADER

HOOK_PATHS = ("/hook", TAKEN_PATH)

TAKEN_WITHIN_S = 1.0
"""Time for a hook to say that it has passed a hint on."""

MAX_PID = 2**31 - 1


class HookEndpoint:
    """Answers hooks."""

    def __init__(self, hooks: HostHooks, closing: asyncio.Event) -> None:
        """Set the receiver of the events, and the event at which the coordinator ends."""
        self._hooks = hooks
        self._closing = closing
        self._given: dict[str, asyncio.Future[Passed]] = {}
        """By the value of `TAKEN_HEADER`, the hints that hooks have not passed on yet."""

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a hook; one that waits for a person ends with its program, or with the coordinator."""
        if scope["path"] == TAKEN_PATH:
            self._note(RequestHeaders(scope))
            await _Reply(send).give({})
            return
        call, reply = await _call(scope, receive), _Reply(send)
        if waits_s := self._hooks.waits_s(call):
            await reply.begin({WAITS_HEADER: str(waits_s)})
            await reply.give(await self._waited_for(call, reply, receive))
            return
        output = await self._hooks.hear(call, lambda hint: self._hand(hint, reply, scope))
        if not reply.is_given:
            await reply.give(output)

    async def _waited_for(self, call: HookCall, reply: "_Reply", receive: Receive) -> Mapping[str, Any]:
        hearing = asyncio.ensure_future(self._hooks.hear(call, reply.give_at_once))
        ends = [asyncio.ensure_future(_disconnected(receive)), asyncio.ensure_future(self._closing.wait())]
        try:
            await asyncio.wait([hearing, *ends], return_when=asyncio.FIRST_COMPLETED)
            return hearing.result() if hearing.done() else {}
        finally:
            for task in (hearing, *ends):
                task.cancel()
            await asyncio.wait([hearing, *ends])

    async def _hand(self, hint: Mapping[str, Any], reply: "_Reply", scope: Scope) -> Passed:
        """Give a hint to a hook; return whether it was passed on to the client, as far as that is known.

        Of a program that is no hook of ours, and posts by itself, the answer is all that can be known.
        """
        if PID_HEADER not in RequestHeaders(scope):
            return await reply.give_at_once(hint)
        number = secrets.token_urlsafe(16)
        taken: asyncio.Future[Passed] = asyncio.get_running_loop().create_future()
        self._given[number] = taken
        try:
            await reply.give(hint, {TAKEN_HEADER: number})
            async with asyncio.timeout(TAKEN_WITHIN_S):
                return await taken
        except (TimeoutError, OSError):
            return Passed.UNKNOWN
        finally:
            del self._given[number]

    def _note(self, headers: RequestHeaders) -> None:
        """Note what a hook says of the hint that it was given."""
        for header, passed in ((TAKEN_HEADER, Passed.ON), (LEFT_HEADER, Passed.NOT)):
            taken = self._given.get(headers.get(header, ""))
            if taken is not None and not taken.done():
                taken.set_result(passed)


class _Reply:
    """The response to one hook."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._has_begun = False
        self.is_given = False

    async def begin(self, headers: Mapping[str, str]) -> None:
        """Send the head, before the output is known."""
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        head = [(b"content-type", b"application/json"), *encoded]
        self._has_begun = True
        await self._send({"type": "http.response.start", "status": 200, "headers": head})

    async def give(self, output: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        """Send the output, and the head unless it was sent."""
        body = to_json(output)
        if not self._has_begun:
            await self.begin({"content-length": str(len(body)), **(headers or {})})
        self.is_given = True
        await self._send({"type": "http.response.body", "body": body})

    async def give_at_once(self, output: Mapping[str, Any]) -> Passed:
        """Send the output; nothing more can be known of it."""
        await self.give(output)
        return Passed.ON


async def _call(scope: Scope, receive: Receive) -> HookCall:
    headers = RequestHeaders(scope)
    named = dict(parse_qsl(scope["query_string"].decode("latin-1")))
    pid = headers.get(PID_HEADER, "")
    return HookCall(
        fields=await _event(headers, receive),
        client=named.get("client", ""),
        event=named.get("event", ""),
        port=port_of_this_machine(scope),
        pid=int(pid) if pid.isascii() and pid.isdecimal() and len(pid) < 11 and int(pid) <= MAX_PID else None,
    )


async def _event(headers: RequestHeaders, receive: Receive) -> Mapping[str, Any]:
    """Return the object in a hook's body, or an empty one: an agent's hook must not wait for our errors."""
    with suppress(HttpRefusal, ValueError):
        value = from_json(await read_body(headers, receive))
        return value if isinstance(value, dict) else {}
    return {}


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
