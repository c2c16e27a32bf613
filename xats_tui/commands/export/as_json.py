"""A report as JSON: one object, whose arrays are written row by row."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from xats_tui.commands.export.pages import Report

FORMAT = "xats-tui report 1"
"""Name of this shape; a change that a reader has to know of gets another number."""


def as_json(report: Report) -> Iterator[str]:
    """Yield the report piece by piece."""
    head = report.head()
    yield f'{{\n"format": {_dumped(FORMAT)},\n'
    for field in ("since", "until", "team"):
        yield f'"{field}": {_dumped(head[field])},\n'
    yield f'"summary": {_dumped(head["lines"])},\n'
    parts: Mapping[str, Iterable[Any]] = {
        "timeline": report.timeline(),
        "messages": report.messages(),
        "wakes": report.wakes(),
        "tasks": report.tasks(),
        "contracts": report.contracts(),
    }
    for name, rows in parts.items():
        yield f'"{name}": [\n'
        for number, row in enumerate(rows):
            yield f"{',' if number else ''}{_dumped(row)}\n"
        yield "],\n"
    yield f'"agents": {_dumped(head["agents"])}\n}}\n'


def _dumped(value: Any) -> str:
    # In ASCII, no terminal obeys foreign text in it.
    return json.dumps(value)
