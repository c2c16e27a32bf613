"""The verbs that look: what there is and how it does, by team, by agent, by state.  Looking changes nothing."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from xats_tui.backend.operator_api.base import NoParameters, OperatorServices, TeamParameters, Verb, Word
from xats_tui.backend.operator_api.names import agent_meant, message_meant, task_meant
from xats_tui.backend.operator_api.records import Record, agent_record, message_record, plain, task_record, wake_record
from xats_tui.backend.store import messages as messages_store
from xats_tui.backend.tools.base import Answer, Arguments, Optional
from xats_tui.core.errors import Refusal
from xats_tui.core.model.agents import OPERATOR_ID, OPERATOR_NAME, RosterEntry
from xats_tui.core.model.labels import folded
from xats_tui.core.model.messages import Message
from xats_tui.core.model.panes import PaneState
from xats_tui.core.model.tasks import TaskEntry, TaskStatus
from xats_tui.core.model.wakes import Wake, WakeStage, WakeStatus

T = TypeVar("T")

SEARCHED_ROWS = 5000
"""Rows, from the newest, among which those of an agent, a team or a state are looked for."""

PAGE_MESSAGES = 500
"""Messages that are read at once."""

RECENT_MESSAGES = 200
"""Messages of late among which unread and unanswered ones are counted."""


class ListAgentsQuery(TeamParameters):
    online: bool = False


class ShowQuery(Arguments):
    agent: Word


class ListMessagesQuery(TeamParameters):
    agent: Optional[Word] = None
    unread: bool = False


class ShowByIdQuery(Arguments):
    id: Word


class ListWakesQuery(TeamParameters):
    agent: Optional[Word] = None
    failed: bool = False
    waiting: bool = False


class ListTasksQuery(TeamParameters):
    agent: Optional[Word] = None
    open: bool = False


class ListContractsQuery(TeamParameters):
    name: Optional[Word] = None


async def status(services: OperatorServices, arguments: NoParameters) -> Answer:
    """How the coordinator does, and how much needs the operator."""
    health = await services.health()
    roster = await services.registry.roster()
    inbox = await services.mail.inbox(RECENT_MESSAGES)
    unanswered = await services.mail.unanswered(RECENT_MESSAGES)
    asking = [entry for entry in roster if entry.pane and entry.pane.reading.state is PaneState.DIALOG]
    return {
        **plain(health),
        "uptime_seconds": int((health.now - health.started_at).total_seconds()),
        "agents": len(roster),
        "agents_online": sum(entry.online or entry.connected for entry in roster),
        "dialogs": [entry.agent.address for entry in asking],
        "unread_for_operator": sum(message.read_at is None for message in inbox),
        "unanswered": len(unanswered),
    }


async def agents(services: OperatorServices, arguments: ListAgentsQuery) -> Answer:
    """The agents, by team and name."""
    roster = await services.registry.roster()
    wanted = [
        entry
        for entry in roster
        if arguments.team in (None, entry.agent.team) and (entry.online or entry.connected or not arguments.online)
    ]
    ordered = sorted(wanted, key=lambda entry: (entry.agent.team, entry.agent.name))
    return _listed("agents", ordered, arguments.limit, agent_record)


async def agent(services: OperatorServices, arguments: ShowQuery) -> Answer:
    """One agent, and what stands in the way of waking it now."""
    entry = agent_meant(await services.registry.roster(), arguments.agent)
    gates = await services.operator.dry_run(entry.agent.agent_id)
    return {**agent_record(entry), "gates": plain(gates)}


async def messages(services: OperatorServices, arguments: ListMessagesQuery) -> Answer:
    """Messages to one recipient each, the newest first."""
    whose = await _whose(services, arguments.agent)

    def is_wanted(message: Message) -> bool:
        sides, teams = {message.from_agent_id, message.to_agent_id}, {message.from_team, message.to_team}
        return (
            (whose is None or whose in sides)
            and (arguments.team is None or arguments.team in teams)
            and not (arguments.unread and message.read_at)
        )

    newest = await _newest(services, arguments.limit + 1, is_wanted)
    return _listed("messages", newest, arguments.limit, message_record)


async def message(services: OperatorServices, arguments: ShowByIdQuery) -> Answer:
    """One message or broadcast: each recipient's copy, and the wakes."""
    message_id, event_id = await message_meant(services.database, arguments.id)
    copies = await messages_store.of_event(services.database, event_id)
    return {"messages": [message_record(copy) for copy in copies], "wakes": await wakes_of(services, message_id)}


async def wakes(services: OperatorServices, arguments: ListWakesQuery) -> Answer:
    """Wakes, those that somebody still waits for before any other."""
    whose = await _whose(services, arguments.agent)
    roster = await services.registry.roster()
    teams = {entry.agent.agent_id: entry.agent.team for entry in roster}

    def is_wanted(wake: Wake) -> bool:
        return (
            whose in (None, wake.agent_id)
            and arguments.team in (None, teams.get(wake.agent_id))
            and (is_failed(wake) or not arguments.failed)
            and (_is_waiting(wake) or not arguments.waiting)
        )

    is_narrowed = arguments.failed or arguments.waiting or whose or arguments.team
    found = filter(is_wanted, await services.waker.newest(SEARCHED_ROWS if is_narrowed else arguments.limit + 1))
    return _listed("wakes", found, arguments.limit, partial(wake_record, roster=roster))


