"""The bridge: an MCP server on stdin and stdout that offers the coordinator's tools.

It answers by itself only what cannot wait for a coordinator (handshake, pings).  Tools pass through unchanged in both
directions, so that a newer coordinator needs no newer bridge.
"""

import asyncio
import logging
import os
import sys
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from xats_tui.core.prompts import NoSuchPrompt, filled_in, listed
from xats_tui.mcp_bridge.coordinator_locator import CoordinatorLocator
from xats_tui.mcp_bridge.host import kept_tools
from xats_tui.mcp_bridge.host.early import begun
from xats_tui.mcp_bridge.host.first_answers import FirstAnswers
from xats_tui.mcp_bridge.host.initialize import (
    INVALID_PARAMS,
    for_the_host,
    greeting,
    prompts_claimed,
    says_it_takes_channels,
)
from xats_tui.mcp_bridge.host.messages import Notification, Request, RequestId, unknown_method, usable_id
from xats_tui.mcp_bridge.host.pipes import Pipes
from xats_tui.mcp_bridge.host.stdio import Host, until_told
from xats_tui.mcp_bridge.identity import ancestors, identify
from xats_tui.mcp_bridge.instructions import instructions, refusal
from xats_tui.mcp_bridge.registration import REGISTER, Params, succeeded
from xats_tui.mcp_bridge.registration_defaults import (
    CODEX_TURN,
    THREAD,
    RegistrationDefaults,
    RequestedIdentity,
    simplified,
)
from xats_tui.mcp_bridge.session import REFUSED, RpcError
from xats_tui.mcp_bridge.upstream import Unavailable, Upstream
from xats_tui.runtime.settings import Loaded

logger = logging.getLogger(__name__)

PROMPTS = frozenset({"prompts/list", "prompts/get"})
"""Requests that are answered here: the prompts need no coordinator."""

PASSED_ON = frozenset({"tools/list", "tools/call"})

KEPT_BACK = frozenset({"notifications/heartbeat", "notifications/cancelled"})
"""Notifications that only concern the connection they came on."""

OBJECTS = ("clientInfo", "arguments", "_meta")
"""Parameters that are read here and must be objects."""

SUPERSEDED = "notifications/superseded"
"""The coordinator's notification that another runtime has taken the agent's name."""

GREETING_TIMEOUT_S = 0.25
"""Time that the handshake waits for the coordinator's own instructions; a running coordinator answers faster."""
REGISTERING_TIMEOUT_S = 0.6
"""The same time, if the coordinator also has to register the agent."""

CLOSE_TIMEOUT_S = 5.0
"""Time for open requests when the host closes stdin, as a script does."""


