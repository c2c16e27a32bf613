"""Whether a contract's schema is a JSON Schema at all, and one that can be worked with.

Pure, and slow for a large schema: call it on a thread.  It checks against the meta-schema of the draft that the schema
names and resolves none of the schema's own references, so nothing is ever fetched.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from jsonschema import Draft3Validator, Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match, relevance
from jsonschema.validators import extend, validator_for
from jsonschema_specifications import REGISTRY as SPECIFICATIONS  # type: ignore[import-untyped]  # it has no stubs
from referencing import Registry
from referencing.jsonschema import specification_with

from xats_tui.backend.services.schemas.values import canonical
from xats_tui.backend.store.sql.columns import to_json
from xats_tui.core.errors import Refusal

MAX_DEPTH = 64
"""Levels of nesting: jsonschema needs a dozen frames a level, and Python has a thousand."""

MAX_DETAIL_CHARS = 300
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
    depth, endless = _measured(schema)
    if depth > MAX_DEPTH:
        raise Refusal("schema_too_large", detail={"max_depth": MAX_DEPTH, "got_depth": depth})
    if endless:
        raise Refusal("invalid_schema", path="", detail="it holds a number that is too large to be kept")
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
    """A draft's validator that takes no longer for a list than the list is long."""
    return extend(draft, {"uniqueItems": _each_once})  # type: ignore[no-untyped-call]  # jsonschema has not typed it


def _each_once(validator: Any, wanted: bool, items: Any, schema: Any) -> Iterator[ValidationError]:
    """`uniqueItems`; jsonschema's own compares each with each where they cannot be sorted."""
    if wanted and isinstance(items, list) and len(set(map(canonical, items))) < len(items):
        yield ValidationError("it lists something twice")


def _shallowest(problem: ValidationError) -> int:
    """The problem to tell of draft 3, whose types may be schemas, which `relevance` cannot take."""
    return -len(problem.path)


def _nameless(meta_schema: Any) -> dict[str, Any]:
    """A meta-schema that does not say which draft it is of: jsonschema would go on with its own validator for it."""
    return {name: value for name, value in meta_schema.items() if name != "$schema"}


META_SCHEMAS: Registry[Any] = Registry().with_resources(
    (uri, specification_with(SPECIFICATIONS.contents(uri)["$schema"]).create_resource(_nameless(resource.contents)))
    for uri, resource in ((uri, SPECIFICATIONS[uri]) for uri in SPECIFICATIONS)
)
"""The meta-schemas of all drafts, and what they refer to; nothing else is looked up."""


def pointer(steps: Iterable[str | int]) -> str:
    """The JSON pointer (RFC 6901) of these steps from the root."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def _measured(value: Any) -> tuple[int, bool]:
    """Levels of arrays and objects, and whether a number is infinite, as `1e999` is; found without recursion."""
    level, depth, endless = [value], 0, False
    while level:
        endless = endless or any(isinstance(one, float) and math.isinf(one) for one in level)
        level = [one for one in level if isinstance(one, (dict, list))]
        depth += bool(level)
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]
    return depth, endless
