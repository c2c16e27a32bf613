"""Checks of the delivery in a registration: a way to reach the agent other than its pane."""

import re
from collections.abc import Mapping
from typing import Any

from xats_tui.core.errors import Refusal
from xats_tui.core.model.agents import Delivery, DeliveryKind

THREAD_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)
SOCKET_URL = re.compile(r"wss?://", re.IGNORECASE)
"""URL of a WebSocket on any machine."""
LOOPBACK = r"(127\.\d+\.\d+\.\d+|localhost|\[::1\])"
WS_URL = re.compile(rf"wss?://{LOOPBACK}(:\d+)?([/?]\S*)?|unix:/\S+", re.IGNORECASE)
"""Loopback only: a wake may carry a token."""
HTTP_URL = re.compile(rf"https?://{LOOPBACK}(:\d+)?/?", re.IGNORECASE)
OPENCODE_SESSION = re.compile(r"[A-Za-z0-9_-]+")
ANY_TEXT = re.compile(r".+", re.DOTALL)


def checked_delivery(value: Mapping[str, Any]) -> Delivery:
    """Return the delivery that an argument describes; extra keys are dropped.

    Raises:
        Refusal: `invalid_delivery` with the reason.
    """
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in set(DeliveryKind):
        raise Refusal("invalid_delivery", reason="unknown_kind")
    known = DeliveryKind(kind)
    return Delivery(kind=known, address=ADDRESSES[known](value))


def _no_address(value: Mapping[str, Any]) -> Mapping[str, str]:
    return {}


def _channel_address(value: Mapping[str, Any]) -> Mapping[str, str]:
    return {"channel_session_id": _text(value, "channel_session_id", "missing_channel_session_id")}


def _codex_address(value: Mapping[str, Any]) -> Mapping[str, str]:
    address = {
        "thread_id": _text(value, "thread_id", "invalid_thread_id", THREAD_ID),
        "ws_url": _text(value, "ws_url", "invalid_ws_url", WS_URL),
    }
    if isinstance(value.get("auth_token_ref"), str) and value["auth_token_ref"]:
        address["auth_token_ref"] = _text(value, "auth_token_ref", "invalid_auth_token_ref")
    return address


def _opencode_address(value: Mapping[str, Any]) -> Mapping[str, str]:
    address = {"base_url": _text(value, "base_url", "invalid_base_url", HTTP_URL).rstrip("/")}
    if isinstance(value.get("session_id"), str) and value["session_id"]:
        address["session_id"] = _text(value, "session_id", "invalid_session_id", OPENCODE_SESSION)
    return address


def _text(value: Mapping[str, Any], name: str, reason: str, form: re.Pattern[str] = ANY_TEXT) -> str:
    text = value.get(name)
    if not isinstance(text, str) or not form.fullmatch(text.strip()):
        raise Refusal("invalid_delivery", reason=reason)
    return text.strip()


ADDRESSES = {
    DeliveryKind.NONE: _no_address,
    DeliveryKind.CLAUDE_CHANNEL: _channel_address,
    DeliveryKind.CODEX_APPSERVER: _codex_address,
    DeliveryKind.OPENCODE_SERVER: _opencode_address,
}
