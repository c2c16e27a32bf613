"""What is agreed with a host at `initialize`: the protocol, and whether it takes wakes on a channel.

A channel is Claude Code's way to put a line before a session that sits idle: a notification from a server that
declared the capability.  Which servers it listens to is the user's choice at its start, of which the handshake says
nothing; so the capability alone tells only that we can.
"""

from collections.abc import Mapping
from typing import Any

from xats_tui import __version__

SERVER_NAME = "xats-tui"

PROTOCOLS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
"""The protocols with a handshake, newest first; later ones have no session and no standing channel."""

INVALID_PARAMS = -32602

CHANNEL = "claude/channel"
CHANNEL_CAPABILITY: Mapping[str, Any] = {"experimental": {CHANNEL: {}}}
"""What a server declares that sends `CHANNEL_NOTIFICATION`."""

CHANNEL_NOTIFICATION = "notifications/claude/channel"
CHANNEL_WAKE = "notifications/channel_wake"
"""The coordinator's notification, whose parameters go to the host unchanged."""


def agreed_protocol(params: Mapping[str, Any]) -> str:
    """The protocol to speak with a host that sent these parameters of `initialize`."""
    asked = params.get("protocolVersion")
    return asked if asked in PROTOCOLS else PROTOCOLS[0]


def says_it_takes_channels(params: Mapping[str, Any]) -> bool:
    """Whether a host says at `initialize` that it takes wakes on a channel."""
    match params:
        case {"capabilities": {"experimental": dict(experimental)}}:
            return CHANNEL in experimental
    return False


def greeting(params: Mapping[str, Any], *, channel: bool, instructions: str) -> dict[str, Any]:
    """The bridge's answer to these parameters of `initialize`; with `channel` it declares that it sends wakes there."""
    sends = channel or says_it_takes_channels(params)
    return {
        "protocolVersion": agreed_protocol(params),
        "capabilities": {"tools": {"listChanged": True}, **(CHANNEL_CAPABILITY if sends else {})},
        "serverInfo": {"name": SERVER_NAME, "version": __version__},
        "instructions": instructions,
    }


def for_the_host(notification: Mapping[str, Any]) -> Mapping[str, Any]:
    """A notification of the coordinator as the host knows it."""
    if notification["method"] != CHANNEL_WAKE:
        return notification
    return {"jsonrpc": "2.0", "method": CHANNEL_NOTIFICATION, "params": notification.get("params", {})}
