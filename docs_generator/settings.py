"""Table of all settings, taken from `xats_tui.runtime.settings`."""

from collections.abc import Mapping
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from docs_generator.markdown import code, table
from xats_tui.commands.options import METAVARS
from xats_tui.runtime.settings import DESCRIPTION, FILE_ONLY, Settings, flag_of

HEAD = ("flag", "variable", "in `config.toml`", "default", "meaning")

PLACEHOLDERS: Mapping[object, str] = {int: "N", bool: "BOOL"}

IN_THE_HOME = {"db": "db_path", "pid_file": "pid_path", "log_file": "log_path"}
"""Settings whose default is a file in the home, with the property that returns its path."""


def settings() -> str:
    """Return a row for each setting."""
    return table(HEAD, [_row(field.name, field) for field in fields(Settings)])


def _row(name: str, field: Field[Any]) -> tuple[str, ...]:
    if name in FILE_ONLY:
        return ("–", "–", code(f"[{name}]"), "empty", _meaning(name, field))
    in_file = "–" if name == "home" else code(name)
    flag = f"{flag_of(name)} {_metavar(name, field)}"
    return (code(flag), code(f"XATS_{name.upper()}"), in_file, _default(name, field), _meaning(name, field))


def _metavar(name: str, field: Field[Any]) -> str:
    known = METAVARS.get(name) or PLACEHOLDERS.get(field.type)
    return known or ("FILE" if name in IN_THE_HOME else name.rpartition("_")[2].upper())


def _default(name: str, field: Field[Any]) -> str:
    if name in IN_THE_HOME:
        return f"{code(_file(name))} in the home"
    if field.default is None:
        return "none"
    return code(str(field.default).lower() if isinstance(field.default, bool) else str(field.default))


def _meaning(name: str, field: Field[Any]) -> str:
    text = str(field.metadata[DESCRIPTION])
    return f"{text.partition('; ')[0]}." if name in IN_THE_HOME else text


def _file(name: str) -> str:
    path: Path = getattr(Settings(), IN_THE_HOME[name])
    return path.name
