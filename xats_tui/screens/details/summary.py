"""Words of a summary's lines, for the dashboard and for the command line.

Nothing of Textual is imported here: the command that prints a summary does not wait for it.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from xats_tui.core.model.activity import Happening, SummaryLine, SummaryNote
from xats_tui.screens.widgets.format import age, minute_of_day, one_line

TITLES: Mapping[Happening, tuple[str, str]] = {
    Happening.TO_YOU: ("unread message to you", "unread messages to you"),
    Happening.MESSAGES: ("message", "messages"),
    Happening.WAKES: ("wake", "wakes"),
    Happening.WAKES_FAILED: ("wake failed", "wakes failed"),
    Happening.DIALOGS: ("dialog opened", "dialogs opened"),
    Happening.TASKS_DONE: ("task done", "tasks done"),
    Happening.CONTRACTS: ("contract version", "contract versions"),
    Happening.CONTRACTS_BROKEN: ("breaking version", "breaking versions"),
    Happening.CAME: ("agent came", "agents came"),
    Happening.LEFT: ("agent left", "agents left"),
    Happening.LOST: ("agent lost", "agents lost"),
}
"""Words for one, and for several."""

URGENT = frozenset({Happening.TO_YOU, Happening.WAKES_FAILED, Happening.CONTRACTS_BROKEN, Happening.LOST})
"""Kinds that most likely need a person."""


def title_of(line: SummaryLine) -> str:
    """Return the count of a line with its noun: `2 wakes failed`."""
    least = "at least " if line.is_least else ""
    return f"{least}{line.count:,} {TITLES[line.kind][line.count != 1]}"


def notes_of(line: SummaryLine) -> str:
    """Return the details of a line in one line; empty if it has none."""
    told = NOTED.get(line.kind, _about)
    return ", ".join(filter(None, map(told, line.notes)))


def moment_words(moment: datetime, now: datetime) -> str:
    """Return a moment as local time with its age: `12:31 (29m ago)`, or `29 Nov 12:31 (1d ago)`."""
    return f"{minute_of_day(moment, now)} ({age(now - moment)} ago)"


def _about(note: SummaryNote) -> str:
    return ": ".join(filter(None, (one_line(note.who), one_line(note.what))))


def _counted(note: SummaryNote) -> str:
    return f"{note.count:,} {one_line(note.what)}"


def _repeated(note: SummaryNote) -> str:
    return f"{one_line(note.what) or 'no reason'}{f' ×{note.count:,}' if note.count > 1 else ''}"


def _stood(note: SummaryNote) -> str:
    still = " and still open" if note.is_open else ""
    return (
        f"{one_line(note.who)} {age(note.duration) if note.duration is not None else ''}{still} ({one_line(note.what)})"
    )


def _who(note: SummaryNote) -> str:
    return one_line(note.who if "@" in note.who else f"{note.who}@{note.what}")


def _lost(note: SummaryNote) -> str:
    return _repeated(SummaryNote(what=note.who, count=note.count))


NOTED: Mapping[Happening, Callable[[SummaryNote], str]] = {
    Happening.WAKES: _counted,
    Happening.WAKES_FAILED: _repeated,
    Happening.DIALOGS: _stood,
    Happening.CAME: _who,
    Happening.LEFT: _who,
    Happening.LOST: _lost,
}
"""How the notes of each kind read; the others name the agent, then the matter."""
