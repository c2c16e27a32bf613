"""The messages in a host's lines, by JSON-RPC: every request can be answered, whatever its id looks like.

It does not know what a method does.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

PARSE_ERROR = -32700
INVALID_REQUEST = -32600

RequestId = str | int | float

NOTIFICATIONS = "notifications/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A message that waits for an answer under its id."""

    id: RequestId
    method: str
    params: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """A message that nobody answers."""

    method: str
    params: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed:
    """A message that is no JSON-RPC; its sender is told so, under its id if it has a usable one."""

    id: RequestId | None
    code: int
    sentence: str


Received = Request | Notification | Malformed


def messages_in(line: bytes) -> list[Received]:
    """Return the messages of a line: one, or those of a batch, which only the protocol of March 2025 has."""
    if not line.strip():
        return []
    try:
        parsed = json.loads(line)
    except (ValueError, RecursionError):
        return [Malformed(id=None, code=PARSE_ERROR, sentence="Parse error: no JSON, or nested too deeply")]
    if parsed == []:
        return [_invalid(None, "a batch without messages")]
    return [
        message for one in (parsed if isinstance(parsed, list) else [parsed]) if (message := _message(one)) is not None
    ]


def usable_id(value: object) -> RequestId | None:
    """Return the id of a request if it is one that an answer can repeat, else None."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _message(value: object) -> Received | None:
    """Return what a JSON value is as a message; None for a host's answer, which nobody here waits for."""
    if not isinstance(value, dict):
        return _invalid(None, "no JSON-RPC message")
    method, params = value.get("method"), value.get("params")
    if "method" not in value:
        answers = "result" in value or "error" in value
        return None if answers else _invalid(usable_id(value.get("id")), "no JSON-RPC message")
    if isinstance(method, str) and _waits_for_nothing(method, value):
        return Notification(method=method, params=params)
    return _request(method, usable_id(value.get("id")), params)


def _waits_for_nothing(method: str, message: Mapping[str, object]) -> bool:
    """Tell whether a message is a notification; JSON-RPC 1.0 wrote them with an id of null."""
    return "id" not in message or (message["id"] is None and method.startswith(NOTIFICATIONS))


def _request(method: object, request_id: RequestId | None, params: object) -> Received:
    if request_id is None:
        return _invalid(None, "the id of a request is a text or a number")
    if not isinstance(method, str):
        return _invalid(request_id, "the method is no text")
    return Request(id=request_id, method=method, params=params)


def _invalid(request_id: RequestId | None, why: str) -> Malformed:
    return Malformed(id=request_id, code=INVALID_REQUEST, sentence=f"Invalid Request: {why}")
