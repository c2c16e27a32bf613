"""Checks that a contract's schema is a valid JSON Schema of a size that can be processed.

Large schemas take long: call it on a thread.  The schema is checked against the meta-schema of its draft; its own
references are not resolved, so nothing is ever fetched.
"""

import math
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from jsonschema import Draft3Validator, Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match, relevance
from jsonschema.validators import extend, validator_for
from jsonschema_specifications import REGISTRY as SPECIFICATIONS  # type: ignore[import-untyped]  # it has no stubs
from referencing import Registry
from referencing.jsonschema import specification_with

from xats_tui.backend.services.schemas.values import canonical, pointer
from xats_tui.backend.store.sql.columns import to_json
from xats_tui.core.errors import Refusal

MAX_DEPTH = 64
"""Levels of nesting: jsonschema needs a dozen stack frames a level, and Python has a thousand."""

MAX_DETAIL_CHARS = 300
"""Characters of an explanation, which quotes the schema."""


def check_schema(schema: Mapping[str, Any], size_limit: int) -> None:
    """Refuse an invalid JSON Schema of its draft (`$schema`; 2020-12 if that is missing or unknown).

    Args:
        schema: the schema to register.
        size_limit: most bytes of UTF-8 that it may have as JSON.

    Raises:
        Refusal: `schema_too_large` with the limit and the actual size; `invalid_schema` with `path`, a JSON pointer
            (RFC 6901) to the problem, and `detail`.
    """
    depth, endless = _measured(schema)
    if depth > MAX_DEPTH:
        raise Refusal("schema_too_large", detail={"max_depth": MAX_DEPTH, "got_depth": depth})
    if endless:
        raise Refusal("invalid_schema", path="", detail="it holds a number that is too large to be stored")
    size = len(to_json(schema).encode())
    if size > size_limit:
        raise Refusal("schema_too_large", detail={"max": size_limit, "got": size})
    named = {"$schema": str(schema.get("$schema"))}
    draft = _linear(validator_for(named, default=Draft202012Validator))
    problems = draft(_nameless(draft.META_SCHEMA), registry=META_SCHEMAS).iter_errors(schema)
    problem = best_match(problems, key=_shallowest if draft is _linear(Draft3Validator) else relevance)
    if problem is not None:
        detail = problem.message[:MAX_DETAIL_CHARS]
        raise Refusal("invalid_schema", path=pointer(problem.absolute_path), detail=detail)


@cache
def _linear(draft: Any) -> Any:
    """Return a draft's validator that takes linear time for `uniqueItems`."""
    return extend(draft, {"uniqueItems": _each_once})  # type: ignore[no-untyped-call]  # jsonschema has not typed it


def _each_once(validator: Any, wanted: bool, items: Any, schema: Any) -> Iterator[ValidationError]:
    """Validate `uniqueItems` by canonical texts."""
    # jsonschema's own check compares each item with each other if they cannot be sorted.
    if wanted and isinstance(items, list) and len(set(map(canonical, items))) < len(items):
        yield ValidationError("it lists an item twice")


def _shallowest(problem: ValidationError) -> int:
    """Return a sort key for problems of draft 3, whose types may be schemas, which `relevance` cannot handle."""
    return -len(problem.path)


def _nameless(meta_schema: Any) -> dict[str, Any]:
    """Return a meta-schema without its `$schema`."""
    # With `$schema`, jsonschema would switch back to its own validator for nested schemas.
    return {name: value for name, value in meta_schema.items() if name != "$schema"}


META_SCHEMAS: Registry[Any] = Registry().with_resources(
    (uri, specification_with(SPECIFICATIONS.contents(uri)["$schema"]).create_resource(_nameless(resource.contents)))
    for uri, resource in ((uri, SPECIFICATIONS[uri]) for uri in SPECIFICATIONS)
)
"""The meta-schemas of all drafts and their references; nothing else is looked up."""


def _measured(value: Any) -> tuple[int, bool]:
    """Return the nesting depth, and whether a number is infinite (`1e999`); works without recursion."""
    level, depth, endless = [value], 0, False
    while level:
        endless = endless or any(isinstance(one, float) and math.isinf(one) for one in level)
        level = [one for one in level if isinstance(one, (dict, list))]
        depth += bool(level)
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]
    return depth, endless
