"""Changes and fields of records, which are frozen structs, or frozen dataclasses where ARCHITECTURE.md says so.

A frozen dataclass takes 0.5 ms to define and 1 µs to create, a struct 0.02 ms and 0.1 µs.
"""

import dataclasses
from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

if TYPE_CHECKING:
    from dataclasses import replace as replace  # with it mypy checks the new fields, those of structs, too
else:

    def replace(record: Any, /, **changes: Any) -> Any:
        """Return a copy of a record with other values in some fields.

        Raises:
            TypeError: the record has no such field.
        """
        change = structs.replace if isinstance(record, Struct) else dataclasses.replace
        return change(record, **changes)


def is_record(value: object) -> bool:
    """Return whether a value is a struct or an object of a dataclass."""
    return isinstance(value, Struct) or (dataclasses.is_dataclass(value) and not isinstance(value, type))


def fields_of(record: Any) -> dict[str, Any]:
    """Return the values with which a record was created, by the names of their fields."""
    if isinstance(record, Struct):
        return structs.asdict(record)
    return {field.name: getattr(record, field.name) for field in dataclasses.fields(record) if field.init}
