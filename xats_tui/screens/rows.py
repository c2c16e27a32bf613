"""The rows of the Live panels: a pure reading of the picture, one function a panel.

The cells of each row are in the order of that panel's columns in `columns.py`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby

from xats_tui.backend.model import (
    BROADCAST_MARK,
    Message,
    PaneState,
    RosterEntry,
    Task,
    TaskEntry,
    TaskStatus,
    Wake,
    WakeStatus,
    WakeStep,
)
from xats_tui.screens.attention import Concern
from xats_tui.screens.format import NOTHING, Cell, Row, Tone, age, one_line, short_id, since, time_of_day, until
from xats_tui.screens.source import LIST_LIMIT, STREAM_LIMIT, Picture, is_present

STATES: Mapping[PaneState, Cell] = {
    PaneState.IDLE: Cell("● idle", Tone.GOOD),
    PaneState.BUSY: Cell("◐ busy", Tone.ACCENT),
    PaneState.DIALOG: Cell("◆ dialog", Tone.WARN),
    PaneState.DRAFT: Cell("✎ draft", Tone.WARN),
    PaneState.COPY_MODE: Cell("⧉ copy", Tone.WARN),
    PaneState.SHELL: Cell("✕ shell", Tone.BAD),
    PaneState.FOREIGN: Cell("✕ foreign", Tone.BAD),
    PaneState.DEAD: Cell("✕ dead", Tone.BAD),
    PaneState.UNKNOWN: Cell("? unknown", Tone.MUTED),
}
"""Each state of a pane by shape, word and tone."""


FAILED = "✕ failed"
WAITING = "◐ waiting"
"""A wake that is to be tried and has not been read yet."""


def attention_rows(concerns: Iterable[Concern]) -> list[Row]:
    """One row for each concern."""
    return [
        Row(
            concern.key,
            (
                Cell(concern.shape, concern.tone),
                Cell(concern.subject, Tone.STRONG),
                Cell(concern.reason),
                Cell("enter look" if concern.panel else "", Tone.MUTED),
            ),
        )
        for concern in concerns
    ]


def agent_state(picture: Picture, entry: RosterEntry, now: datetime) -> Cell:
    """What an agent is doing and since when: by its pane if that is looked at, else by its calls."""
    view = picture.view(entry)
    if view:
        state = STATES[view.reading.state]
        return Cell(f"{state.text} {age(now - view.state_since)}", state.tone)
    if is_present(entry):
        return Cell("● online", Tone.GOOD)
    return Cell(f"○ away {since(entry.agent.last_seen_at, now)}", Tone.MUTED)


def agent_rows(picture: Picture, now: datetime) -> list[Row]:
    """One row for each agent, by team and name."""
    entries = sorted(picture.roster, key=lambda entry: (entry.agent.team, entry.agent.name))
    return [_agent_row(picture, entry, now) for entry in entries]


def _agent_row(picture: Picture, entry: RosterEntry, now: datetime) -> Row:
    agent = entry.agent
    waited = f"{entry.unread} ({since(entry.oldest_unread_at, now)})" if entry.unread else NOTHING
    cells = (
        Cell(one_line(agent.name), Tone.STRONG),
        Cell(one_line(agent.team), Tone.MUTED),
        agent_state(picture, entry, now),
        Cell(waited, Tone.PLAIN if entry.unread else Tone.MUTED),
        _wake_word(entry.latest_wake),
        Cell(agent.client.value if agent.client else NOTHING, Tone.MUTED),
        Cell(one_line(agent.role), Tone.MUTED),
        Cell(one_line(agent.binding.pane.pane_id) if agent.binding else NOTHING, Tone.MUTED),
        Cell(since(agent.last_seen_at, now), Tone.MUTED),
    )
    return Row(agent.agent_id, cells)


def stream_rows(picture: Picture, now: datetime) -> list[Row]:
    """One row for each message, newest first; what went to many is one row."""
    return [_stream_row(picture, rows, now) for rows in letters(picture.stream)]


def letters(stream: Iterable[Message]) -> list[tuple[Message, ...]]:
    """The messages of a stream with their recipients together."""
    return [tuple(rows) for _, rows in groupby(stream, key=lambda message: message.event_id)]


def _stream_row(picture: Picture, rows: tuple[Message, ...], now: datetime) -> Row:
    message = rows[0]
    read = sum(row.read_at is not None for row in rows)
    text = " — ".join(filter(None, (one_line(message.subject), one_line(message.body))))
    tone = Tone.MUTED if read == len(rows) else Tone.PLAIN
    mark = ("↩" if message.need_reply else " ") + ("✓" if read == len(rows) else "◐" if read else "●")
    cells = (
        Cell(time_of_day(message.sent_at, now), Tone.MUTED),
        Cell(f"{sender(picture, message)} → {addressee(picture, rows)}", tone),
        Cell(text, tone),
        Cell(mark, Tone.MUTED if read == len(rows) else Tone.ACCENT),
    )
    return Row(str(message.event_id), cells)


def sender(picture: Picture, message: Message) -> str:
    """The name that the sender has now, or had, or its id."""
    return _name(picture, message.from_agent_id, message.from_name)


def addressee(picture: Picture, rows: tuple[Message, ...]) -> str:
    """Whom a message went to: a name, a role or the whole team."""
    message = rows[0]
    if message.to_role == BROADCAST_MARK:
        return f"all of {one_line(message.to_team)} ({len(rows)})"
    if message.to_role:
        return f"{one_line(message.to_role)}s ({len(rows)})"
    return _name(picture, message.to_agent_id, message.to_name)


def _name(picture: Picture, agent_id: str, name: str | None) -> str:
    entry = picture.entry(agent_id)
    return one_line(entry.agent.name if entry else name) or short_id(agent_id)


def wake_state(wake: Wake) -> Cell:
    """A wake's state by shape and word."""
    for step in (WakeStep.READ, WakeStep.SEEN):
        if step in wake.reached:
            return Cell(f"✓ {step.value}", Tone.GOOD)
    match wake.status:
        case WakeStatus.RETRYING:
            return Cell(WAITING, Tone.WARN)
        case WakeStatus.FAILED:
            return Cell(FAILED, Tone.BAD)
        case WakeStatus.SKIPPED:
            return Cell("○ skipped", Tone.MUTED)
        case WakeStatus.DELIVERED:
            return Cell("● submitted" if WakeStep.SUBMITTED in wake.reached else "● delivered", Tone.ACCENT)


