"""Values as JSON Schema sees them: when two are the same, and which numbers are numbers.

Pure.  It knows nothing of schemas.
"""

import json
import math
from typing import Any


def canonical(value: Any) -> str:
    """JSON that is equal for equal values: keys in order, whole numbers as such."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def is_number(value: Any) -> bool:
    """Whether it is a JSON number that is not too large to be one."""
    return (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, float) and math.isfinite(value)
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
