"""Past: what the operator would have seen at an earlier moment, read from the change log.

What only the coordinator's memory held is told as unknown.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from xats_tui.backend.services.agents.registry import rest_of
from xats_tui.backend.services.operator.lists import place_of
from xats_tui.backend.services.operator.mail import thread_around
from xats_tui.backend.services.tasks import task_entries
from xats_tui.backend.store import activity as activity_store
from xats_tui.backend.store import agents as agents_store
from xats_tui.backend.store import contracts as contracts_store
from xats_tui.backend.store import messages as messages_store
from xats_tui.backend.store import tasks as tasks_store
from xats_tui.backend.store import wakes as wakes_store
from xats_tui.backend.store.lists import history as history_lists
from xats_tui.backend.store.lists import messages as message_lists
from xats_tui.backend.store.lists import tasks as task_lists
from xats_tui.backend.store.lists import wakes as wake_lists
from xats_tui.backend.store.messages import Unread
from xats_tui.backend.store.past import lists, moments
from xats_tui.backend.store.past import looks as looks_store
from xats_tui.backend.store.past.reader import PastReader
from xats_tui.backend.store.sql.database import Database
from xats_tui.core.clock import from_wire
from xats_tui.core.errors import Refusal
from xats_tui.core.model.activity import Activity, LoggedEvent, Moment
from xats_tui.core.model.agents import OPERATOR_ID, Agent, RosterEntry
from xats_tui.core.model.client_states import PastFacts
from xats_tui.core.model.contracts import ContractSummary
from xats_tui.core.model.messages import Message, Thread
from xats_tui.core.model.pages import Key, ListName, Stretch, StretchRequest
from xats_tui.core.model.panes import PaneRef, PaneState, PaneView
from xats_tui.core.model.tasks import Task, TaskEntry
from xats_tui.core.model.wakes import Wake, WakeAttempt
from xats_tui.core.records import replace


class Past:
    """The past of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reader = PastReader(database.path)

    async def close(self) -> None:
        """Close the file."""
        await self._reader.close()

    async def span(self) -> tuple[Moment, Moment]:
        """Return the first and the last moment that are known.

        Raises:
            Refusal: `no_past` if nothing was logged yet.
        """
        first, last = await moments.oldest(self._database), await moments.newest(self._database)
        if first is None or last is None:
            raise Refusal("no_past", detail="nothing has been logged yet")
        return first, last

    async def moment(self, at: datetime) -> Moment:
        """Return the moment at an instant: what the last transaction by then had made.

        Raises:
            Refusal: `no_past` if the log begins later.
        """
        found = await moments.at(self._database, at)
        if found is None:
            first, _ = await self.span()
            raise Refusal("no_past", detail=f"the log begins on {first.at.astimezone():%Y-%m-%d at %H:%M:%S}")
        return replace(found, at=at)

    async def step(self, moment: Moment, by: int) -> Moment | None:
        """Return the moment after so many later things, or before so many earlier ones; None if there are fewer."""
        return await moments.step(self._database, moment.number, by)

    async def roster(self, moment: Moment) -> tuple[RosterEntry, ...]:
        """Return every agent that was registered, with its messages and wakes, by team and name."""
        async with self._reader.at(moment) as past:
            unread = await lists.unread_counts(past)
            waiting = await lists.waiting_by_agent(past)
            latest = await wakes_store.latest_by_agent(past)
            rests = await activity_store.all_resting(past, moment.at)
            facts = await lists.facts(past)
            agents = await agents_store.all_teams(past)
        return tuple(_entry(agent, moment, unread, waiting, latest, facts, rest_of(agent, rests)) for agent in agents)

    async def views(self, moment: Moment) -> Mapping[PaneRef, PaneView]:
        """Return the last screen of each bound pane that was kept by then; a pane without one is missing."""
        async with self._reader.at(moment) as past:
            return await looks_store.newest(past, moment.at)

    async def looks(self, moment: Moment, agent_id: str) -> tuple[PaneView, ...]:
        """Return the screens of an agent that were kept by then, the newest first."""
        async with self._reader.at(moment) as past:
            return await looks_store.of_agent(past, agent_id, moment.at)

    async def stream(self, moment: Moment, limit: int, before_event_id: int | None = None) -> tuple[Message, ...]:
        """Return the newest messages of all teams, newest first."""
        async with self._reader.at(moment) as past:
            return await messages_store.stream(past, limit, before_event_id)

    async def inbox(self, moment: Moment, limit: int) -> tuple[Message, ...]:
        """Return the operator's messages, newest first."""
        async with self._reader.at(moment) as past:
            return await messages_store.newest_to(past, OPERATOR_ID, limit)

    async def unanswered(self, moment: Moment, limit: int) -> tuple[Message, ...]:
        """Return recent messages to one agent that wanted a reply and had none, newest first."""
        async with self._reader.at(moment) as past:
            return await messages_store.unanswered(past, limit)

    async def thread(self, moment: Moment, event_id: int) -> Thread:
        """Return the thread around a message, as far as it was written.

        Raises:
            Refusal: `unknown_message`.
        """
        async with self._reader.at(moment) as past:
            return await thread_around(past, event_id)

    async def wakes(self, moment: Moment, limit: int) -> tuple[Wake, ...]:
        """Return wakes of all agents, newest first; those that somebody waited for take precedence."""
        async with self._reader.at(moment) as past:
            return await lists.newest_wakes(past, limit)

    async def counts(self, moment: Moment) -> tuple[int, int, int]:
        """Count the wakes that waited, those that had failed with an unread message, and the open dialogs."""
        async with self._reader.at(moment) as past:
            waiting, facts = await lists.waiting_by_agent(past), await lists.facts(past)
            failed = await lists.failed_count(past)
        states = [known.state.state for known in facts.values() if known.state]
        return sum(waiting.values()), failed, states.count(PaneState.DIALOG)

    async def stretch(self, moment: Moment, name: ListName, request: StretchRequest) -> Stretch[Any]:
        """Return the entries of a list on one side of a key."""
        async with self._reader.at(moment) as past:
            match name:
                case ListName.MESSAGES:
                    return await message_lists.stretch(past, request)
                case ListName.WAKES:
                    return await wake_lists.stretch(past, request)
                case ListName.HISTORY:
                    return await history_lists.stretch(past, request)
                case ListName.TASKS:
                    found = await task_lists.stretch(past, request)
                    entries = await self._board(past, found.entries)
                    return Stretch(
                        entries=entries, reached=found.reached, reached_at=found.reached_at, is_last=found.is_last
                    )

    async def place(self, moment: Moment, name: ListName, entry: Sequence[str]) -> Key | None:
        """Return the key directly above an entry, as `LongLists.place` describes; None if it was not there."""
        async with self._reader.at(moment) as past:
            return await place_of(past, name, entry)

    async def wakes_of(self, moment: Moment, message_id: str) -> tuple[Wake, ...]:
        """Return the wakes of a message."""
        async with self._reader.at(moment) as past:
            return await wakes_store.of_message(past, message_id)

    async def attempts(self, moment: Moment, message_id: str, agent_id: str) -> tuple[WakeAttempt, ...]:
        """Return the attempts of a wake by then, oldest first, each with what the pane showed."""
        async with self._reader.at(moment) as past:
            return await wakes_store.attempts(past, message_id, agent_id)

    async def tasks(self, moment: Moment, limit: int) -> tuple[TaskEntry, ...]:
        """Return the board, unfinished tasks first."""
        async with self._reader.at(moment) as past:
            return await self._board(past, await tasks_store.newest(past, limit))

    async def contracts(self, moment: Moment, limit: int = 300) -> tuple[ContractSummary, ...]:
        """Return every contract by the version that was the latest, newest first."""
        async with self._reader.at(moment) as past:
            return await contracts_store.summaries(past, limit)

    async def activity(self, moment: Moment, limit: int) -> tuple[Activity, ...]:
        """Return the operator's actions, newest first."""
        async with self._reader.at(moment) as past:
            return await activity_store.newest(past, limit)

    async def events(self, moment: Moment, limit: int) -> tuple[LoggedEvent, ...]:
        """Return the actions of agents, newest first."""
        async with self._reader.at(moment) as past:
            return await activity_store.newest_events(past, limit)

    async def _board(self, past: PastReader, tasks: Sequence[Task]) -> tuple[TaskEntry, ...]:
        agents, facts = await agents_store.all_teams(past), await lists.facts(past)
        online = {agent_id for agent_id, known in facts.items() if known.online}
        return await task_entries(past, tasks, agents, online)


def _entry(
    agent: Agent,
    moment: Moment,
    unread: Mapping[str, Unread],
    waiting: Mapping[str, int],
    latest: Mapping[str, Wake],
    facts: Mapping[str, PastFacts],
    rest: dict[str, Any],
) -> RosterEntry:
    known, mail = facts.get(agent.agent_id, PastFacts()), unread.get(agent.agent_id)
    return RosterEntry(
        agent=agent,
        online=bool(known.online),
        connected=False,
        unread=mail.count if mail else 0,
        oldest_unread_at=from_wire(mail.oldest_at) if mail else None,
        wakes_waiting=waiting.get(agent.agent_id, 0),
        latest_wake=latest.get(agent.agent_id),
        pane=None,
        past=replace(known, last_call_known=agent.last_seen_at <= moment.at),
        **rest,
    )
