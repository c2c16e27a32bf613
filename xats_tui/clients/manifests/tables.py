"""Tables of a TOML file, read key by key; every complaint is one sentence with the file and the line."""

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from msgspec import Struct

from xats_tui.clients.manifests.patterns import BadPattern, compiled
from xats_tui.core.errors import XatsError

MAX_FILE_BYTES = 64_000

MAX_TEXT_CHARS = 200

MAX_ENTRIES = 40
"""Most entries of a list."""

MAX_DEPTH = 5
"""Most tables and lists within each other."""

HEADER = re.compile(r"\s*\[(?P<many>\[)?\s*(?P<name>[\w. -]+?)\s*\]")
AT_LINE = re.compile(r"(?P<problem>.*?) \(at (?:line (?P<line>\d+), column \d+|end of document)\)", re.DOTALL)


class BadManifest(XatsError):
    """A manifest cannot be used; the text names the file, the line, and what to write instead."""


class Source(Struct, frozen=True, kw_only=True):
    """A file's name and text."""

    name: str
    text: str
    folder: Path | None = None
    """Its folder; None for a text that lies in none."""

    def refuse(self, problem: str, line: int) -> NoReturn:
        """Raise a complaint about a line."""
        raise BadManifest(f"{self.name}, line {line}: {problem}")

    def parsed(self) -> "Table":
        """Return the file's top table.

        Raises:
            BadManifest: it is too large, or not TOML.
        """
        if len(self.text.encode()) > MAX_FILE_BYTES:
            self.refuse(f"the file is larger than {MAX_FILE_BYTES // 1000} kB; a manifest needs less", 1)
        try:
            return Table(source=self, values=tomllib.loads(self.text))
        except tomllib.TOMLDecodeError as error:
            said = AT_LINE.match(str(error))
            line = int(said["line"] or 0) if said else 0
            problem = said["problem"] if said else str(error)
            return self.refuse(f"this is not TOML: {problem}", line or self.text.count("\n") + 1)
        except RecursionError:
            return self.refuse("the file is nested too deeply", 1)

    def line_of(self, path: str, number: int, key: str) -> int:
        """Return the line of a key in the table with this path, else the table's own line; counted from 1.

        Args:
            path: the table's name with dots; empty for the top.
            number: which of several tables with this name, counted from 0.
            key: the key; empty for the table itself.
        """
        wanted, here, seen, start = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*="), "", -1, 1
        for line, text in enumerate(self.text.split("\n"), 1):
            if header := HEADER.match(text):
                here = header["name"]
                seen += here == path
                start = line if here == path and seen == number else start
            elif here == path and seen in (number, -1) and key and wanted.match(text):
                return line
        outer, _, last = path.rpartition(".")
        is_inline = path and seen < 0
        return self.line_of(outer, 0, last) if is_inline else start


@dataclass(slots=True, kw_only=True)
class Table:
    """A table, and which of its keys have been read."""

    source: Source
    values: Mapping[str, Any]
    path: str = ""
    number: int = 0
    _read: set[str] = field(default_factory=set)

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def refuse(self, key: str, problem: str) -> NoReturn:
        """Raise a complaint about a key."""
        self.source.refuse(problem, self.source.line_of(self.path, self.number, key))

    def _value(self, key: str) -> Any:
        self._read.add(key)
        return self.values.get(key)

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text; without a default the key must be there."""
        value = self._value(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value or len(value) > MAX_TEXT_CHARS or not value.isprintable():
            self.refuse(key, f'write {key} = "…", a text of 1 to {MAX_TEXT_CHARS} printable characters')
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; empty if the key is not there."""
        value = self._value(key)
        if value is None:
            return ()
        is_list = isinstance(value, list) and len(value) <= MAX_ENTRIES
        if not is_list or not all(isinstance(one, str) and 0 < len(one) <= MAX_TEXT_CHARS for one in value):
            self.refuse(key, f'write {key} = ["…", "…"], at most {MAX_ENTRIES} texts')
        return tuple(value)

    def number_of(self, key: str, default: int, least: int, most: int) -> int:
        """Return a whole number within bounds."""
        value = self._value(key)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self.refuse(key, f"write {key} = a whole number from {least} to {most}")
        return value

    def flag(self, key: str, default: bool) -> bool:
        """Return `true` or `false`."""
        value = self._value(key)
        if value is not None and not isinstance(value, bool):
            self.refuse(key, f"write {key} = true or {key} = false")
        return default if value is None else value

    def choice(self, key: str, choices: Collection[str], default: str | None = None) -> str:
        """Return one of the given words."""
        value = self._value(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or value not in choices:
            self.refuse(key, f"{key} is one of {', '.join(choices)}")
        return value

    def version(self, key: str) -> str:
        """Return a version; empty for `false`."""
        value = self._value(key)
        if value is False:
            return ""
        if not isinstance(value, str) or not re.fullmatch(r"\d{1,6}(\.\d{1,9}){1,3}", value):
            self.refuse(key, f'write {key} = "1.2.3", the version that was tried, or {key} = false')
        return value

    def pattern(self, key: str) -> re.Pattern[str]:
        """Return a compiled pattern; the key must be there."""
        value = self._value(key)
        if not isinstance(value, str):
            self.refuse(key, f"write {key} = '…', a pattern in single quotes")
        try:
            return compiled(value)
        except BadPattern as error:
            self.refuse(key, f"{key}: {error}")

    def plain(self, key: str) -> Any:
        """Return a text, a number, true or false, or a list or table of them; None if the key is not there."""
        value = self._value(key)
        if value is not None and not _is_plain(value):
            self.refuse(key, f"write {key} as a text, a whole number, true, false, or a list or table of these")
        return value

    def table(self, key: str) -> "Table | None":
        """Return a table below this one; None if it is not there."""
        value = self._value(key)
        path = f"{self.path}.{key}" if self.path else key
        if value is None:
            return None
        if not isinstance(value, dict):
            self.refuse(key, f"write [{path}] as a table of its own")
        return Table(source=self.source, values=value, path=path)

    def tables(self, key: str) -> "tuple[Table, ...]":
        """Return the tables of a list below this one."""
        value = self._value(key)
        path = f"{self.path}.{key}" if self.path else key
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value) or len(value) > MAX_ENTRIES:
            self.refuse(key, f"write [[{path}]] for each, at most {MAX_ENTRIES} of them")
        return tuple(
            Table(source=self.source, values=one, path=path, number=number) for number, one in enumerate(value)
        )

    def end(self) -> None:
        """Refuse keys that nothing has read."""
        for key in self.values:
            if key not in self._read:
                place = f"[{self.path}]" if self.path else "a manifest"
                self.refuse(key, f"{place} has no key {key!r}{_meant(key, sorted(self._read))}")


def _is_plain(value: object, depth: int = 0) -> bool:
    """Return whether a value is one that every format of configuration has, and not too large."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return depth < MAX_DEPTH and len(value) <= MAX_ENTRIES and all(_is_plain(one, depth + 1) for one in inner)
    return isinstance(value, bool | int) or (isinstance(value, str) and len(value) <= MAX_TEXT_CHARS)


def _meant(key: str, known: Sequence[str]) -> str:
    """Return what was probably meant, or what there is."""
    near = get_close_matches(key, known, n=1)
    return f": did you mean {near[0]}?" if near else f"; it has {', '.join(known)}"
