"""The order of transports, as a table: what types nothing comes first, and no second hint while one may be taken."""

from datetime import timedelta

import pytest

from tests.backend.services.wakes.test_policy import NOW, a_wake, after, an_agent
from tests.fakes import FakeTransport
from xats_tui.backend.services.wakes.order import Order, by_preference, may_go_on, order_of
from xats_tui.core.model.wakes import UNCONFIRMED, Observation, Reachability, Wake, WakeStatus
from xats_tui.core.records import replace

SERVING = ("inbox", "server", "pane")


def hinted_by(transport: str, ago: float) -> Wake:
    return replace(a_wake(status=WakeStatus.DELIVERED, submitted=timedelta(seconds=ago)), transport=transport)


def put_by(transport: str) -> Wake:
    return replace(a_wake(), transport=transport, detail=f"{UNCONFIRMED}nothing shows yet", due_at=after(30))


@pytest.mark.parametrize(
    ("serving", "wakes", "expected"),
    [
        ((), (a_wake(),), Order(ways=(), fresh=0)),
        (SERVING, (a_wake(),), Order(ways=SERVING, fresh=3)),
        (SERVING, (hinted_by("inbox", 59),), Order(ways=SERVING, fresh=3)),
        (SERVING, (hinted_by("inbox", 61),), Order(ways=("server", "pane", "inbox"), fresh=2)),
        (SERVING, (hinted_by("server", 61),), Order(ways=("pane", "inbox", "server"), fresh=1)),
        (SERVING, (hinted_by("pane", 61),), Order(ways=("pane", "inbox", "server"), fresh=1)),
        (SERVING, (hinted_by("gone", 61),), Order(ways=SERVING, fresh=3)),
        (SERVING, (put_by("inbox"),), Order(ways=("server", "pane", "inbox"), fresh=2, awaited="inbox")),
        (SERVING, (a_wake(), put_by("server")), Order(ways=("pane", "inbox", "server"), fresh=1, awaited="server")),
        (("pane",), (put_by("pane"),), Order(ways=("pane",), fresh=1, awaited="pane")),
        (("pane",), (put_by("inbox"),), Order(ways=("pane",), fresh=1)),
    ],
)
def test_the_order_of_transports(serving: tuple[str, ...], wakes: tuple[Wake, ...], expected: Order) -> None:
    assert order_of(serving, wakes, an_agent(), NOW) == expected


def test_what_types_nothing_comes_first_whatever_the_order_of_construction() -> None:
    pane = FakeTransport(name="pane", types=True)
    inbox, server = FakeTransport(name="inbox"), FakeTransport(name="server")
    assert by_preference([pane, inbox, server]) == (inbox, server, pane)


@pytest.mark.parametrize(
    ("at_rest", "is_taken", "is_due", "expected"),
    [
        (True, False, True, True),
        (None, False, True, True),  # nothing tells whether it works: the time alone counts
        (False, False, True, False),
        (True, True, True, False),
        (True, False, False, False),
    ],
)
def test_another_hint_is_put_only_when_the_first_is_due_and_its_program_at_rest(
    at_rest: bool | None, is_taken: bool, is_due: bool, expected: bool
) -> None:
    seen = Observation(reach=Reachability.OPEN, detail="seen", at_rest=at_rest, is_taken=is_taken)
    assert may_go_on(seen, is_due=is_due) is expected
