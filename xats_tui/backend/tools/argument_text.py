"""Arguments as hosts really send them: JSON text for what is no text, `null` and `""` for what is left out.

Several hosts write objects, arrays, numbers and booleans as text.  The tool's own schema tells whether that can mean
anything else: a text where a text may stand is never read as JSON.  It refuses nothing; what has no clear meaning is
left as it is, for strict validation to refuse.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import from_json

Schema = Mapping[str, Any]

MAX_EXACT_INTEGER = 2**53
"""Up to here a number with a decimal point names one integer."""

FITS: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
}
"""The types that arguments of tools have, by their names in a schema."""

TRUTH = {"true": True, "false": False}


def as_meant(schema: Schema, value: Any) -> Any:
    """Return a value as its schema says that it can only be meant; one that fits already is returned as it is."""
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
    """Return an object's fields as they are meant, without those that say nothing and may be left out."""
    known, required = schema.get("properties", {}), schema.get("required", ())
    meant = {name: as_meant(known.get(name, {}), value) for name, value in fields.items()}
    return {
        name: value
        for name, value in meant.items()
        if name in required or name not in known or not (value is None or value == "")
    }


def _read(text: str, kind: str) -> Any:
    """Return what a text says as JSON, if that may be of this type; else the text itself."""
    if kind == "boolean" and text.strip().lower() in TRUTH:  # Python's hosts write True
        return TRUTH[text.strip().lower()]
    try:
        read = from_json(text, allow_inf_nan=False)
    except ValueError:
        return text
    fits = FITS[kind](read) or (kind == "integer" and _names_an_integer(read))
    return read if fits or read is None or isinstance(read, str) else text


def _names_an_integer(value: Any) -> bool:
    """Tell whether a value is a number with a decimal point and nothing behind it."""
    return isinstance(value, float) and value.is_integer() and abs(value) <= MAX_EXACT_INTEGER
