"""Differences between two JSON Schemas, field by field, as subscribers of cross-agent-teams-mcp know them.

The diff copies the reference, including its blind spots: agents rely on its form.  `compatibility` covers
what it overlooks.
"""

from collections.abc import Mapping
from typing import Any


def diff_schemas(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return added, removed and changed fields by path, and whether that breaks a reader of the old version.

    Returns:
        `{added_fields: [{path, type_summary}], removed_fields: […], changed_fields: [{path, from, to}], breaking}`.
    """
    diff: dict[str, Any] = {"added_fields": [], "removed_fields": [], "changed_fields": [], "breaking": False}
    _walk(old, new, "", diff)
    diff["breaking"] = bool(diff["removed_fields"]) or any(map(_breaks, diff["changed_fields"]))
    return diff


def _walk(old: Mapping[str, Any], new: Mapping[str, Any], base: str, diff: dict[str, Any]) -> None:
    old_fields, new_fields = _properties(old), _properties(new)
    for name in dict.fromkeys((*old_fields, *new_fields)):
        path = f"{base}/properties/{name}"
        before, after = old_fields.get(name), new_fields.get(name)
        if _absent(before) and _absent(after):
            continue
        if _absent(after):
            diff["removed_fields"].append({"path": path, "type_summary": _summary(before)})
            continue
        if _absent(before):
            diff["added_fields"].append({"path": path, "type_summary": _summary(after)})
            continue
        was, became = _facet(before, name in _required(old)), _facet(after, name in _required(new))
        if was.get("type") != became.get("type") or was["required"] != became["required"]:
            diff["changed_fields"].append({"path": path, "from": was, "to": became})
        if "object" in (_type(before), _type(after)):
            _walk(_mapping(before), _mapping(after), path, diff)


def _absent(schema: Any) -> bool:
    """Return whether a sub-schema counts as missing: null, false, and other values that JavaScript takes for false."""
    return not schema and not isinstance(schema, (Mapping, list))


def _summary(schema: Any) -> str:
    kind = _type(schema)
    return "unknown" if kind is None else kind


def _breaks(change: Mapping[str, Any]) -> bool:
    was, became = change["from"], change["to"]
    types_differ = "type" in was and "type" in became and was["type"] != became["type"]
    return types_differ or (became["required"] and not was["required"])


def _facet(schema: Any, required: bool) -> dict[str, Any]:
    facet: dict[str, Any] = {"required": required, "raw": schema}
    if (kind := _type(schema)) is not None:
        facet["type"] = kind
    if "enum" in _mapping(schema):
        facet["enum"] = schema["enum"]
    return facet


def _type(schema: Any) -> str | None:
    kind = _mapping(schema).get("type")
    return kind if isinstance(kind, str) else None


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    return _mapping(schema.get("properties"))


def _required(schema: Mapping[str, Any]) -> frozenset[str]:
    names = schema.get("required")
    return frozenset(name for name in names if isinstance(name, str)) if isinstance(names, list) else frozenset()


def _mapping(schema: Any) -> Mapping[str, Any]:
    return schema if isinstance(schema, Mapping) else {}
