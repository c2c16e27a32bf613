"""A report as Markdown: foreign lines are escaped, foreign texts stand in fences."""

from collections.abc import Callable, Iterable, Iterator

from xats_tui.commands.export import words
from xats_tui.commands.export.pages import Report
from xats_tui.commands.export.words import Record
from xats_tui.screens.details.markdown import escaped, fenced
from xats_tui.screens.widgets.format import many_lines


def markdown(report: Report) -> Iterator[str]:
    """Yield the report piece by piece."""
    head = report.head()
    yield f"# {escaped(words.title(head))}\n\n{words.span(head)}\n\n"
    yield from _list(f"**{escaped(what)}** {escaped(details)}".rstrip() for what, details in words.summed_up(head))
    yield from _part("Timeline", report.timeline(), _entry, when="at")
    yield from _part("Messages", report.messages(), _message)
    yield from _part("Wakes", report.wakes(), _wake)
    yield from _part("Tasks", report.tasks(), _task)
    yield from _part("Contracts", report.contracts(), _version)
    yield f"\n## Agents\n\n{_row(words.AGENT_COLUMNS)}\n{_row(['---'] * len(words.AGENT_COLUMNS))}\n"
    for agent in head["agents"]:
        yield f"{_row(map(escaped, words.agent_row(agent)))}\n"


def _part(title: str, rows: Iterable[Record], draw: Callable[[Record], str], when: str = "") -> Iterator[str]:
    """Yield a part of the report; with `when`, the field of a time, each day has a title of its own."""
    yield f"\n## {title}\n\n"
    day, is_empty = "", True
    for row in rows:
        is_empty = False
        if when and (today := words.day(row[when])) != day:
            yield f"{'' if not day else chr(10)}### {today}\n\n"
            day = today
        yield draw(row)
    if is_empty:
        yield "Nothing.\n"


def _entry(entry: Record) -> str:
    return f"- `{words.time(entry['at'])}` **{escaped(entry['by'])}** {escaped(words.what(entry))}\n"


def _message(letter: Record) -> str:
    subject = f": {escaped(letter['subject'])}" if letter["subject"] else ""
    before = letter["follows"]
    follows = f", follows {words.day_and_time(before['sent_at'])}" if before else ""
    facts = f"thread {escaped(letter['thread'])}{follows}; {escaped(words.readers(letter))}"
    head = f"### {words.day_and_time(letter['sent_at'])} {escaped(words.route(letter))}{subject}"
    return f"{head}\n\n{facts}\n\n{fenced(many_lines(letter['body']))}\n"


def _wake(wake: Record) -> str:
    head = f"### {words.day_and_time(wake['queued_at'])} {escaped(words.wake_title(wake))}\n\n"
    facts = f"{escaped(words.wake_reason(wake))}\n\n{words.evidence(wake)}\n\n"
    return head + facts + "".join(map(_attempt, wake["tried"]))


def _attempt(attempt: Record) -> str:
    asked = "".join(f"  - {escaped(gate)}\n" for gate in words.gates(attempt))
    looks = "".join(
        f"\nscreen {when}:\n\n{fenced(many_lines(attempt[field]))}\n"
        for when, field in (("before", "seen_before"), ("after", "seen_after"))
        if attempt[field].strip()
    )
    return f"- {escaped(words.attempt_title(attempt))}\n{asked}{looks}\n"


def _task(task: Record) -> str:
    texts = "".join(
        f"{name}:\n\n{fenced(many_lines(task[name]))}\n" for name in ("description", "result") if task[name]
    )
    history = "".join(_list(map(escaped, map(words.moved, task["history"]))))
    return f"### {escaped(task['title'])}\n\n{escaped(words.task_facts(task))}\n\n{history}\n{texts}"


def _version(version: Record) -> str:
    note = f"\n\n{escaped(version['note'])}" if version["note"] else ""
    head = f"### {escaped(words.version_title(version))}\n\nteam {escaped(version['team'])}, "
    reasons = "".join(_list(map(escaped, words.broken(version))))
    diff = fenced("\n".join(version["diff"]), "diff") if version["diff"] else ""
    return f"{head}{words.day_and_time(version['registered_at'])}{note}\n\n{reasons}\n{diff}\n"


def _list(lines: Iterable[str]) -> Iterator[str]:
    return (f"- {line}\n" for line in lines)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
