"""Tickets: details as Markdown, to be pasted elsewhere.

Every text stands in a fence, because agents wrote it: nothing in it is read as Markdown.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from textual.content import Content

from xats_tui.core.model.activity import LoggedEvent
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.details.markdown import escaped, fenced
from xats_tui.screens.rows.names import name_of
from xats_tui.screens.widgets.format import date_and_time

TICKET_CELLS = 100
"""Width for which details of a ticket are laid out, in cells."""


class Section(Struct, frozen=True):
    """A part of a ticket."""

    content: Content
    title: str = ""
    language: str = "text"
    """Language of the fence."""


def ticket(title: str, sections: Sequence[Section], now: datetime) -> str:
    """Return a ticket as Markdown, ending with a newline."""
    head = f"## {escaped(title)}\n\nas of {date_and_time(now)}\n"
    return "\n".join([head, *(_drawn(section) for section in sections if section.content.plain.strip())])


def task_history(snapshot: Snapshot, task_id: str) -> Content:
    """Return what happened to a task, oldest first, as far as the activity log is loaded."""
    known = (event for event in snapshot.events if event.kind.startswith("task_") and event.about == task_id)
    return Content("\n".join(_happened(snapshot, event) for event in sorted(known, key=lambda event: event.event_id)))


def _happened(snapshot: Snapshot, event: LoggedEvent) -> str:
    what = event.kind.removeprefix("task_").replace("_", " ")
    to = f" ({', '.join(name_of(snapshot, other) for other in event.others)})" if event.others else ""
    return f"{date_and_time(event.at)}  {name_of(snapshot, event.actor_id, event.actor_name)}  {what}{to}"


def _drawn(section: Section) -> str:
    title = f"### {section.title}\n\n" if section.title else ""
    return f"{title}{fenced(section.content.plain, section.language)}"
