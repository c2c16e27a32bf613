"""How values lie in the columns that several nouns share: instants and JSON as text, empty ones as NULL."""

import json
from datetime import datetime
from typing import Any

import orjson

from xats_tui.core.clock import from_wire, to_wire


def instant(text: str | None) -> datetime | None:
    """The instant in a column that may be NULL."""
    return from_wire(text) if text is not None else None


def column(moment: datetime | None) -> str | None:
    """The column's value for an instant that may be missing."""
    return to_wire(moment) if moment is not None else None


def to_json(value: Any) -> str:
    """JSON as quickly as it goes; integers beyond 64 bits, which schemas may hold, take the slow way."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def from_json(text: str) -> Any:
    """The value that `to_json` wrote; orjson would make a float of an integer beyond 64 bits."""
    return json.loads(text)
