"""OperatorApi: everything that the operator can ask of the coordinator, one line a verb."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from xats_tui.backend.health.rates import RateCounts
from xats_tui.backend.health.report import HealthReport
from xats_tui.backend.mcp_sessions import McpSessions
from xats_tui.backend.operator_api.declaration import Verb, act, look, look_now
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.services.agents.registry import Registry
from xats_tui.backend.services.contracts.book import ContractBook
from xats_tui.backend.services.launch.desk import LocalLaunchBackend
from xats_tui.backend.services.launch.launcher import Launcher
from xats_tui.backend.services.messages import Mailbox
from xats_tui.backend.services.operator.agents import OperatorAgents
from xats_tui.backend.services.operator.answering import Answering
from xats_tui.backend.services.operator.lists import LongLists
from xats_tui.backend.services.operator.mail import OperatorMail
from xats_tui.backend.services.operator.operator import Operator
from xats_tui.backend.services.operator.past import Past
from xats_tui.backend.services.operator.summaries import Summaries
from xats_tui.backend.services.operator.tasks import OperatorTasks
from xats_tui.backend.services.search import Search
from xats_tui.backend.services.tasks import TaskBoard
from xats_tui.backend.services.upkeep.look_keeper import LookKeeper
from xats_tui.backend.services.wakes.waker import Waker
from xats_tui.backend.services.wakes.ways import Ways
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.system.tmux import Tmux
from xats_tui.backend.watchers.claude_sessions import ClaudeSessions
from xats_tui.core.model.activity import Actor

S = TypeVar("S")


class OperatorApi:
    """The coordinator as the operator uses it, at one door.

    Every door shares the services; the actor alone differs.  Services and their methods are not reached past a verb.
    """

    def __init__(self, actor: Actor, services: Iterable[object]) -> None:
        """Bind an actor to one instance of each service."""
        self.actor = actor
        self._services: Mapping[type, object] = {type(service): service for service in services}

    def acting(self, actor: Actor) -> "OperatorApi":
        """Return the same API for another door."""
        return OperatorApi(actor, self._services.values())

    def part(self, kind: type[S]) -> S:
        """Return the one instance of a service."""
        found = self._services.get(kind) or next(one for one in self._services.values() if isinstance(one, kind))
        assert isinstance(found, kind)
        return found

    # agents
    roster = look(Registry, Registry.roster)
    poke = act(Operator, Operator.poke)
    rest_agent = act(Operator, Operator.rest_agent)
    rest_team = act(Operator, Operator.rest_team)
    disturb_agent = act(Operator, Operator.disturb_agent)
    disturb_team = act(Operator, Operator.disturb_team)
    remove_agent = act(OperatorAgents, OperatorAgents.remove)
    unconnected = look(ClaudeSessions, ClaudeSessions.unconnected)
    go_to = act(Operator, Operator.go_to, changes=False)

    # what agents show and ask
    view = look_now(PaneMonitor, PaneMonitor.view)
    kept_looks = look(LookKeeper, LookKeeper.of_agent)
    attend = look_now(PaneMonitor, PaneMonitor.attend)
    asked = look(Answering, Answering.asked)
    prompt = look(Answering, Answering.prompt)
    answer = act(Answering, Answering.answer)

    # launches
    launch = act(Launcher, Launcher.grant)
    known_agent = look(LocalLaunchBackend, LocalLaunchBackend.known)
    expect_launch = look(LocalLaunchBackend, LocalLaunchBackend.expect, changes=True)
    bind_launch = look(LocalLaunchBackend, LocalLaunchBackend.bind, changes=True)
    launched = act(LocalLaunchBackend, LocalLaunchBackend.arrived_for)

    # wakes
    wakes = look(Waker, Waker.newest)
    wakes_of = look(Waker, Waker.statuses)
    attempts = look(Waker, Waker.attempts)
    first_decisions = look(Waker, Waker.first_decisions)
    gates = look(Operator, Operator.dry_run)
    ways = look(Ways, Ways.of)
    replay = act(Operator, Operator.replay)
    cancel_wake = act(Operator, Operator.cancel)
    force = act(Operator, Operator.force)

    # messages
    stream = look(Mailbox, Mailbox.stream)
    inbox = look(OperatorMail, OperatorMail.inbox)
    unanswered = look(OperatorMail, OperatorMail.unanswered)
    thread = look(OperatorMail, OperatorMail.thread)
    send = act(OperatorMail, OperatorMail.send)
    mark_read = act(OperatorMail, OperatorMail.mark_read)

    # tasks
    tasks = look(TaskBoard, TaskBoard.entries)
    add_task = act(OperatorTasks, OperatorTasks.add)
    edit_task = act(OperatorTasks, OperatorTasks.edit)
    reassign_task = act(OperatorTasks, OperatorTasks.reassign)
    release_task = act(OperatorTasks, OperatorTasks.release)
    cancel_task = act(OperatorTasks, OperatorTasks.cancel)
    restore_task = act(OperatorTasks, OperatorTasks.restore)

    # contracts
    contracts = look(ContractBook, ContractBook.summaries)
    contract_change = look(ContractBook, ContractBook.change)

    # everything that is stored
    find = look(Search, Search.find)

    # lists without an end
    message_stretch = look(LongLists, LongLists.messages)
    wake_stretch = look(LongLists, LongLists.wakes)
    task_stretch = look(TaskBoard, TaskBoard.stretch)
    history_stretch = look(LongLists, LongLists.history)
    place = look(LongLists, LongLists.place)
    totals = look(LongLists, LongLists.totals)

    # the past
    past_span = look(Past, Past.span)
    past_moment = look(Past, Past.moment)
    past_step = look(Past, Past.step)
    past_roster = look(Past, Past.roster)
    past_stream = look(Past, Past.stream)
    past_inbox = look(Past, Past.inbox)
    past_unanswered = look(Past, Past.unanswered)
    past_thread = look(Past, Past.thread)
    past_wakes = look(Past, Past.wakes)
    past_counts = look(Past, Past.counts)
    past_wakes_of = look(Past, Past.wakes_of)
    past_views = look(Past, Past.views)
    past_looks = look(Past, Past.looks)
    past_attempts = look(Past, Past.attempts)
    past_tasks = look(Past, Past.tasks)
    past_contracts = look(Past, Past.contracts)
    past_activity = look(Past, Past.activity)
    past_events = look(Past, Past.events)
    past_stretch = look(Past, Past.stretch)
    past_place = look(Past, Past.place)

    # the coordinator itself
    health = look(HealthReport, HealthReport.now)
    rates = look(RateCounts, RateCounts.now)
    sessions = look_now(McpSessions, McpSessions.entries)
    activity = look(Operator, Operator.activity)
    events = look(Operator, Operator.events)
    since = look(Summaries, Summaries.since)
    tmux_commands = look_now(Tmux, Tmux.changes)
    alert = act(OperatorAgents, OperatorAgents.alert, changes=False)
    save_database = look(Database, Database.save)  # reads: it writes a file of the operator's, none of ours


VERBS: Mapping[str, Verb[..., object]] = {
    name: verb for name, verb in vars(OperatorApi).items() if isinstance(verb, Verb)
}
"""Every verb by name."""
