"""Values as JSON Schema sees them: their equality, which numbers are finite, and pointers into them."""

import json
import math
from collections.abc import Iterable
from typing import Any


def canonical(value: Any) -> str:
    """Return JSON that is equal for equal values: sorted keys, whole numbers without a fraction."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def is_number(value: Any) -> bool:
    """Return whether a value is a finite JSON number."""
    return (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, float) and math.isfinite(value)
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def pointer(steps: Iterable[str | int]) -> str:
    """Return the JSON pointer (RFC 6901) of these steps from the root."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
