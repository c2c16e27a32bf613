"""The JSON-RPC messages in a host's lines; every request gets an answer, whatever its id looks like."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601

RequestId = str | int | float

NOTIFICATIONS = "notifications/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A message that expects an answer under its id."""

    id: RequestId
    method: str
    params: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """A message that expects no answer."""

    method: str
    params: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed:
    """A message that is not valid JSON-RPC; its sender gets an error, under the message's id if that is usable."""

    id: RequestId | None
    code: int
    sentence: str


Received = Request | Notification | Malformed


def messages_in(line: bytes) -> list[Received]:
    """Return the messages of a line: one, or a batch, which only the protocol of March 2025 allows."""
    if not line.strip():
        return []
    try:
        parsed = json.loads(line)
    except (ValueError, RecursionError):
        return [Malformed(id=None, code=PARSE_ERROR, sentence="Parse error: not JSON, or nested too deeply")]
    if parsed == []:
        return [_invalid(None, "an empty batch")]
    return [
        message for one in (parsed if isinstance(parsed, list) else [parsed]) if (message := _message(one)) is not None
    ]


def unknown_method(method: str) -> dict[str, Any]:
    """Return the error for a request whose method is not known."""
    return {"code": METHOD_NOT_FOUND, "message": f"Method not found: {method}"}


def usable_id(value: object) -> RequestId | None:
    """Return the id of a request if an answer can repeat it, else None."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _message(value: object) -> Received | None:
    """Return the message in a JSON value; None for an answer of the host, which nothing here waits for."""
    if not isinstance(value, dict):
        return _invalid(None, "not a JSON-RPC message")
    method, params = value.get("method"), value.get("params")
    if "method" not in value:
        answers = "result" in value or "error" in value
        return None if answers else _invalid(usable_id(value.get("id")), "not a JSON-RPC message")
    if isinstance(method, str) and _waits_for_nothing(method, value):
        return Notification(method=method, params=params)
    return _request(method, usable_id(value.get("id")), params)


def _waits_for_nothing(method: str, message: Mapping[str, object]) -> bool:
    """Return whether a message is a notification; JSON-RPC 1.0 wrote notifications with an id of null."""
    return "id" not in message or (message["id"] is None and method.startswith(NOTIFICATIONS))


def _request(method: object, request_id: RequestId | None, params: object) -> Received:
    if request_id is None:
        return _invalid(None, "the id of a request must be a string or a number")
    if not isinstance(method, str):
        return _invalid(request_id, "the method must be a string")
    return Request(id=request_id, method=method, params=params)


def _invalid(request_id: RequestId | None, why: str) -> Malformed:
    return Malformed(id=request_id, code=INVALID_REQUEST, sentence=f"Invalid Request: {why}")