def wake_rows(picture: Picture, now: datetime) -> list[Row]:
    """One row for each wake, newest first."""
    return [_wake_row(picture, wake, now) for wake in picture.wakes]


def _wake_row(picture: Picture, wake: Wake, now: datetime) -> Row:
    queued = wake.reached.get(WakeStep.QUEUED, wake.updated_at)
    rungs = [step.value for step in WakeStep if step in wake.reached]
    reason = one_line(wake.detail or wake.skip_reason)
    quiet = wake.is_over and wake.status is not WakeStatus.FAILED
    evidence = " · ".join(rungs[-2:])
    cells = (
        wake_state(wake),
        Cell(_name(picture, wake.agent_id, None), Tone.PLAIN),
        Cell(
            evidence if wake.status is WakeStatus.DELIVERED else reason or evidence, Tone.MUTED if quiet else Tone.PLAIN
        ),
        Cell(f"{wake.attempts}×", Tone.MUTED),
        Cell(until(wake.due_at, now) if wake.due_at else NOTHING, Tone.MUTED),
        Cell(age(now - queued), Tone.MUTED),
    )
    return Row(wake.key, cells)


def _wake_word(wake: Wake | None) -> Cell:
    if wake is None:
        return Cell(NOTHING, Tone.MUTED)
    state = wake_state(wake)
    return Cell(state.text[2:], state.tone)


def task_rows(picture: Picture, now: datetime) -> list[Row]:
    """One row for each task: what is being done, then what waits, then what is done, latest first."""
    order = {TaskStatus.IN_PROGRESS: 0, TaskStatus.PENDING: 1, TaskStatus.COMPLETED: 2}
    entries = sorted(
        picture.tasks, key=lambda entry: (order[entry.task.status], -task_moved_at(entry.task).timestamp())
    )
    return [_task_row(picture, entry, now) for entry in entries]


