"""The full text of one agent, message, wake, task or contract: a pure reading of the picture.

Styled by names of the theme, so that it follows a change of theme; foreign text is never read as markup.
"""

from collections.abc import Iterable
from datetime import datetime

from textual.content import Content

from xats_tui.backend.model import Message, TaskEntry, Wake, WakeAttempt, WakeStep
from xats_tui.screens.actions import Panel
from xats_tui.screens.ansi import pane_lines
from xats_tui.screens.format import (
    CUT,
    NOTHING,
    Cell,
    Tone,
    age,
    count,
    date_and_time,
    many_lines,
    one_line,
    short_id,
    since,
    time_of_day,
    until,
)
from xats_tui.screens.rows import addressee, agent_state, letters, sender, wake_state
from xats_tui.screens.source import Picture, is_present
from xats_tui.screens.theme import CONTENT_STYLES

LABEL_WIDTH = 13
"""Cells of the left column."""

BODY_LIMIT = 20_000
"""Characters of a body that are drawn; wrapping more would hold up the screen."""

Attempts = tuple[WakeAttempt, ...]


def describe(picture: Picture, panel: Panel, row: str, now: datetime, attempts: Attempts | None) -> Content | None:
    """All of what a row of a panel stands for; None if it is gone."""
    match panel:
        case Panel.STREAM:
            return message_detail(picture, row, now)
        case Panel.WAKES:
            return wake_detail(picture, row, now, attempts)
        case Panel.TASKS:
            return task_detail(picture, row, now)
        case Panel.CONTRACTS:
            return contract_detail(picture, row, now)
        case _:
            return agent_detail(picture, row, now)


def heading(panel: Panel) -> str:
    """What one row of a panel is called."""
    return "Message" if panel is Panel.STREAM else panel.label.removesuffix("s")


def identifier(picture: Picture, panel: Panel, row: str) -> str:
    """The identifier that the tools know it by."""
    match panel:
        case Panel.STREAM:
            return next((message.id for message in picture.stream if str(message.event_id) == row), row)
        case Panel.WAKES:
            return row.rpartition("/")[0]
        case Panel.CONTRACTS:
            return row.partition("/")[2]
        case _:
            return row


def agent_detail(picture: Picture, agent_id: str, now: datetime) -> Content | None:
    """Who an agent is, what waits for it, and its pane; None if it is gone."""
    entry = picture.entry(agent_id)
    if entry is None:
        return None
    agent, view = entry.agent, picture.view(entry)
    mail = (
        f"{entry.unread} unread, the oldest for {since(entry.oldest_unread_at, now)}" if entry.unread else "none unread"
    )
    binding = agent.binding
    fields = [
        _field("agent", agent.address),
        _field("state", agent_state(picture, entry, now)),
        _field("reader", view.reading.reason if view else None),
        _field("mail", mail),
        _field("wakes", count(entry.wakes_waiting, "wake") + " waiting"),
        _field("role", agent.role),
        _field("client", " ".join(filter(None, (agent.client, agent.client_name, agent.model)))),
        _field("reached by", agent.delivery.kind if agent.delivery.kind != "none" else "its pane" if binding else None),
        _field("pane", f"{binding.pane.pane_id} on {binding.pane.socket or 'the default server'}" if binding else None),
        _field("process", f"pid {binding.ui_pid}" if binding and binding.ui_pid else None),
        _field("session", "open" if entry.connected else "none"),
        _field("last call", f"{date_and_time(agent.last_seen_at)}, {since(agent.last_seen_at, now)} ago"),
        _field("registered", date_and_time(agent.registered_at)),
        _field("id", agent.agent_id),
    ]
    if view:
        screen = [Content.from_rich_text(line) for line in pane_lines(view.look.screen)]
        fields += [Content(), _styled(f"pane, looked at {age(now - view.look.at)} ago", Tone.MUTED), *screen]
    return _lines(fields)


def message_detail(picture: Picture, event_id: str, now: datetime) -> Content | None:
    """A message with its whole body and who has read it; None if it is gone."""
    rows = next((rows for rows in letters(picture.stream) if str(rows[0].event_id) == event_id), None)
    if rows is None:
        return None
    message = rows[0]
    body, rest = many_lines(message.body[:BODY_LIMIT]), len(message.body) - BODY_LIMIT
    fields = [
        _field("from", f"{sender(picture, message)}@{message.from_team}"),
        _field("to", f"{addressee(picture, rows)}@{message.to_team}" if len(rows) == 1 else addressee(picture, rows)),
        _field("sent", f"{date_and_time(message.sent_at)}, {since(message.sent_at, now)} ago"),
        _field("subject", message.subject),
        _field("reply", "wanted" if message.need_reply else "not asked for"),
        *(_field("read", _receipt(picture, row)) for row in rows),
        _field("id", message.id),
        Content(),
        Content(body),
    ]
    return _lines([*fields, _styled(f"{CUT} {rest} more characters", Tone.WARN)] if rest > 0 else fields)


