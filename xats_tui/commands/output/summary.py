"""The summary of a span of time as a table: what happened, its details, and the command that lists the rows."""

from collections.abc import Mapping
from datetime import timedelta

from xats_tui.commands.output.tables import Columns, Record, table, text
from xats_tui.core.clock import from_wire
from xats_tui.core.model.activity import Happening, SummaryLine, SummaryNote
from xats_tui.screens.details.summary import moment_words, notes_of, title_of
from xats_tui.screens.widgets.format import one_line

COMMANDS: Mapping[str, str] = {
    "messages": "xats-tui messages",
    "wakes": "xats-tui wakes",
    "tasks": "xats-tui tasks",
    "contracts": "xats-tui contracts",
    "agents": "xats-tui agents",
}
"""Command that lists the rows of a noun; the activity has none."""

OPTIONS: Mapping[Happening, str] = {
    Happening.TO_YOU: " --agent operator --unread",
    Happening.WAKES_FAILED: " --failed",
}


def summary_facts(answer: Record, wide: bool) -> str:
    """Return a head with the moment, and a table of what happened since then."""
    since, until = from_wire(answer["since"]), from_wire(answer["until"])
    whose = f"team {one_line(answer['team'])}" if answer["team"] else "all teams"
    head = f"since {moment_words(since, until)}, {whose}"
    lines = [line_of(record) for record in answer["lines"]]
    if not lines:
        return f"{head}: nothing happened"
    records = [{"what": title_of(line), "details": notes_of(line), "rows": _command(line)} for line in lines]
    columns: Columns = {"what": text("what"), "details": text("details"), "rows": text("rows")}
    return f"{head}\n\n{table(columns, records, wide=wide)}"


def _command(line: SummaryLine) -> str:
    command = COMMANDS.get(line.noun, "")
    return command and command + OPTIONS.get(line.kind, "")


def line_of(record: Record) -> SummaryLine:
    """Return a line of a summary from its JSON."""
    return SummaryLine(
        kind=Happening(record["kind"]),
        count=record["count"],
        is_least=record["is_least"],
        notes=tuple(_note(note) for note in record["notes"]),
    )


def _note(record: Record) -> SummaryNote:
    stood = timedelta(seconds=record["seconds"]) if record["seconds"] is not None else None
    return SummaryNote(
        what=record["what"], who=record["who"], count=record["count"], duration=stood, is_open=record["is_open"]
    )