def task_moved_at(task: Task) -> datetime:
    """When a task came to its state."""
    return task.completed_at or task.claimed_at or task.created_at


def _task_row(picture: Picture, entry: TaskEntry, now: datetime) -> Row:
    task = entry.task
    shape, tone = {
        TaskStatus.IN_PROGRESS: ("◐", Tone.ACCENT),
        TaskStatus.PENDING: ("○", Tone.PLAIN),
        TaskStatus.COMPLETED: ("✓", Tone.MUTED),
    }[task.status]
    cells = (
        Cell(shape, tone),
        Cell(one_line(task.title), Tone.MUTED if task.status is TaskStatus.COMPLETED else Tone.PLAIN),
        _owner(picture, entry),
        _relation(entry),
        Cell(one_line(task.team), Tone.MUTED),
        Cell(age(now - task_moved_at(task)), Tone.MUTED),
    )
    return Row(task.id, cells)


def _owner(picture: Picture, entry: TaskEntry) -> Cell:
    task = entry.task
    if not task.claimed_by:
        return Cell(NOTHING, Tone.MUTED)
    name = _name(picture, task.claimed_by, entry.owner_name)
    owner = picture.entry(task.claimed_by)
    if task.status is TaskStatus.COMPLETED:
        return Cell(name, Tone.MUTED)
    if owner is None:
        return Cell(f"{name} ✕", Tone.BAD)
    return Cell(name) if is_present(owner) else Cell(f"{name} ○", Tone.WARN)


def _relation(entry: TaskEntry) -> Cell:
    if entry.waits_for:
        return Cell(f"waits {len(entry.waits_for)}", Tone.WARN)
    return Cell(f"blocks {entry.blocks}", Tone.ACCENT) if entry.blocks else Cell(NOTHING, Tone.MUTED)


def contract_rows(picture: Picture, now: datetime) -> list[Row]:
    """One row for each contract, the latest change first."""
    summaries = sorted(picture.contracts, key=lambda summary: summary.registered_at, reverse=True)
    rows = []
    for summary in summaries:
        current = sum((who.fetched_version or 0) >= summary.version for who in summary.subscribers)
        everyone = current == len(summary.subscribers)
        change = {
            None: Cell("first", Tone.MUTED),
            False: Cell("compatible", Tone.GOOD),
            True: Cell("⚠ breaking", Tone.WARN),
        }
        cells = (
            Cell(one_line(summary.name)),
            Cell(f"v{summary.version}", Tone.STRONG),
            change[summary.breaking],
            Cell(f"{current}/{len(summary.subscribers)}", Tone.MUTED if everyone else Tone.WARN),
            Cell(_name(picture, summary.registered_by, summary.registered_by_name), Tone.MUTED),
            Cell(one_line(summary.team), Tone.MUTED),
            Cell(age(now - summary.registered_at), Tone.MUTED),
        )
        rows.append(Row(f"{summary.team}/{summary.name}", cells))
    return rows


def stream_summary(picture: Picture) -> str:
    """How many messages nobody has read."""
    unread = sum(message.read_at is None for message in picture.stream)
    return _summary(f"{unread} unread" if unread else "", len(picture.stream), STREAM_LIMIT)


def wake_summary(picture: Picture) -> str:
    """How many wakes wait and have failed."""
    states = [wake_state(wake).text for wake in picture.wakes]
    counts = f"{states.count(WAITING)} waiting · {states.count(FAILED)} failed" if states else ""
    return _summary(counts, len(states), LIST_LIMIT)


def task_summary(picture: Picture) -> str:
    """How many tasks wait, are being done, and are done."""
    states = [entry.task.status for entry in picture.tasks]
    pending, doing = states.count(TaskStatus.PENDING), states.count(TaskStatus.IN_PROGRESS)
    counts = f"{pending} pending · {doing} doing · {states.count(TaskStatus.COMPLETED)} done" if states else ""
    return _summary(counts, len(states), LIST_LIMIT)


def _summary(counts: str, number: int, limit: int) -> str:
    return " · ".join(filter(None, (counts, f"newest {limit}" if number >= limit else "")))
