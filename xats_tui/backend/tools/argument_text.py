"""Correction of arguments that clients encode as text, or send empty instead of leaving them out.

Several clients write objects, arrays, numbers and booleans as JSON text.  A text is only decoded if the tool's schema
does not allow a text there.  Nothing is refused here: an unclear value stays as it is, and strict validation refuses
it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import from_json

Schema = Mapping[str, Any]

MAX_EXACT_INTEGER = 2**53
"""Largest value up to which a float names exactly one integer."""

FITS: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
}
"""Checks for the types of tool arguments, by their names in a schema."""

TRUTH = {"true": True, "false": False}


def as_meant(schema: Schema, value: Any) -> Any:
    """Return a value converted to the type in its schema, or unchanged if it fits or cannot be converted."""
    kind: str = schema.get("type", "")
    if kind not in FITS:
        return value
    if kind == "integer" and _names_an_integer(value):
        return int(value)
    if isinstance(value, str) and kind != "string":
        read = _read(value, kind)
        return value if read is value else as_meant(schema, read)
    if kind == "object" and isinstance(value, dict):
        return _fields_as_meant(schema, value)
    if kind == "array" and isinstance(value, list):
        return [as_meant(schema.get("items", {}), entry) for entry in value]
    return value


def _fields_as_meant(schema: Schema, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the converted fields of an object, without empty optional fields."""
    known, required = schema.get("properties", {}), schema.get("required", ())
    meant = {name: as_meant(known.get(name, {}), value) for name, value in fields.items()}
    return {
        name: value
        for name, value in meant.items()
        if name in required or name not in known or not (value is None or value == "")
    }


def _read(text: str, kind: str) -> Any:
    """Return the value of a JSON text if it may have this type, else the text itself."""
    if kind == "boolean" and text.strip().lower() in TRUTH:  # clients in Python write True
        return TRUTH[text.strip().lower()]
    try:
        read = from_json(text, allow_inf_nan=False)
    except ValueError:
        return text
    fits = FITS[kind](read) or (kind == "integer" and _names_an_integer(read))
    return read if fits or read is None or isinstance(read, str) else text


def _names_an_integer(value: Any) -> bool:
    """Return whether a value is a float without a fraction."""
    return isinstance(value, float) and value.is_integer() and abs(value) <= MAX_EXACT_INTEGER
