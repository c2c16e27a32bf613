"""Codex threads in registrations: find the thread, and check that its app-server has it.

The rules and refusals are here; the protocol of the app-server is in `transports/codex_appserver`.
"""

import os
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from xats_tui.backend.services.wakes.delivery import SOCKET_URL, THREAD_ID, WS_URL, checked_delivery
from xats_tui.backend.transports.codex_protocol import control_url, is_loaded, resume, shake_hands
from xats_tui.backend.transports.json_rpc import (
    ConnectionLost,
    JsonRpc,
    NoReply,
    RequestRefused,
    ServerUnreachable,
    connected,
)
from xats_tui.backend.transports.tokens import MissingToken, TokenForbidden, Tokens
from xats_tui.clients.registry import THREAD_CLIENT
from xats_tui.core.errors import Refusal
from xats_tui.core.model.agents import Delivery, DeliveryKind

URL_VARIABLE = "CROSS_AGENT_TEAMS_CODEX_WS_URL"
DEFAULT_URL = "ws://127.0.0.1:8799"

REGISTRATION_TIMEOUT_S = 1.5
"""Time for all questions of a registration to an app-server: its call is answered within two seconds."""

MAX_LISTED_THREADS = 20
"""Maximum number of loaded threads that are looked at when none is named."""

FAILURES = (RequestRefused, NoReply, ConnectionLost)


class CodexThread(Struct, frozen=True, kw_only=True):
    """A thread as described by a registration."""

    thread_id: str | None = None
    ws_url: str | None = None
    auth_token_ref: str | None = None
    own: str | None = None
    """The thread that the call says it came from."""

    @property
    def is_named(self) -> bool:
        """Return whether the registration describes a thread at all."""
        return (self.thread_id, self.ws_url, self.auth_token_ref) != (None, None, None)


class CodexThreads:
    """The threads of the app-servers on this machine."""

    def __init__(self, tokens: Tokens, environment: Mapping[str, str] = os.environ) -> None:
        self._tokens = tokens
        self._environment = environment

    async def resumed(self, wanted: CodexThread) -> Delivery:
        """Return the delivery to a thread that its app-server could resume.

        Raises:
            Refusal: missing_auth_token, unsupported_client, codex_loaded_list_failed, no_loaded_threads,
                codex_resume_failed, thread_id_required, invalid_delivery.
        """
        thread_id = (wanted.thread_id or wanted.own or "").strip() or None
        url = await self._url(wanted)
        _check_is_here(url)
        token = self._token(wanted.auth_token_ref, url)
        try:
            async with connected(url, token, within=REGISTRATION_TIMEOUT_S) as server:
                await _greet(server, url)
                if thread_id is None:
                    raise await _candidates(server, url)
                await _resume(server, thread_id)
        except ServerUnreachable as error:
            raise _unsupported("codex_appserver_unreachable", url, str(error)) from error
        address = {"thread_id": thread_id, "ws_url": url, "auth_token_ref": wanted.auth_token_ref}
        return checked_delivery({"kind": DeliveryKind.CODEX_APPSERVER, **address})

    async def own(self, thread_id: str | None) -> Delivery | None:
        """Return the delivery to the thread that a call came from, if a stock Codex of this machine has it."""
        url = control_url(self._environment)
        if (
            thread_id is None
            or url is None
            or not THREAD_ID.fullmatch(thread_id)
            or not await _lives_at(url, thread_id)
        ):
            return None
        return Delivery(kind=DeliveryKind.CODEX_APPSERVER, address={"thread_id": thread_id, "ws_url": url})

    async def _url(self, wanted: CodexThread) -> str:
        """Return the URL that was named, else the configured one, else that of the server that the call came from."""
        named = (wanted.ws_url or "").strip() or self._environment.get(URL_VARIABLE, "").strip()
        if named:
            return named
        is_own = wanted.own is not None and wanted.thread_id in (None, wanted.own)
        delivery = await self.own(wanted.own) if is_own else None
        return delivery.address["ws_url"] if delivery else DEFAULT_URL

    def _token(self, name: str | None, url: str) -> str | None:
        try:
            return self._tokens.named(name, url)
        except TokenForbidden as error:
            raise Refusal("missing_auth_token", detail={"ref": name, "reason": str(error)}) from error
        except MissingToken as error:
            raise Refusal("missing_auth_token", detail={"ref": name}) from error


async def _lives_at(url: str, thread_id: str) -> bool:
    try:
        async with connected(url, within=REGISTRATION_TIMEOUT_S) as server:
            await shake_hands(server)
            return await is_loaded(server, thread_id)
    except (ServerUnreachable, NoReply, RequestRefused):
        return False


def _check_is_here(url: str) -> None:
    """Refuse servers on other machines: a wake may carry a token."""
    if WS_URL.fullmatch(url):
        return
    if SOCKET_URL.match(url):
        raise Refusal("invalid_delivery", reason="invalid_ws_url")
    raise _unsupported("codex_appserver_unreachable", url, "not a URL that begins with ws://, wss:// or unix:")


async def _greet(server: JsonRpc, url: str) -> None:
    try:
        await shake_hands(server)
    except FAILURES as error:
        raise _unsupported("codex_protocol_unavailable", url, _cause(error)) from error


async def _resume(server: JsonRpc, thread_id: str) -> None:
    try:
        await resume(server, thread_id)
    except FAILURES as error:
        raise Refusal("codex_resume_failed", detail={"thread_id": thread_id, "cause": _cause(error)}) from error


async def _candidates(server: JsonRpc, url: str) -> Refusal:
    """Return the refusal of a registration without a thread: the threads that it could mean, or that there are none."""
    try:
        listed = await server.request("thread/loaded/list", {"cursor": None, "limit": MAX_LISTED_THREADS})
    except FAILURES as error:
        return Refusal("codex_loaded_list_failed", detail=_cause(error))
    loaded = listed.get("data") if isinstance(listed, dict) else None
    thread_ids = [one for one in loaded if isinstance(one, str)] if isinstance(loaded, list) else []
    if not thread_ids:
        return Refusal("no_loaded_threads", detail={"ws_url": url})
    resumable, failed = await _tried(server, thread_ids[:MAX_LISTED_THREADS])
    if not resumable:
        return Refusal("codex_resume_failed", detail=failed)
    return Refusal("thread_id_required", detail={"ws_url": url, "thread_ids": resumable})


async def _tried(server: JsonRpc, thread_ids: list[str]) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the threads that can be resumed, and the errors of the others; stop at the first silence of the server."""
    resumable: list[str] = []
    failed: list[dict[str, Any]] = []
    for thread_id in thread_ids:
        try:
            await resume(server, thread_id)
            resumable.append(thread_id)
        except FAILURES as error:
            failed.append({"thread_id": thread_id, "detail": _cause(error)})
            if not isinstance(error, RequestRefused):
                break
    return resumable, failed


def _cause(error: Exception) -> Any:
    match error:
        case RequestRefused():
            return error.error
        case ConnectionLost():
            return error.how
        case _:
            return str(error)


def _unsupported(reason: str, url: str, cause: Any) -> Refusal:
    detail = {"expected": THREAD_CLIENT, "reason": reason, "ws_url": url, "cause": cause}
    return Refusal("unsupported_client", detail=detail)
