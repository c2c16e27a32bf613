"""Which transport is used: the first that leads somewhere, and none beside a hint that may be taken yet."""

import pytest

from tests.backend.services.wakes.test_order import put_by
from tests.backend.services.wakes.test_policy import NOW, a_wake, after, an_agent
from tests.fakes import FakeClock, FakeTransport
from xats_tui.backend.services.wakes.asking import Asked, Transports
from xats_tui.core.model.wakes import DECLINED, HELD, UNCONFIRMED, AskedWay, Gate, Observation, Reachability, Wake
from xats_tui.core.records import replace

OPEN = Observation(reach=Reachability.OPEN, detail="open", at_rest=True)
HARMFUL = Observation(reach=Reachability.UNUSABLE, detail="bypassPermissions: a message would open a dialog")
BUSY = Observation(
    reach=Reachability.OPEN,
    detail="busy",
    at_rest=False,
    gates=(Gate(name="dialog", holds=True, detail="none"), Gate(name="state", holds=False, detail="busy")),
)


class Ways:
    """An inbox, a server and a pane for one agent."""

    def __init__(self) -> None:
        self.inbox, self.server = FakeTransport(name="inbox"), FakeTransport(name="server")
        self.pane = FakeTransport(name="pane", types=True)

    async def ask(self, *wakes: Wake) -> Asked:
        """Ask them at noon."""
        return await Transports((self.pane, self.inbox, self.server), FakeClock(NOW)).ask(an_agent(), wakes)


@pytest.fixture
def ways() -> Ways:
    return Ways()


async def test_a_way_that_would_do_harm_is_passed_over_and_named(ways: Ways) -> None:
    ways.inbox.seen = HARMFUL
    ways.server.seen = Observation(reach=Reachability.BROKEN, detail="no server")

    asked = await ways.ask(a_wake())

    assert asked.transport is ways.pane
    assert asked.ways == (
        AskedWay(transport="inbox", verdict="bypassPermissions: a message would open a dialog"),
        AskedWay(transport="server", verdict="no server"),
        AskedWay(transport="pane", verdict="open"),
    )


async def test_a_busy_agent_is_waited_for_and_not_reached_by_the_next_way(ways: Ways) -> None:
    ways.inbox.seen = BUSY

    asked = await ways.ask(a_wake())

    assert (asked.transport, asked.ways) == (ways.inbox, (AskedWay(transport="inbox", verdict="state: busy"),))
    assert ways.pane.asked_urgently == []


@pytest.mark.parametrize("urgent", [False, True])
async def test_only_an_urgent_message_may_reach_a_model_in_its_turn(ways: Ways, urgent: bool) -> None:
    await ways.ask(a_wake(), replace(a_wake(), urgent=urgent))
    assert ways.inbox.asked_urgently == [urgent]


@pytest.mark.parametrize(
    "seen",
    [BUSY, replace(BUSY, gates=()), replace(OPEN, at_rest=False)],
)
async def test_while_a_hint_may_be_taken_yet_nothing_else_is_put(ways: Ways, seen: Observation) -> None:
    ways.inbox.seen = seen

    asked = await ways.ask(replace(put_by("inbox"), due_at=NOW))

    assert asked.transport is ways.inbox
    assert asked.observation.detail == "unconfirmed: an earlier hint may be taken yet"
    assert not all(gate.holds for gate in asked.observation.gates)
    assert (ways.server.asked_urgently, ways.pane.asked_urgently) == ([], [])


@pytest.mark.parametrize(
    ("gate", "told"),
    [
        (Gate(name="own hint", holds=False, detail=f"{UNCONFIRMED}{HELD}"), "unconfirmed: held for its person"),
        (Gate(name=DECLINED, holds=False, detail="by its person"), "declined: by its person"),
    ],
)
async def test_what_a_person_decides_about_a_hint_is_told_and_no_other_way_is_taken(
    ways: Ways, gate: Gate, told: str
) -> None:
    ways.inbox.seen = replace(BUSY, gates=(gate,))

    asked = await ways.ask(replace(put_by("inbox"), due_at=NOW))

    assert (asked.transport, asked.observation.detail) == (ways.inbox, told)
    assert not all(gate.holds for gate in asked.observation.gates)


async def test_before_its_time_is_over_an_unconfirmed_hint_is_waited_for_even_at_rest(ways: Ways) -> None:
    asked = await ways.ask(replace(put_by("inbox"), due_at=after(5)))
    assert not all(gate.holds for gate in asked.observation.gates)


async def test_a_program_at_rest_that_took_nothing_is_reached_by_the_next_way(ways: Ways) -> None:
    asked = await ways.ask(replace(put_by("inbox"), due_at=NOW))

    assert asked.transport is ways.server
    assert asked.ways[0] == AskedWay(transport="inbox", verdict="nothing shows that it took the earlier hint")


async def test_a_hint_that_was_taken_after_all_is_told_by_the_transport_that_put_it(ways: Ways) -> None:
    ways.inbox.seen = replace(BUSY, is_taken=True)

    asked = await ways.ask(replace(put_by("inbox"), due_at=after(5)))

    assert (asked.transport, asked.observation) == (ways.inbox, ways.inbox.seen)


async def test_without_a_way_the_agent_is_told_to_have_none(ways: Ways) -> None:
    for way in (ways.inbox, ways.server, ways.pane):
        way.seen = HARMFUL
    asked = await ways.ask(a_wake())
    assert (asked.observation, len(asked.ways)) == (HARMFUL, 3)
