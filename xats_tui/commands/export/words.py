"""Words that all readable forms of a report share: times are local, foreign text is made harmless, but not escaped."""

from collections.abc import Iterable, Mapping
from typing import Any

from xats_tui.commands.output.summary import line_of
from xats_tui.core.clock import from_wire
from xats_tui.core.model.wakes import WakeStage
from xats_tui.screens.details.summary import notes_of, title_of
from xats_tui.screens.widgets.format import age, count, date_and_time, one_line, short_id

Record = Mapping[str, Any]

CHANGES: Mapping[bool | None, str] = {None: "first version", True: "breaking", False: "compatible"}

NO_TRANSPORT = "none"
"""Transport of a wake that no transport could try."""

MAX_READERS = 20
"""Maximum recipients of a broadcast that are told one by one."""


def time(instant: str | None) -> str:
    """Return a wire time as local time of day; empty for None."""
    return f"{from_wire(instant).astimezone():%H:%M:%S}" if instant else ""


def day(instant: str) -> str:
    """Return the local day of a wire time."""
    return f"{from_wire(instant).astimezone():%A, %Y-%m-%d}"


def title(head: Record) -> str:
    """Return the title of a report."""
    return f"Team {one_line(head['team'])}" if head["team"] else "All teams"


def span(head: Record) -> str:
    """Return the span of a report."""
    since, until = from_wire(head["since"]), from_wire(head["until"])
    return f"{date_and_time(since)} to {date_and_time(until)} ({age(until - since, precise=True)})"


def summed_up(head: Record) -> Iterable[tuple[str, str]]:
    """Yield what a report sums up: a count with its noun, and the details."""
    for line in map(line_of, head["lines"]):
        yield title_of(line), notes_of(line)


def what(entry: Record) -> str:
    """Return what an entry of the timeline tells, without its author."""
    more = f" and {entry['more']} more" if entry["more"] else ""
    to = f" → {', '.join(map(one_line, entry['to']))}{more}" if entry["to"] else ""
    text = f": {one_line(entry['text'])}" if entry["text"] else ""
    return f"{one_line(entry['kind']).replace('_', ' ')}{to}{text}"


def route(letter: Record) -> str:
    """Return who wrote to whom."""
    recipients, team = letter["recipients"], one_line(letter["to_team"])
    to = one_line(recipients[0]["name"]) if len(recipients) == 1 else f"all of {count(len(recipients), 'agent')}"
    is_said = letter["to_team"] == letter["from_team"] or to.endswith(f"@{team}")
    return f"{one_line(letter['from'])} → {to}" + ("" if is_said else f" of {team}")


def readers(letter: Record) -> str:
    """Return when each recipient read a message, and answered it if that was wanted."""
    told = [_reader(one, wants=letter["need_reply"]) for one in letter["recipients"][:MAX_READERS]]
    more = len(letter["recipients"]) - MAX_READERS
    return "; ".join([*told, *([f"and {more} more"] if more > 0 else [])])


def _reader(recipient: Record, *, wants: bool) -> str:
    read = f"read {time(recipient['read_at'])}" if recipient["read_at"] else "unread"
    reply = f", answered {time(recipient['answered_at'])}" if recipient["answered_at"] else ", not answered"
    return f"{one_line(recipient['name'])}: {read}{reply if wants else ''}"


def wake_title(wake: Record) -> str:
    """Return whom a wake was for, and its outcome."""
    name = one_line(wake["agent_name"] or wake["agent_id"])
    by = f" by {one_line(wake['transport'])}" if wake["transport"] not in (None, NO_TRANSPORT) else ""
    return f"{name}: {one_line(wake['wake_status'])}{by}"


def wake_reason(wake: Record) -> str:
    """Return what a wake waits for, or how it ended, and what message it is about."""
    about = f"message “{one_line(wake['subject'])}”" if wake["subject"] else f"message {short_id(wake['message_id'])}"
    sender = f" from {one_line(wake['sender_name'])}" if wake["sender_name"] else ""
    return f"{about}{sender}. {one_line(wake['detail'] or wake['skip_reason'] or '')}".strip()


def evidence(wake: Record) -> str:
    """Return the stages of a wake with their times."""
    return " · ".join(f"{step} {time(wake['evidence'][step])}" for step in WakeStage if step in wake["evidence"])


def attempt_title(attempt: Record) -> str:
    """Return when and how a wake was tried, and what came of it."""
    return (
        f"attempt {attempt['number']} at {time(attempt['at'])} by {one_line(attempt['transport'])}: "
        f"{one_line(attempt['outcome'])}"
    )


def gates(attempt: Record) -> Iterable[str]:
    """Yield each way that was asked, with its closed gates."""
    return (f"{one_line(way['transport'])}: {one_line(way['verdict'])}" for way in attempt["ways"])


def task_facts(task: Record) -> str:
    """Return state, owner and dependencies of a task."""
    owner = f"by {one_line(task['owner_name'])}" if task["owner_name"] else ""
    needs = f"depends on {', '.join(map(short_id, task['depends_on']))}" if task["depends_on"] else ""
    state = one_line(task["status"]).replace("_", " ")
    named = f"id {short_id(task['id'])}", f"team {one_line(task['team'])}"
    return " · ".join(filter(None, (state, owner, needs, *named)))


def moved(entry: Record) -> str:
    """Return one step in a task's history."""
    return f"{day_and_time(entry['at'])} {one_line(entry['by'])}: {one_line(entry['kind']).replace('_', ' ')}"


def day_and_time(instant: str) -> str:
    """Return a wire time as local date and time."""
    return date_and_time(from_wire(instant))


def version_title(version: Record) -> str:
    """Return name, number and kind of a version of a contract."""
    return f"{one_line(version['name'])} v{version['version']}: {CHANGES[version['breaking']]}"


def broken(version: Record) -> Iterable[str]:
    """Yield each demand of one version that values of the other do not meet."""
    for reason in version["reasons"]:
        whose = "new version" if reason["of_new"] else "version before"
        yield f"{one_line(reason['path']) or '/'} of the {whose}: {one_line(reason['what'])}"


def agent_row(agent: Record) -> tuple[str, ...]:
    """Return an agent's name, team, role, client, state and mail."""
    state = agent["state"] or ("online" if agent["online"] else "away")
    client = " ".join(one_line(agent[part]) for part in ("client", "client_name", "model") if agent[part])
    unread = f"{agent['unread']} unread, {count(agent['wakes_waiting'], 'wake')} waiting"
    return one_line(agent["name"]), one_line(agent["team"]), one_line(agent["role"]), client, one_line(state), unread


AGENT_COLUMNS = ("agent", "team", "role", "client", "state", "mail")
