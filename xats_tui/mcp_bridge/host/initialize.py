"""The agreement with a host at `initialize`: the protocol, and whether it takes wakes on a channel.

A channel is Claude Code's way to give a line to an idle session: a notification from a server that declared the
capability.  The user chooses at the start which servers it listens to, and the handshake does not mention that choice;
the capability therefore only means that we can send.
"""

from collections.abc import Mapping
from typing import Any

from xats_tui import __version__

SERVER_NAME = "xats-tui"

PROTOCOLS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
"""Protocol versions with a handshake, newest first; later versions have no session and no standing stream."""

INVALID_PARAMS = -32602

CHANNEL = "claude/channel"
CHANNEL_CAPABILITY: Mapping[str, Any] = {"experimental": {CHANNEL: {}}}
"""The capability of a server that sends `CHANNEL_NOTIFICATION`."""

CHANNEL_NOTIFICATION = "notifications/claude/channel"
CHANNEL_WAKE = "notifications/channel_wake"
"""The coordinator's notification; its parameters go to the host unchanged."""


def agreed_protocol(params: Mapping[str, Any]) -> str:
    """Return the protocol version for a host with these `initialize` parameters."""
    asked = params.get("protocolVersion")
    return asked if asked in PROTOCOLS else PROTOCOLS[0]


def says_it_takes_channels(params: Mapping[str, Any]) -> bool:
    """Return whether a host declares at `initialize` that it takes wakes on a channel."""
    match params:
        case {"capabilities": {"experimental": dict(experimental)}}:
            return CHANNEL in experimental
    return False


def prompts_claimed(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the capability of our prompts for a host that shows prompts to the person; else nothing."""
    # Deferred: it takes as long to import as everything else that listens to the host from the start.
    from xats_tui.clients.registry import shows_prompts

    match params:
        case {"clientInfo": {"name": name}} if shows_prompts(name):
            return {"prompts": {}}
    return {}


def greeting(params: Mapping[str, Any], *, channel: bool, instructions: str) -> dict[str, Any]:
    """Return the bridge's answer to `initialize`; with `channel` it declares that it sends wakes there."""
    sends = channel or says_it_takes_channels(params)
    return {
        "protocolVersion": agreed_protocol(params),
        "capabilities": {
            "tools": {"listChanged": True},
            **prompts_claimed(params),
            **(CHANNEL_CAPABILITY if sends else {}),
        },
        "serverInfo": {"name": SERVER_NAME, "version": __version__},
        "instructions": instructions,
    }


def for_the_host(notification: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a coordinator's notification in the form that the host knows."""
    if notification["method"] != CHANNEL_WAKE:
        return notification
    return {"jsonrpc": "2.0", "method": CHANNEL_NOTIFICATION, "params": notification.get("params", {})}
