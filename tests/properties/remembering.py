"""The past: what the services told after each step, the change log tells of that moment for ever."""

from collections.abc import Iterable
from typing import Any

from hypothesis.stateful import invariant

from tests.properties.waking import Waking
from xats_tui.backend.services.operator.mail import OperatorMail
from xats_tui.backend.services.operator.operator import Operator
from xats_tui.backend.services.operator.past import Past
from xats_tui.backend.store import wakes as wakes_store
from xats_tui.backend.store.past import moments
from xats_tui.core.model.activity import Moment
from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.tasks import TaskEntry
from xats_tui.core.records import replace

ALL = 10_000


class Remembering(Waking):
    """After each step everything is written down, with the moment; at the end each moment is looked at again."""

    def __init__(self) -> None:
        self.written: list[tuple[Moment, dict[str, Any]]] = []
        super().__init__()

    @invariant()
    def is_written_down(self) -> None:
        """Write down what there is, unless nothing has changed."""
        world = self.world
        moment = world.look(moments.newest(world.database))
        assert moment is not None
        moment = replace(moment, at=world.clock.now())
        if not self.written or self.written[-1][0].number != moment.number:
            self.written.append((moment, self._now()))

    def teardown(self) -> None:
        """Look at every moment again: from the last to the first, and then here and there."""
        try:
            past = Past(self.world.database)
            try:
                for moment, told in (*reversed(self.written), *self.written[::5]):
                    assert self._then(past, moment) == told, moment
            finally:
                self.world.look(past.close())
        finally:
            super().teardown()

    def _now(self) -> dict[str, Any]:
        world = self.world
        operator, mail = Operator(world.database, world.waker, world.tmux), OperatorMail(world.database, world.mailbox)
        wakes = world.look(world.waker.newest(ALL))
        return {
            "roster": _agents(world.look(world.registry.roster())),
            "messages": world.look(world.mailbox.stream(ALL)),
            "inbox": world.look(mail.inbox(ALL)),
            "unanswered": world.look(mail.unanswered(ALL)),
            "wakes": wakes,
            "some wakes": world.look(world.waker.newest(3)),
            "failed": world.look(wakes_store.failed_count(world.database)),
            "attempts": [world.look(world.waker.attempts(wake.message_id, wake.agent_id)) for wake in wakes],
            "tasks": _tasks(world.look(world.board.entries(limit=ALL))),
            "contracts": world.look(world.contracts.summaries(ALL)),
            "activity": world.look(operator.activity(ALL)),
            "events": world.look(operator.events(ALL)),
        }

    def _then(self, past: Past, moment: Moment) -> dict[str, Any]:
        look = self.world.look
        wakes = look(past.wakes(moment, ALL))
        return {
            "roster": _agents(look(past.roster(moment))),
            "messages": look(past.stream(moment, ALL)),
            "inbox": look(past.inbox(moment, ALL)),
            "unanswered": look(past.unanswered(moment, ALL)),
            "wakes": wakes,
            "some wakes": look(past.wakes(moment, 3)),
            "failed": look(past.counts(moment))[1],
            "attempts": [look(past.attempts(moment, wake.message_id, wake.agent_id)) for wake in wakes],
            "tasks": _tasks(look(past.tasks(moment, ALL))),
            "contracts": look(past.contracts(moment, ALL)),
            "activity": look(past.activity(moment, ALL)),
            "events": look(past.events(moment, ALL)),
        }


def _agents(roster: Iterable[RosterEntry]) -> list[tuple[Any, ...]]:
    """Return what the store knows of agents; their last call is not logged."""
    return [
        (
            replace(entry.agent, last_seen_at=entry.agent.registered_at),
            entry.unread,
            entry.oldest_unread_at,
            entry.wakes_waiting,
            entry.latest_wake,
            entry.resting,
            entry.resting_until,
        )
        for entry in roster
    ]


def _tasks(board: Iterable[TaskEntry]) -> list[TaskEntry]:
    return [replace(entry, owner_online=None) for entry in board]
