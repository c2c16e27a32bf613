"""A report of a span, part by part and page by page, as `xats-tui export` asks for it."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.backend.operator_api.base import Command, Word
from xats_tui.backend.operator_api.records import Record, agent_record, message_record, plain, wake_record
from xats_tui.backend.operator_api.summaries import summary_record
from xats_tui.backend.store import agents as agents_store
from xats_tui.backend.store.history import report as store
from xats_tui.backend.store.history.summary import Span, span_of
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.tools.base import Answer, Arguments, Optional
from xats_tui.backend.tools.tasks import shown_task
from xats_tui.core.model.activity import Activity, LoggedEvent
from xats_tui.core.model.messages import Message
from xats_tui.core.model.pages import Stretch, StretchRequest, Wanted
from xats_tui.core.model.wakes import Wake

T = TypeVar("T")

MAX_NAMED = 8
"""Maximum recipients that an entry of the timeline names; the others are counted."""

LIMITS: Mapping[str, int] = {"timeline": 500, "messages": 200, "wakes": 100, "tasks": 200}
"""Rows of a page: as many as are read and written in some milliseconds, with long texts and screens in them."""


class ReportQuery(Arguments):
    part: Literal["head", "timeline", "messages", "wakes", "tasks"]
    since: Annotated[datetime, Field(strict=False)]
    until: Annotated[datetime, Field(strict=False)]
    team: Optional[Word] = None
    after: Optional[list[Any]] = None
    """`next` of the page before."""


class ContractQuery(Arguments):
    team: Word
    name: Word
    version: int


async def report(operator: OperatorApi, arguments: ReportQuery) -> Answer:
    """Return the head of a report, or the next page of one of its parts, the oldest rows first."""
    span = await span_of(operator.part(Database), arguments.since, arguments.until, arguments.team)
    return await PARTS[arguments.part](operator, span, arguments.after)


async def contract(operator: OperatorApi, arguments: ContractQuery) -> Answer:
    """Return a version of a contract, the version before, and what the step between them breaks."""
    team, name, version = arguments.team, arguments.name, arguments.version
    change = await operator.contract_change(team, name, version - 1 or None, version)
    return {**plain(change), "breaking": await store.breaks(operator.part(Database), team, name, version)}


async def _head(operator: OperatorApi, span: Span, after: object) -> Answer:
    del after
    summary = await operator.since(span.since, span.team, span.until)
    roster = [entry for entry in await operator.roster() if span.team in (None, entry.agent.team)]
    return {**summary_record(summary), "agents": [agent_record(entry) for entry in roster]}


async def _timeline(operator: OperatorApi, span: Span, after: Sequence[Any] | None) -> Answer:
    found, goes_on = await _stretch(operator.history_stretch, operator, "timeline", span, after)
    ids = {one for entry in found for one in _named_in(entry)}
    names = await agents_store.shown_names(operator.part(Database), ids)
    moved = {entry.about for entry in found if isinstance(entry, LoggedEvent) and entry.kind.startswith("task_")}
    titles = await store.titles(operator.part(Database), moved)
    return {"rows": [_entry(entry, names, titles) for entry in found], "next": goes_on}


async def _messages(operator: OperatorApi, span: Span, after: Sequence[Any] | None) -> Answer:
    found, goes_on = await _stretch(operator.message_stretch, operator, "messages", span, after)
    ids = {one for message in found for one in (message.from_agent_id, message.to_agent_id)}
    names = await agents_store.shown_names(operator.part(Database), ids)
    return {"rows": [_message(message, names) for message in found], "next": goes_on}


async def _wakes(operator: OperatorApi, span: Span, after: Sequence[Any] | None) -> Answer:
    database = operator.part(Database)
    found, goes_on = await _stretch(operator.wake_stretch, operator, "wakes", span, after)
    tried = await store.attempts(database, found)
    ids = {one for wake in found for one in (wake.agent_id, wake.sender_id or "")}
    names = await agents_store.shown_names(database, ids)
    rows = [_wake(wake, names, plain(tried.get((wake.message_id, wake.agent_id), ()))) for wake in found]
    return {"rows": rows, "next": goes_on}


async def _tasks(operator: OperatorApi, span: Span, after: Sequence[Any] | None) -> Answer:
    database = operator.part(Database)
    found, last = await store.tasks(database, span, int(after[0]) if after else 0, LIMITS["tasks"])
    names = await agents_store.shown_names(database, {task.claimed_by for task in found if task.claimed_by})
    rows = [{**shown_task(task), "owner_name": names.get(task.claimed_by or "")} for task in found]
    return {"rows": rows, "next": last and [last]}


PARTS: Mapping[str, Callable[[OperatorApi, Span, Sequence[Any] | None], Awaitable[Answer]]] = {
    "head": _head,
    "timeline": _timeline,
    "messages": _messages,
    "wakes": _wakes,
    "tasks": _tasks,
}


async def _stretch(
    read: Callable[[StretchRequest], Awaitable[Stretch[T]]],
    operator: OperatorApi,
    part: str,
    span: Span,
    after: Sequence[Any] | None,
) -> tuple[Sequence[T], Sequence[Any] | None]:
    """Return the next entries of a long list, the oldest first, and where to go on; None at the end."""
    begin, end = (await store.places(operator.part(Database), span))[part]
    key = tuple(after) if after else begin
    found = await read(
        StretchRequest(key=key, newer=True, until=end, wanted=Wanted(team=span.team), limit=LIMITS[part])
    )
    is_over = found.is_last or found.reached >= end or found.reached == key
    return found.entries[::-1], None if is_over else found.reached


def _named_in(entry: Activity | LoggedEvent) -> Iterable[str]:
    if isinstance(entry, Activity):
        return filter(None, [entry.agent_id])
    return entry.actor_id, *entry.others[:MAX_NAMED]


def _entry(entry: Activity | LoggedEvent, names: Mapping[str, str], titles: Mapping[str, str]) -> Record:
    """Return an entry of the timeline."""
    if isinstance(entry, Activity):
        about = entry.agent_id and names.get(entry.agent_id, entry.agent_id)
        return {
            "at": plain(entry.at),
            "kind": entry.verb,
            "by": entry.actor,
            "to": [about] if about else [],
            "more": 0,
            "team": None,
            "about": entry.message_id,
            "text": entry.detail,
        }
    return {
        "at": plain(entry.at),
        "kind": entry.kind,
        "by": names.get(entry.actor_id, entry.actor_id),
        "to": [names.get(other, other) for other in entry.others[:MAX_NAMED]],
        "more": len(entry.others[MAX_NAMED:]),
        "team": entry.team,
        "about": entry.about,
        "text": titles.get(entry.about, entry.detail),  # some events record only a task's id
    }


def _message(message: Message, names: Mapping[str, str]) -> Record:
    shown = {"from_shown": names.get(message.from_agent_id), "to_shown": names.get(message.to_agent_id)}
    return {**message_record(message), **shown, "event_id": message.event_id}


def _wake(wake: Wake, names: Mapping[str, str], tried: Collection[Record]) -> Record:
    named = {"agent_name": names.get(wake.agent_id), "sender_name": names.get(wake.sender_id or "")}
    return {**wake_record(wake, ()), **named, "tried": tried}


REPORTS = (
    Command(name="report", arguments=ReportQuery, run=report),
    Command(name="contract_step", arguments=ContractQuery, run=contract),
)
