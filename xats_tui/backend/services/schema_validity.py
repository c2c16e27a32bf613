"""Whether a contract's schema is a JSON Schema at all, and one that can be worked with.

Pure, and slow for a large schema: call it on a thread.  It checks against the meta-schema of the draft that the schema
names and resolves none of the schema's own references, so nothing is ever fetched.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from jsonschema.validators import validator_for

from xats_tui.backend.errors import Refusal
from xats_tui.backend.store.columns import to_json

DEEPEST = 64
"""Levels of nesting: jsonschema needs a dozen frames a level, and Python has a thousand."""

LONGEST_DETAIL = 300
"""Characters of an explanation, which quotes what it is about."""


def check_schema(schema: Mapping[str, Any], size_limit: int) -> None:
    """Refuse what is no JSON Schema of its draft (`$schema`; 2020-12 if that is missing or of nobody we know).

    Args:
        schema: what somebody wants to register.
        size_limit: bytes of UTF-8 that it may have as JSON.

    Raises:
        Refusal: `schema_too_large` with what is allowed and what it has; `invalid_schema` with `path`, a JSON pointer
            (RFC 6901) to what is wrong, and `detail`.
    """
    depth = _depth(schema)
    if depth > DEEPEST:
        raise Refusal("schema_too_large", detail={"max_depth": DEEPEST, "got_depth": depth})
    size = len(to_json(schema).encode())
    if size > size_limit:
        raise Refusal("schema_too_large", detail={"max": size_limit, "got": size})
    named = {"$schema": str(schema.get("$schema"))}
    draft = validator_for(named, default=Draft202012Validator)
    problem = best_match(draft(draft.META_SCHEMA).iter_errors(schema))
    if problem is not None:
        detail = problem.message[:LONGEST_DETAIL]
        raise Refusal("invalid_schema", path=pointer(problem.absolute_path), detail=detail)


def pointer(steps: Iterable[str | int]) -> str:
    """The JSON pointer (RFC 6901) of these steps from the root."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def _depth(value: Any) -> int:
    """Levels of arrays and objects, counted without recursion."""
    level, depth = [value], 0
    while level := [one for one in level if isinstance(one, (dict, list))]:
        depth += 1
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]
    return depth
