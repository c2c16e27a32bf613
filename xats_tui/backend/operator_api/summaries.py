"""The summary of a span of time, as commands ask for it."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.backend.operator_api.base import Command, Word
from xats_tui.backend.operator_api.records import Record, plain
from xats_tui.backend.tools.base import Answer, Arguments, Optional
from xats_tui.core.model.activity import Summary, SummaryLine, SummaryNote


class SinceQuery(Arguments):
    since: Annotated[datetime, Field(strict=False)]
    """With a time zone, as `to_wire` writes it."""
    team: Optional[Word] = None


async def since(operator: OperatorApi, arguments: SinceQuery) -> Answer:
    """Return what happened since a moment, a line for each kind of which something happened."""
    return summary_record(await operator.since(arguments.since, arguments.team))


def summary_record(summary: Summary) -> Record:
    """Return a summary as JSON."""
    return {
        "since": plain(summary.since),
        "until": plain(summary.until),
        "team": summary.team,
        "lines": [_line(line) for line in summary.lines],
    }


def _line(line: SummaryLine) -> Record:
    return {
        "kind": line.kind,
        "count": line.count,
        "is_least": line.is_least,
        "list": line.noun,
        "filter": line.words,
        "notes": [_note(note) for note in line.notes],
    }


def _note(note: SummaryNote) -> Record:
    seconds = note.duration.total_seconds() if note.duration is not None else None
    return {"what": note.what, "who": note.who, "count": note.count, "seconds": seconds, "is_open": note.is_open}


SUMMARIES = (Command(name="since", arguments=SinceQuery, run=since),)
