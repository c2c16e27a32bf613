"""The tree of unfinished tasks: what stands below what, what holds up most, the critical path."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from xats_tui.core.model.tasks import Task, TaskEntry, TaskStatus
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.rows.task_graph import TASK_GRAPH, graph_of

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def board(*tasks: TaskEntry) -> Snapshot:
    return Snapshot(tasks=tasks)


def entry(name: str, *depends_on: str, team: str = "shop", done: bool = False) -> TaskEntry:
    task = Task(
        id=name,
        team=team,
        title=name,
        description=None,
        status=TaskStatus.COMPLETED if done else TaskStatus.PENDING,
        depends_on=depends_on,
        claimed_by=None,
        claimed_at=None,
        completed_at=NOW if done else None,
        result=None,
        created_at=NOW - timedelta(hours=1),
    )
    return TaskEntry(task=task, owner_name=None, owner_online=None, waits_for=depends_on, blocks=0)


def drawn(tasks: Iterable[TaskEntry]) -> list[str]:
    return [row.cells[0].text for row in TASK_GRAPH.rows(board(*tasks), NOW)]


def test_what_holds_up_most_comes_first_and_the_longest_chain_has_heavy_lines() -> None:
    tasks = [entry("alone"), entry("a"), entry("b", "a"), entry("c", "b"), entry("d", "a"), entry("x"), entry("y", "x")]
    assert drawn(tasks) == ["○ a", "┣━ ○ b", "┃  ┗━ ○ c", "└─ ○ d", "○ x", "└─ ○ y", "○ alone"]
    assert graph_of(board(*tasks)).critical == {"a", "b", "c"}
    assert "critical path: 3 tasks" in TASK_GRAPH.summary(board(*tasks))


def test_a_task_stands_once_at_the_end_of_its_longest_chain_and_says_how_many_more_it_waits_for() -> None:
    tasks = [entry("short"), entry("one"), entry("two", "one"), entry("last", "short", "two")]
    assert drawn(tasks) == ["○ one", "┗━ ○ two", "   ┗━ ○ last", "○ short"]
    rows = {row.key: [cell.text for cell in row.cells] for row in TASK_GRAPH.rows(board(*tasks), NOW)}
    assert rows["last"][1] == "for 1 more"
    assert [rows[key][2] for key in ("one", "short", "last")] == ["2", "1", "–"]


def test_what_is_done_blocks_nothing_and_teams_stand_apart() -> None:
    tasks = [entry("z", team="docs"), entry("done", done=True), entry("a", "done")]
    assert drawn(tasks) == ["○ z", "○ a"]


@pytest.mark.parametrize("count", [300])
def test_a_long_chain_is_drawn_to_its_end(count: int) -> None:
    chain = [entry("0"), *(entry(str(n), str(n - 1)) for n in range(1, count))]
    assert len(drawn(reversed(chain))) == count


def test_tasks_that_wait_for_each_other_are_shown_once_each() -> None:
    assert drawn([entry("a", "b"), entry("b", "a"), entry("c")]) == ["○ c", "○ a", "○ b"]
