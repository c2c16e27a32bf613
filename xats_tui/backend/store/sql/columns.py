"""Conversion of column values that several tables share: times and JSON as text, missing values as NULL."""

import json
from datetime import datetime
from typing import Any

import orjson

from xats_tui.core.clock import from_wire, to_wire


def instant(text: str | None) -> datetime | None:
    """Parse the time in a column that may be NULL."""
    return from_wire(text) if text is not None else None


def column(moment: datetime | None) -> str | None:
    """Format a time that may be missing for a column."""
    return to_wire(moment) if moment is not None else None


def to_json(value: Any) -> str:
    """Encode as JSON, with a question mark for each half of a character."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        # orjson refuses integers beyond 64 bits, which JSON schemas may hold, and names of files and programs that are
        # no UTF-8, of which Python makes halves of characters
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode(errors="replace").decode()


def from_json(text: str) -> Any:
    """Decode what `to_json` encoded."""
    # orjson would turn an integer beyond 64 bits into a float
    return json.loads(text)