def wake_detail(picture: Picture, key: str, now: datetime, attempts: Attempts | None) -> Content | None:
    """A wake with its evidence and attempts (None while they are being loaded); None if it is gone."""
    wake = next((wake for wake in picture.wakes if wake.key == key), None)
    if wake is None:
        return None
    entry = picture.entry(wake.agent_id)
    fields = [
        _field("agent", entry.agent.address if entry else f"{short_id(wake.agent_id)}, gone"),
        _field("message", " ".join(filter(None, (short_id(wake.message_id), one_line(wake.subject))))),
        _field("state", wake_state(wake)),
        _field("reason", wake.detail or wake.skip_reason),
        _field("next try", until(wake.due_at, now) if wake.due_at else "none, it is over"),
        _field("transport", wake.transport),
        Content(),
        _styled("evidence", Tone.MUTED),
        *(_rung(wake, step) for step in WakeStep),
        Content(),
        _styled("attempts", Tone.MUTED),
    ]
    if attempts is None:
        return _lines([*fields, _styled("loading…", Tone.MUTED)])
    tried = [line for attempt in attempts for line in _attempt(attempt, now)]
    return _lines([*fields, *(tried or [_styled("none yet", Tone.MUTED)])])


def task_detail(picture: Picture, task_id: str, now: datetime) -> Content | None:
    """A task with its dependencies and result; None if it is gone."""
    entry = next((entry for entry in picture.tasks if entry.task.id == task_id), None)
    if entry is None:
        return None
    task = entry.task
    fields = [
        _field("task", task.title),
        _field("team", task.team),
        _field("state", task.status.value.replace("_", " ")),
        _field("owner", _owner(picture, entry)),
        _field("waits for", ", ".join(_task_name(picture, each) for each in entry.waits_for)),
        _field("blocks", count(entry.blocks, "task") if entry.blocks else None),
        _field("added", f"{date_and_time(task.created_at)}, {since(task.created_at, now)} ago"),
        _field("claimed", date_and_time(task.claimed_at) if task.claimed_at else None),
        _field("completed", date_and_time(task.completed_at) if task.completed_at else None),
        _field("id", task.id),
    ]
    texts = (("description", task.description), ("result", task.result))
    return _lines([*fields, *(line for title, text in texts if text for line in _block(title, text))])


def contract_detail(picture: Picture, key: str, now: datetime) -> Content | None:
    """A contract's latest version and who has fetched it; None if it is gone."""
    summary = next((each for each in picture.contracts if f"{each.team}/{each.name}" == key), None)
    if summary is None:
        return None
    change = {None: "first version", False: "compatible with the one before", True: "breaks the one before"}
    author = picture.entry(summary.registered_by)
    fields = [
        _field("contract", summary.name),
        _field("team", summary.team),
        _field("version", f"v{summary.version}, {change[summary.breaking]}"),
        _field("by", author.agent.address if author else summary.registered_by_name or short_id(summary.registered_by)),
        _field("registered", f"{date_and_time(summary.registered_at)}, {since(summary.registered_at, now)} ago"),
        Content(),
        _styled("subscribers", Tone.MUTED),
    ]
    for who in summary.subscribers:
        behind = (who.fetched_version or 0) < summary.version
        when = (
            f"fetched v{who.fetched_version} {since(who.fetched_at, now)} ago"
            if who.fetched_version
            else "never fetched"
        )
        fields.append(_field(who.name, Cell(when, Tone.WARN if behind else Tone.GOOD)))
    return _lines(fields if summary.subscribers else [*fields, _styled("none", Tone.MUTED)])


def _field(label: str, value: str | Cell | None) -> Content:
    cell = value if isinstance(value, Cell) else Cell(one_line(value) or NOTHING)
    return Content.assemble(
        (f"{one_line(label)[:LABEL_WIDTH]:<{LABEL_WIDTH}} ", CONTENT_STYLES[Tone.MUTED]),
        (cell.text, CONTENT_STYLES[cell.tone]),
    )


def _styled(text: str, tone: Tone) -> Content:
    return Content.styled(text, CONTENT_STYLES[tone])


def _lines(lines: Iterable[Content]) -> Content:
    return Content("\n").join(lines)


def _block(title: str, text: str) -> list[Content]:
    return [Content(), _styled(title, Tone.MUTED), Content(many_lines(text[:BODY_LIMIT]))]


def _receipt(picture: Picture, row: Message) -> Cell:
    entry = picture.entry(row.to_agent_id)
    name = one_line(entry.agent.name if entry else row.to_name) or short_id(row.to_agent_id)
    if row.read_at:
        return Cell(f"✓ {name} at {date_and_time(row.read_at)}", Tone.GOOD)
    return Cell(f"○ {name}: not yet", Tone.WARN)


def _rung(wake: Wake, step: WakeStep) -> Content:
    reached = wake.reached.get(step)
    if reached:
        return _field(f"  ● {step.value}", Cell(date_and_time(reached), Tone.GOOD))
    return _field(f"  ○ {step.value}", Cell("no evidence", Tone.MUTED))


def _attempt(attempt: WakeAttempt, now: datetime) -> list[Content]:
    head = f"#{attempt.number}  {time_of_day(attempt.at, now)}  {attempt.transport}  {attempt.outcome}"
    looks = (("before", attempt.seen_before), ("after", attempt.seen_after))
    return [
        Content(one_line(head)),
        *(_field(f"    {when}", Cell(one_line(seen), Tone.MUTED)) for when, seen in looks if seen),
    ]


def _owner(picture: Picture, entry: TaskEntry) -> Cell | str | None:
    if not entry.task.claimed_by:
        return None
    owner = picture.entry(entry.task.claimed_by)
    if owner is None:
        return Cell(f"{one_line(entry.owner_name) or short_id(entry.task.claimed_by)}, gone", Tone.BAD)
    return owner.agent.address if is_present(owner) else Cell(f"{one_line(owner.agent.address)}, away", Tone.WARN)


def _task_name(picture: Picture, task_id: str) -> str:
    return next((one_line(each.task.title) for each in picture.tasks if each.task.id == task_id), short_id(task_id))