class Bridge:
    """One host, one upstream, and the open requests between them."""

    def __init__(self, host: Host, loaded: Loaded, wish: RequestedIdentity, *, channel: bool) -> None:
        self._host = host
        self._above = ancestors()  # read at once: a process whose parent ends gets another parent
        self._wish = wish
        self._wished: Params | None = None
        """The registration from the configuration, until the model's own calls take its place."""
        self._channel = str(uuid.uuid4()) if channel else ""
        """The id of the channel to the host; empty while the host has not said that it takes wakes there."""
        self._has_prompts = False
        """True if prompts were claimed to the host, which shows them."""
        self._launcher = CoordinatorLocator(loaded)
        settings = loaded.settings
        self._settings = settings
        self._upstream = Upstream(
            self._launcher,
            settings.token,
            self._hear,
            settings.proof_key_path,
            has_shown_tools=lambda: host.has_shown_tools,
        )
        self._under_way: dict[asyncio.Task[None], RequestId | None] = {}
        """Open requests with the id by which the host may cancel each; `initialize` cannot be cancelled."""
        self._meet({})  # before the handshake only the parent processes tell which program the host is

    async def serve(self) -> None:
        """Serve the host until it closes stdin."""
        keeping = asyncio.create_task(self._upstream.run())
        try:
            async for message in self._host.messages():
                self._receive(message)
            if self._under_way:
                await asyncio.wait(self._under_way, timeout=CLOSE_TIMEOUT_S)
        finally:
            tasks = [keeping, *self._under_way]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _receive(self, message: Request | Notification) -> None:
        match message:
            case Request():
                task = asyncio.create_task(self._reply(message))
                self._under_way[task] = message.id if message.method != "initialize" else None
                task.add_done_callback(self._under_way.pop)
            case Notification(method="notifications/cancelled", params={"requestId": request_id}):
                self._cancel(usable_id(request_id))
            case _:
                logger.debug("not forwarded: %s", message.method)

    def _cancel(self, request_id: RequestId | None) -> None:
        """Cancel the requests with this id."""
        # A host may use an id twice; it then means both requests.
        for task, known in self._under_way.items():
            if request_id is not None and known == request_id:
                task.cancel()

    async def _reply(self, request: Request) -> None:
        try:
            outcome = {"result": await self._result(request.method, request.params)}
        except RpcError as error:
            outcome = {"error": dict(error.error)}
        except Exception as error:
            logger.exception("a request of the host failed")
            outcome = {"error": {"code": REFUSED, "message": f"the bridge failed: {error}"}}
        say = self._host.greet if request.method == "initialize" else self._host.say
        say({"jsonrpc": "2.0", "id": request.id, **outcome})

    async def _result(self, method: str, params: Any) -> dict[str, Any]:
        _check_form(method, params)
        if method == "initialize":
            return await self._greeting(params or {})
        if method == "ping":
            return {}
        if method in PROMPTS and self._has_prompts:
            return _prompts(method, params or {})
        if method not in PASSED_ON:
            raise RpcError(unknown_method(method))
        try:
            if method == "tools/call":
                await self._claim_name(params or {})
            result = await self._upstream.request(method, params)
        except Unavailable as error:
            if method == "tools/call":
                return {"content": [{"type": "text", "text": str(error)}], "isError": True}
            raise RpcError({"code": REFUSED, "message": str(error)}) from None
        return self._shown(result) if method == "tools/list" and "tools" in result else result

    def _shown(self, listed: Mapping[str, Any]) -> dict[str, Any]:
        """Return the coordinator's tools as the host sees them; keep them for the bridges that start later."""
        shown = {**listed, "tools": simplified(listed["tools"])}
        # A coordinator that was asked with a token would refuse a bridge that has none.
        if self._launcher.found and not self._settings.token and self._upstream.has_our_version:
            kept_tools.keep(self._settings.pid_path, self._launcher.found, shown)
        return shown

    async def _greeting(self, params: Mapping[str, Any]) -> dict[str, Any]:
        self._has_prompts = bool(prompts_claimed(params))
        if says_it_takes_channels(params):
            self._channel = self._channel or str(uuid.uuid4())
        self._meet(params.get("clientInfo") or {})
        if self._wish.name:
            self._wished = {"name": "register_agent", "arguments": {"name": self._wish.name}}
            if self._upstream.introduction and not self._upstream.introduction.identity.is_check:
                self._upstream.introduce(self._wished)
        if not self._launcher.is_starting:  # a start takes longer than the host should wait
            await self._upstream.connected(REGISTERING_TIMEOUT_S if self._wished else GREETING_TIMEOUT_S)
        told = self._upstream.told
        if told and not succeeded(told):
            sys.stderr.write(f"xats-tui: the coordinator does not register {self._wish.name}: {refusal(told)}\n")
        told_to_model = instructions(self._upstream.greeting, self._wish, told)
        return greeting(params, channel=bool(self._channel), instructions=told_to_model)

    def _meet(self, client_info: Mapping[str, Any]) -> None:
        """Identify the host, also by what it says about itself."""
        identity = identify(self._above, client_info, os.environ, _folder())
        logger.info("the host is %s: %s", identity.client, identity.evidence)
        self._upstream.introduction = RegistrationDefaults(identity=identity, wish=self._wish, channel=self._channel)

    async def _claim_name(self, call: Params) -> None:
        """Turn a registration from the configuration into a lasting one, at the model's first call.

        Only then is the Codex thread known, and only now does the agent prove to be more than a started program.
        """
        wished, meta = self._wished, call.get("_meta") or {}
        if wished is None:
            return
        if call.get("name") in REGISTER:
            self._wished = None
            return
        thread = {key: meta[key] for key in (THREAD, CODEX_TURN) if key in meta}
        with suppress(RpcError, Unavailable):
            await self._upstream.claim({**wished, "_meta": thread})
        if self._upstream.registration.asked:
            self._wished = None

    def _hear(self, notification: Mapping[str, Any]) -> None:
        if notification["method"] == SUPERSEDED:
            self._upstream.forget()
        elif notification["method"] not in KEPT_BACK:
            self._host.say(for_the_host(notification))


def run(loaded: Loaded, wish: RequestedIdentity, *, channel: bool = False) -> int:
    """Run the bridge for the host that started this process, until the host closes stdin or ends us; return 0.

    With `channel` the host takes wakes on a channel, whether it says so in the handshake or not.
    """
    first = begun() or FirstAnswers(Pipes(), channel=channel)
    host = Host(first.pipes, first)
    try:
        asyncio.run(until_told(Bridge(host, loaded, wish, channel=channel).serve()))
    finally:
        host.close()
    return 0


def _check_form(method: str, params: Any) -> None:
    """Check the types of the fields that the bridge reads.

    Raises:
        RpcError: a field has another type.
    """
    if params is not None and not isinstance(params, dict):
        raise RpcError({"code": INVALID_PARAMS, "message": "params must be an object"})
    said: Params = params or {}
    for name in OBJECTS:
        if not isinstance(said.get(name), dict | None):
            raise RpcError({"code": INVALID_PARAMS, "message": f"{name} must be an object"})
    if method == "tools/call" and not isinstance(said.get("name"), str):
        raise RpcError({"code": INVALID_PARAMS, "message": "name must be a string"})


def _prompts(method: str, params: Params) -> dict[str, Any]:
    """Answer a request about prompts.

    Raises:
        RpcError: there is no such prompt.
    """
    if method == "prompts/list":
        return {"prompts": listed()}
    try:
        return filled_in(params.get("name"), params.get("arguments") or {})
    except NoSuchPrompt as error:
        raise RpcError({"code": INVALID_PARAMS, "message": str(error)}) from None


def _folder() -> str:
    """Return the working directory; empty if it was removed."""
    try:
        return str(Path.cwd())
    except FileNotFoundError:
        return ""
