"""Requests to a Codex app-server about threads, and the words in its answers."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from xats_tui import __version__
from xats_tui.backend.transports.codex_windows import control_socket
from xats_tui.backend.transports.json_rpc import UNIX, RequestRefused, Rpc

NO_TURN_YET = "no rollout found"
"""Error of `thread/resume` for a loaded thread without a turn, which only `thread/read` can return."""

IDLE, ACTIVE, NOT_LOADED = "idle", "active", "notLoaded"
"""Types of a thread's status."""

ASKING = {"waitingOnApproval": "an approval is waited for", "waitingOnUserInput": "an answer of the user is waited for"}
"""Flags of an active thread that has a dialog open."""


async def shake_hands(server: Rpc, unwanted: Sequence[str] = ()) -> None:
    """Initialize the connection to an app-server, which leaves out the `unwanted` notifications.

    Raises:
        RequestRefused, NoReply, ConnectionLost.
    """
    client = {"name": "xats-tui", "title": None, "version": __version__}
    capabilities = {"experimentalApi": True, "optOutNotificationMethods": list(unwanted) or None}
    await server.request("initialize", {"clientInfo": client, "capabilities": capabilities})
    await server.notify("initialized")


async def resume(server: Rpc, thread_id: str) -> Mapping[str, Any]:
    """Load a thread in the server; return its description, empty if there is none.

    Raises:
        RequestRefused, NoReply, ConnectionLost.
    """
    try:
        return await join_thread(server, thread_id)
    except RequestRefused as refused:
        if NO_TURN_YET not in str(refused):
            raise
        try:
            return await read_thread(server, thread_id)
        except RequestRefused:
            raise refused from None


async def join_thread(server: Rpc, thread_id: str) -> Mapping[str, Any]:
    """Have the connection told of all that happens in a thread, and asked what it asks; return its description.

    Raises:
        RequestRefused, NoReply, ConnectionLost.
    """
    wanted = {"threadId": thread_id, "persistExtendedHistory": False, "excludeTurns": True}
    return _thread_in(await server.request("thread/resume", wanted))


async def is_loaded(server: Rpc, thread_id: str) -> bool:
    """Return whether a thread is loaded in that server, without loading it.

    Raises:
        NoReply, ConnectionLost.
    """
    try:
        return bool(thread_status(await read_thread(server, thread_id)).get("type") != NOT_LOADED)
    except RequestRefused:
        return False


def control_url(environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the URL of a stock Codex's control socket; None if there is no such socket."""
    socket = control_socket(environment)
    return f"{UNIX}{socket}" if socket.is_socket() else None


async def read_thread(server: Rpc, thread_id: str) -> Mapping[str, Any]:
    """Return the description of a thread, without loading it.

    Raises:
        RequestRefused, NoReply, ConnectionLost.
    """
    return _thread_in(await server.request("thread/read", {"threadId": thread_id, "includeTurns": False}))


def _thread_in(result: Any) -> Mapping[str, Any]:
    thread = result.get("thread") if isinstance(result, dict) else None
    return thread if isinstance(thread, dict) else {}


def thread_status(thread: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the status in a description of a thread; empty if an old server tells none."""
    status = thread.get("status")
    return status if isinstance(status, dict) else {}
