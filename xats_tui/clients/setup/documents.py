"""Formats of configuration files: values are read out of a text, put into it, and taken out where they stand.

A place in a document is a path of keys and indexes: `("hooks", "Stop", 0)`.
"""

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import tomlkit
from msgspec import Struct
from tomlkit.exceptions import ParseError, TOMLKitError
from tomlkit.items import InlineTable

from xats_tui.clients.setup import jsonc
from xats_tui.clients.setup.config_files import NotUnderstood, as_object

Place = Sequence[str | int]


class DocumentFormat(Protocol):
    """A format in which a program keeps its configuration."""

    def parsed(self, text: str, path: Path) -> Mapping[str, Any]:
        """Return the document; empty if the text is blank.

        Raises:
            NotUnderstood: it cannot be read, or is no object.
        """
        ...

    def with_value(self, text: str, place: Place, value: Any, path: Path) -> str:
        """Return the text with a value put there, with what is missing on the way; an index behind the last appends.

        Raises:
            NotUnderstood: it cannot be read, or not changed without touching something else.
        """
        ...

    def without(self, text: str, place: Place, path: Path) -> str:
        """Return the text without what stands there; the same text if nothing does.

        Raises:
            NotUnderstood: it cannot be read.
        """
        ...


class JsonFormat(Struct, frozen=True, kw_only=True):
    """JSON."""

    comments: bool
    """True if the program reads comments and trailing commas."""

    def parsed(self, text: str, path: Path) -> Mapping[str, Any]:
        if not text.strip():
            return {}
        return as_object(self._checked(path, lambda: jsonc.parsed(text, comments=self.comments)), path)

    def with_value(self, text: str, place: Place, value: Any, path: Path) -> str:
        text = text if text.strip() else "{}\n"
        return str(self._checked(path, lambda: jsonc.with_value(text, place, value, comments=self.comments)))

    def without(self, text: str, place: Place, path: Path) -> str:
        if not text.strip():
            return text
        return str(self._checked(path, lambda: jsonc.without(text, place, comments=self.comments)))

    def _checked(self, path: Path, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except jsonc.NotJson as error:
            raise NotUnderstood(f"{path}:{error.line}:{error.column}: not valid JSON: {error.problem}") from None
        except RecursionError:
            raise NotUnderstood(f"{path}: values are nested too deep in it") from None


class TomlFormat(Struct, frozen=True, kw_only=True):
    """TOML."""

    def parsed(self, text: str, path: Path) -> Mapping[str, Any]:
        return as_object(_parsed_toml(text, path).unwrap(), path)

    def with_value(self, text: str, place: Place, value: Any, path: Path) -> str:
        document, end = _parsed_toml(text, path), _end_of(text) if text.strip() else "\n"
        wanted = document.unwrap()
        _put(wanted, place, value)
        if wanted == document.unwrap():
            return text
        _put_into_toml(document, place, value)
        changed = tomlkit.dumps(document).rstrip("\n") + end
        if _read_toml(changed) != wanted:
            raise NotUnderstood(
                f"{path} cannot be changed without touching what is not ours: "
                f"add this yourself: {'.'.join(map(str, place))} = {json.dumps(value, ensure_ascii=False)}"
            )
        return changed

    def without(self, text: str, place: Place, path: Path) -> str:
        document: Any = _parsed_toml(text, path)
        container = value_at(document, place[:-1], path)
        if container is None or not _has(container, place[-1]):
            return text
        del container[place[-1]]
        changed = tomlkit.dumps(document).rstrip("\n")
        return changed + _end_of(text) if changed else ""


JSON, JSONC, TOML = JsonFormat(comments=False), JsonFormat(comments=True), TomlFormat()


def value_at(document: Any, place: Place, path: Path) -> Any:
    """Return the value at a place of a parsed document; None if there is none.

    Raises:
        NotUnderstood: something on the way is no object.
    """
    for key in place:
        if isinstance(key, int):
            document = document[key] if isinstance(document, list) and key < len(document) else None
        else:
            document = as_object(document, path).get(key)
        if document is None:
            return None
    return document


def without_empty(form: DocumentFormat, text: str, place: Place, path: Path, former: str | None) -> str:
    """Return the text without each empty object or list at this place and around it, the document included.

    Args:
        form: the document's format.
        text: the document.
        place: the innermost object or list.
        path: its file, for complaints.
        former: the text before anything of ours was in it, whose empty objects stay; None if there was no file.
    """
    before = form.parsed(former or "", path)
    for depth in range(len(place), 0, -1):
        around = place[:depth]
        if value_at(form.parsed(text, path), around, path) in ({}, []) and value_at(before, around, path) is None:
            text = form.without(text, around, path)
    return "" if former is None and text.split() in ([], ["{}"], ["{", "}"]) else text


def _has(container: Any, key: str | int) -> bool:
    return key < len(container) if isinstance(key, int) else key in container


def _put(container: Any, place: Place, value: Any) -> None:
    """Put a value into plain objects and lists."""
    for key, following in pairwise(place):
        if not _has(container, key):
            _assign(container, key, [] if isinstance(following, int) else {})
        container = container[key]
    _assign(container, place[-1], deepcopy(value))


def _put_into_toml(document: tomlkit.TOMLDocument, place: Place, value: Any) -> None:
    """Put a value into a document of tomlkit's; a new table gets a header where its surroundings have one."""
    container: Any = document
    for key, following in pairwise(place):
        if not _has(container, key):
            if isinstance(following, int):
                _assign(container, key, tomlkit.array())
            elif container is document:
                document.append(str(key), tomlkit.table(is_super_table=True))
            else:
                _assign(container, key, _new_table(container))
        container = container[key]
    if not isinstance(value, Mapping) or _has(container, place[-1]):
        _assign(container, place[-1], value)
        return
    table = _new_table(container)
    _assign(container, place[-1], table)
    inserted = container[place[-1]]
    for name, one in value.items():
        inserted[name] = one
    if not isinstance(table, InlineTable):
        inserted.add(tomlkit.nl())


def _new_table(container: Any) -> Any:
    return tomlkit.inline_table() if isinstance(container, InlineTable | list) else tomlkit.table()


def _assign(container: Any, key: str | int, value: Any) -> None:
    if isinstance(key, int) and key == len(container):
        container.append(value)
    else:
        container[key] = value


def _parsed_toml(text: str, path: Path) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except ParseError as error:
        what = str(error).split(" at line ")[0]
        raise NotUnderstood(f"{path}:{error.line}:{error.col}: not valid TOML: {what}") from None
    except TOMLKitError as error:
        raise NotUnderstood(f"{path}: not valid TOML: {error}") from None


def _end_of(text: str) -> str:
    """Return the newlines that a text ends with."""
    return text[len(text.rstrip("\n")) :]


def _read_toml(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
