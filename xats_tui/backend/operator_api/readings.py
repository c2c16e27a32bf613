"""The commands that only read: lists by team, agent and state, and single records."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.backend.operator_api.base import Command, NoParameters, TeamParameters, Word
from xats_tui.backend.operator_api.names import agent_meant, message_meant, task_meant
from xats_tui.backend.operator_api.records import Record, agent_record, message_record, plain, task_record, wake_record
from xats_tui.backend.store import messages as messages_store
from xats_tui.backend.store.sql.database import Database
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
"""Number of newest rows that a narrowed list searches."""

PAGE_MESSAGES = 500
"""Number of messages that are read at once."""

RECENT_MESSAGES = 200
"""Number of newest messages among which unread and unanswered ones are counted."""


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


async def status(operator: OperatorApi, arguments: NoParameters) -> Answer:
    """Return the health of the coordinator, and counts of everything that needs the operator."""
    health = await operator.health()
    roster = await operator.roster()
    inbox = await operator.inbox(RECENT_MESSAGES)
    unanswered = await operator.unanswered(RECENT_MESSAGES)
    asking = [entry for entry in roster if entry.state and entry.state.state is PaneState.DIALOG]
    return {
        **plain(health),
        "uptime_seconds": int((health.now - health.started_at).total_seconds()),
        "agents": len(roster),
        "agents_online": sum(entry.online or entry.connected for entry in roster),
        "dialogs": [entry.agent.address for entry in asking],
        "unread_for_operator": sum(message.read_at is None for message in inbox),
        "unanswered": len(unanswered),
    }


async def agents(operator: OperatorApi, arguments: ListAgentsQuery) -> Answer:
    """Return the agents, by team and name."""
    roster = await operator.roster()
    wanted = [
        entry
        for entry in roster
        if arguments.team in (None, entry.agent.team) and (entry.online or entry.connected or not arguments.online)
    ]
    ordered = sorted(wanted, key=lambda entry: (entry.agent.team, entry.agent.name))
    return _listed("agents", ordered, arguments.limit, agent_record)


async def agent(operator: OperatorApi, arguments: ShowQuery) -> Answer:
    """Return one agent, the gates for waking it now, and every way to it."""
    entry = agent_meant(await operator.roster(), arguments.agent)
    gates = await operator.gates(entry.agent.agent_id)
    ways = await operator.ways(entry.agent.agent_id)
    return {**agent_record(entry), "gates": plain(gates), "ways": plain(ways)}


async def unconnected(operator: OperatorApi, arguments: NoParameters) -> Answer:
    """Return the programs that run here and could be agents, but have not registered, the oldest first."""
    return {"unconnected": [plain(program) for program in await operator.unconnected()]}


async def messages(operator: OperatorApi, arguments: ListMessagesQuery) -> Answer:
    """Return messages, one for each recipient, newest first."""
    whose = await _whose(operator, arguments.agent)

    def is_wanted(message: Message) -> bool:
        sides, teams = {message.from_agent_id, message.to_agent_id}, {message.from_team, message.to_team}
        return (
            (whose is None or whose in sides)
            and (arguments.team is None or arguments.team in teams)
            and not (arguments.unread and message.read_at)
        )

    newest = await _newest(operator, arguments.limit + 1, is_wanted)
    return _listed("messages", newest, arguments.limit, message_record)


async def message(operator: OperatorApi, arguments: ShowByIdQuery) -> Answer:
    """Return the copies and the wakes of one message or broadcast."""
    message_id, event_id = await message_meant(operator.part(Database), arguments.id)
    copies = await messages_store.of_event(operator.part(Database), event_id)
    return {"messages": [message_record(copy) for copy in copies], "wakes": await wakes_of(operator, message_id)}


async def wakes(operator: OperatorApi, arguments: ListWakesQuery) -> Answer:
    """Return wakes, open ones first."""
    whose = await _whose(operator, arguments.agent)
    roster = await operator.roster()
    teams = {entry.agent.agent_id: entry.agent.team for entry in roster}

    def is_wanted(wake: Wake) -> bool:
        return (
            whose in (None, wake.agent_id)
            and arguments.team in (None, teams.get(wake.agent_id))
            and (is_failed(wake) or not arguments.failed)
            and (_is_waiting(wake) or not arguments.waiting)
        )

    is_narrowed = arguments.failed or arguments.waiting or whose or arguments.team
    found = filter(is_wanted, await operator.wakes(SEARCHED_ROWS if is_narrowed else arguments.limit + 1))
    return _listed("wakes", found, arguments.limit, partial(wake_record, roster=roster))


async def wake(operator: OperatorApi, arguments: ShowByIdQuery) -> Answer:
    """Return the wakes of one message, each with its attempts and their evidence."""
    message_id, _ = await message_meant(operator.part(Database), arguments.id)
    records = await wakes_of(operator, message_id)
    for record in records:
        attempts = await operator.attempts(record["message_id"], record["agent_id"])
        record["tried"] = plain(attempts)
    return {"wakes": records}


async def tasks(operator: OperatorApi, arguments: ListTasksQuery) -> Answer:
    """Return tasks, unfinished ones first."""
    whose = await _whose(operator, arguments.agent)

    def is_wanted(entry: TaskEntry) -> bool:
        is_done = entry.task.status is TaskStatus.COMPLETED
        return whose in (None, entry.task.claimed_by) and not (arguments.open and is_done)

    found = filter(is_wanted, await operator.tasks(arguments.team, SEARCHED_ROWS))
    return _listed("tasks", found, arguments.limit, task_record)


async def task(operator: OperatorApi, arguments: ShowByIdQuery) -> Answer:
    """Return one task."""
    return await shown(operator, (await task_meant(operator.part(Database), arguments.id)).id)


async def contracts(operator: OperatorApi, arguments: ListContractsQuery) -> Answer:
    """Return contracts by their latest version, with all versions and their readers."""
    found = [
        summary
        for summary in await operator.contracts(SEARCHED_ROWS)
        if arguments.team in (None, summary.team) and arguments.name in (None, summary.name)
    ]
    if arguments.name and not found:
        raise Refusal("unknown_contract", sentence=f"no contract is called {arguments.name}")
    return _listed("contracts", found, arguments.limit, plain)


async def wakes_of(operator: OperatorApi, message_id: str) -> list[Record]:
    """Return the wakes of a message, by recipient."""
    roster: Sequence[RosterEntry] = await operator.roster()
    return [wake_record(wake, roster) for wake in await operator.wakes_of(message_id)]


async def shown(operator: OperatorApi, task_id: str) -> Record:
    """Return a task as its list shows it.

    Raises:
        Refusal: `unknown_task` if it has left the board.
    """
    entries = await operator.tasks(limit=SEARCHED_ROWS)
    entry = next((entry for entry in entries if entry.task.id == task_id), None)
    if entry is None:
        raise Refusal("unknown_task")
    return task_record(entry)


def is_failed(wake: Wake) -> bool:
    """Return whether a wake has failed and its message is unread."""
    return wake.status is WakeStatus.FAILED and not _led_to_reading(wake)


def _is_waiting(wake: Wake) -> bool:
    return wake.status is WakeStatus.RETRYING and not wake.is_over and not _led_to_reading(wake)


def _led_to_reading(wake: Wake) -> bool:
    return WakeStage.SEEN in wake.reached or WakeStage.READ in wake.reached


def _listed(noun: str, found: Iterable[T], limit: int, record: Callable[[T], Record]) -> Answer:
    """Return the first rows as JSON, and whether there are more."""
    rows = list(islice(found, limit + 1))
    return {noun: [record(row) for row in rows[:limit]], "has_more": len(rows) > limit}


async def _whose(operator: OperatorApi, word: str | None) -> str | None:
    """Return the id of the agent that a list is narrowed to; the operator has an id, too."""
    if word is None or folded(word) == OPERATOR_NAME:
        return word and OPERATOR_ID
    return agent_meant(await operator.roster(), word).agent.agent_id


async def _newest(operator: OperatorApi, limit: int, is_wanted: Callable[[Message], Any]) -> list[Message]:
    """Return the newest wanted messages, read page by page."""
    found: list[Message] = []
    before: int | None = None
    for _ in range(SEARCHED_ROWS // PAGE_MESSAGES):
        page = await operator.stream(PAGE_MESSAGES, before)
        is_last = len(page) < PAGE_MESSAGES or page[0].event_id == page[-1].event_id
        whole = page if is_last else [one for one in page if one.event_id != page[-1].event_id]
        found += filter(is_wanted, whole)
        if is_last or len(found) >= limit:
            break
        before = page[-1].event_id + 1  # the page may have cut this event: the next one begins with it
    return found[:limit]


READINGS = (
    Command(name="status", arguments=NoParameters, run=status),
    Command(name="agents", arguments=ListAgentsQuery, run=agents),
    Command(name="agent", arguments=ShowQuery, run=agent),
    Command(name="unconnected", arguments=NoParameters, run=unconnected),
    Command(name="messages", arguments=ListMessagesQuery, run=messages),
    Command(name="message", arguments=ShowByIdQuery, run=message),
    Command(name="wakes", arguments=ListWakesQuery, run=wakes),
    Command(name="wake", arguments=ShowByIdQuery, run=wake),
    Command(name="tasks", arguments=ListTasksQuery, run=tasks),
    Command(name="task", arguments=ShowByIdQuery, run=task),
    Command(name="contracts", arguments=ListContractsQuery, run=contracts),
)
