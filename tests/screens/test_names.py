"""Names of agents on the screen: never without the team where several teams have the name."""

import re
from collections.abc import Iterator

import pytest

from tests.screens.sample.agents import BACKEND, QA
from tests.screens.sample.clock import NOW
from tests.screens.sample.filled import FILLED
from tests.screens.sample.teams import NAMES, TEAMS, who
from xats_tui.screens.data.alerts import alert_text
from xats_tui.screens.data.attention import concerns
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.data.targets import contract_key, letters, log_key, log_of
from xats_tui.screens.details.activity import activity_detail
from xats_tui.screens.details.agents import agent_detail
from xats_tui.screens.details.contracts import contract_title, interest_detail
from xats_tui.screens.details.messages import message_detail, thread_title
from xats_tui.screens.details.tasks import dependency_tree, task_detail
from xats_tui.screens.details.tickets import task_history
from xats_tui.screens.details.wakes import wake_detail, wake_title
from xats_tui.screens.modes.listing import Listing
from xats_tui.screens.rows.activity import ACTIVITY
from xats_tui.screens.rows.agents import AGENTS
from xats_tui.screens.rows.attention import ATTENTION
from xats_tui.screens.rows.contracts import CONTRACTS, VERSIONS
from xats_tui.screens.rows.messages import MESSAGES, STREAM
from xats_tui.screens.rows.names import name_of
from xats_tui.screens.rows.task_graph import TASK_GRAPH
from xats_tui.screens.rows.tasks import BOARD, TASKS
from xats_tui.screens.rows.wakes import WAKES

BARE = re.compile(rf"(?<![\w/])({'|'.join(NAMES)})(?![\w@/-])")
"""A name that several teams have, without a team."""


@pytest.mark.parametrize(
    "listing",
    [ACTIVITY, AGENTS, TASK_GRAPH, CONTRACTS, VERSIONS, MESSAGES, STREAM, TASKS, *BOARD.values(), WAKES],
    ids=lambda listing: listing.title,
)
def test_no_list_names_an_agent_without_the_team_that_tells_it_apart(listing: Listing) -> None:
    rows = listing.rows(TEAMS, NOW)
    assert rows
    assert [cell.text for row in rows for cell in row.cells if BARE.search(cell.text)] == []


NAMING = {"name", "agent", "from", "route", "owner", "by", "actor", "subject", "team"}
"""Columns that name agents, their teams, or contracts after them."""


@pytest.mark.parametrize(
    "listing",
    [ACTIVITY, AGENTS, ATTENTION, TASK_GRAPH, CONTRACTS, VERSIONS, MESSAGES, STREAM, TASKS, *BOARD.values(), WAKES],
    ids=lambda listing: listing.title,
)
def test_names_are_cut_where_they_stay_distinct(listing: Listing) -> None:
    cut = {column.key for column in listing.columns if column.names}
    assert cut == NAMING & {column.key for column in listing.columns}


def test_no_detail_names_an_agent_without_the_team_that_tells_it_apart() -> None:
    said = list(details(TEAMS))
    assert len(said) > 20
    assert [line for text in said for line in text.splitlines() if BARE.search(line)] == []


def details(snapshot: Snapshot) -> Iterator[str]:
    """What each detail says, and the attention list and an alert."""
    for entry in snapshot.roster:
        yield str(agent_detail(snapshot, entry.agent.agent_id, NOW))
    for letter in letters(snapshot.stream):
        yield str(message_detail(snapshot, letter.key, NOW))
        yield thread_title(snapshot, letter)
    for wake in snapshot.wakes:
        yield str(wake_title(snapshot, wake, NOW))
        yield str(wake_detail(snapshot, wake.key, NOW, None, 100))
    for task in snapshot.tasks:
        yield str(task_detail(snapshot, task.task.id, NOW))
        yield str(dependency_tree(snapshot, task.task.id))
        yield str(task_history(snapshot, task.task.id))
    for summary in snapshot.contracts:
        yield str(contract_title(snapshot, summary, summary.versions[0], None))
        yield str(interest_detail(snapshot, summary, NOW)) + contract_key(summary)
    for logged in log_of(snapshot):
        yield str(activity_detail(snapshot, log_key(logged), NOW))
    for concern in concerns(snapshot, NOW):
        yield f"{concern.subject}: {concern.reason}"
    yield alert_text([entry for entry in snapshot.roster if snapshot.asks(entry)], snapshot)


def test_a_name_of_one_agent_stands_alone() -> None:
    assert name_of(FILLED, QA.agent_id) == "qa"
    assert name_of(TEAMS, who("qa@shop").agent_id) == "qa@shop"


def test_an_agent_that_has_left_is_not_taken_for_its_namesake() -> None:
    assert name_of(FILLED, "0f3a-77", BACKEND.name) == "backend (0f3a)"
    assert name_of(FILLED, "0f3a-77", "writer") == "writer"
    assert name_of(FILLED, "0f3a-77") == "0f3a"
