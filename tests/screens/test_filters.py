"""One language for all filters: words, `@name`, a state."""

import pytest

from tests.screens.sample.clock import NOW
from tests.screens.sample.filled import FILLED
from tests.screens.sample.teams import TEAMS
from xats_tui.screens.modes.listing import Listing
from xats_tui.screens.query.filters import Filter
from xats_tui.screens.rows.activity import ACTIVITY
from xats_tui.screens.rows.agents import AGENTS
from xats_tui.screens.rows.contracts import CONTRACTS
from xats_tui.screens.rows.messages import MESSAGES, STREAM
from xats_tui.screens.rows.tasks import TASKS
from xats_tui.screens.rows.wakes import WAKES

WHAT_IS_FOUND = [
    (WAKES, "", 6),
    (WAKES, "failed", 1),
    (WAKES, "waiting @docs", 1),
    (WAKES, "waiting @qa", 0),
    (WAKES, "deploy docs", 6),
    (TASKS, "@back", 2),
    (TASKS, "doing", 2),
    (TASKS, "doi", 2),
    (TASKS, "orders MIGRATE", 1),
    (AGENTS, "idle", 2),
    (AGENTS, "unread dialog", 1),
    (STREAM, "reply unread", 2),
    (STREAM, "@qa", 3),
    (STREAM, "done", 1),
    (WAKES, "!failed", 5),
    (WAKES, "!fai", 5),
    (WAKES, "!", 6),
    (WAKES, "waiting !@docs", 1),
    (TASKS, "doing !@back", 1),
]


@pytest.mark.parametrize("listing, words, number", WHAT_IS_FOUND)
def test_a_filter_finds(listing: object, words: str, number: int) -> None:
    rows = listing.rows(FILLED, NOW)  # type: ignore[attr-defined]
    assert len(Filter(words, listing.states).select(rows)) == number  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "listing", [ACTIVITY, AGENTS, CONTRACTS, MESSAGES, STREAM, TASKS, WAKES], ids=lambda one: one.title
)
@pytest.mark.parametrize("name", ["backend", "frontend"])
def test_an_address_finds_what_a_name_finds_that_stands_alone(listing: Listing, name: str) -> None:
    rows = listing.rows(FILLED, NOW)
    found = Filter(f"@{name}", listing.states).select(rows)
    assert found
    assert Filter(f"@{name}@shop", listing.states).select(rows) == found
    assert not Filter(f"@{name}@docs", listing.states).select(rows)


def test_a_subscriber_of_a_team_is_found_among_its_namesakes() -> None:
    (found,) = Filter("@frontend@mobile", CONTRACTS.states).select(CONTRACTS.rows(TEAMS, NOW))
    assert found.key == "mobile/orders"


def test_a_word_is_a_state_only_where_there_is_such_a_state() -> None:
    rows = WAKES.rows(FILLED, NOW)
    assert [row.key for row in Filter("read", WAKES.states).select(rows)] == ["8f3c0003-77aa-4d2e/planner-shop-0001"]
    assert len(Filter("read", ()).select(rows)) > 0


def test_every_row_says_only_states_that_a_filter_knows() -> None:
    for listing in (AGENTS, STREAM, WAKES, TASKS):
        assert {state for row in listing.rows(FILLED, NOW) for state in row.states} <= listing.states