async def wake(services: OperatorServices, arguments: ShowByIdQuery) -> Answer:
    """The wakes of one message, each with its attempts and what was seen."""
    message_id, _ = await message_meant(services.database, arguments.id)
    records = await wakes_of(services, message_id)
    for record in records:
        attempts = await services.waker.attempts(record["message_id"], record["agent_id"])
        record["tried"] = plain(attempts)
    return {"wakes": records}


async def tasks(services: OperatorServices, arguments: ListTasksQuery) -> Answer:
    """Tasks, unfinished ones first."""
    whose = await _whose(services, arguments.agent)

    def is_wanted(entry: TaskEntry) -> bool:
        is_done = entry.task.status is TaskStatus.COMPLETED
        return whose in (None, entry.task.claimed_by) and not (arguments.open and is_done)

    found = filter(is_wanted, await services.board.entries(arguments.team, SEARCHED_ROWS))
    return _listed("tasks", found, arguments.limit, task_record)


async def task(services: OperatorServices, arguments: ShowByIdQuery) -> Answer:
    """One task."""
    return await shown(services, (await task_meant(services.database, arguments.id)).id)


async def contracts(services: OperatorServices, arguments: ListContractsQuery) -> Answer:
    """Contracts by their latest version, with all versions and who has which."""
    found = [
        summary
        for summary in await services.contracts.summaries(SEARCHED_ROWS)
        if arguments.team in (None, summary.team) and arguments.name in (None, summary.name)
    ]
    if arguments.name and not found:
        raise Refusal("unknown_contract", sentence=f"no contract is called {arguments.name}")
    return _listed("contracts", found, arguments.limit, plain)


async def wakes_of(services: OperatorServices, message_id: str) -> list[Record]:
    """The wakes of a message, by recipient."""
    roster: Sequence[RosterEntry] = await services.registry.roster()
    return [wake_record(wake, roster) for wake in await services.waker.statuses(message_id)]


async def shown(services: OperatorServices, task_id: str) -> Record:
    """A task as its list shows it.

    Raises:
        Refusal: `unknown_task`, it has left the board meanwhile.
    """
    entries = await services.board.entries(limit=SEARCHED_ROWS)
    entry = next((entry for entry in entries if entry.task.id == task_id), None)
    if entry is None:
        raise Refusal("unknown_task")
    return task_record(entry)


def is_failed(wake: Wake) -> bool:
    """Whether it has failed and its message was not read."""
    return wake.status is WakeStatus.FAILED and not _led_to_reading(wake)


def _is_waiting(wake: Wake) -> bool:
    return wake.status is WakeStatus.RETRYING and not wake.is_over and not _led_to_reading(wake)


def _led_to_reading(wake: Wake) -> bool:
    return WakeStage.SEEN in wake.reached or WakeStage.READ in wake.reached


def _listed(noun: str, found: Iterable[T], limit: int, record: Callable[[T], Record]) -> Answer:
    """The first of what was found, and whether there is more."""
    rows = list(islice(found, limit + 1))
    return {noun: [record(row) for row in rows[:limit]], "has_more": len(rows) > limit}


async def _whose(services: OperatorServices, word: str | None) -> str | None:
    """The id of the agent that a list is narrowed to; the operator has one, too."""
    if word is None or folded(word) == OPERATOR_NAME:
        return word and OPERATOR_ID
    return agent_meant(await services.registry.roster(), word).agent.agent_id


async def _newest(services: OperatorServices, limit: int, is_wanted: Callable[[Message], Any]) -> list[Message]:
    """The newest messages that are wanted, read page by page; an event that a page cuts is read again in the next."""
    found: list[Message] = []
    before: int | None = None
    for _ in range(SEARCHED_ROWS // PAGE_MESSAGES):
        page = await services.mailbox.stream(PAGE_MESSAGES, before)
        is_last = len(page) < PAGE_MESSAGES or page[0].event_id == page[-1].event_id
        whole = page if is_last else [one for one in page if one.event_id != page[-1].event_id]
        found += filter(is_wanted, whole)
        if is_last or len(found) >= limit:
            break
        before = page[-1].event_id + 1
    return found[:limit]


READINGS = (
    Verb(name="status", arguments=NoParameters, run=status),
    Verb(name="agents", arguments=ListAgentsQuery, run=agents),
    Verb(name="agent", arguments=ShowQuery, run=agent),
    Verb(name="messages", arguments=ListMessagesQuery, run=messages),
    Verb(name="message", arguments=ShowByIdQuery, run=message),
    Verb(name="wakes", arguments=ListWakesQuery, run=wakes),
    Verb(name="wake", arguments=ShowByIdQuery, run=wake),
    Verb(name="tasks", arguments=ListTasksQuery, run=tasks),
    Verb(name="task", arguments=ShowByIdQuery, run=task),
    Verb(name="contracts", arguments=ListContractsQuery, run=contracts),
)
