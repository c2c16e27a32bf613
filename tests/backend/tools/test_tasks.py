"""The task board: who may take and finish what, one winner for each task."""

import asyncio
import json

import pytest

from tests.conftest import Connect, Sql
from tests.mcp_caller import Caller, ToolError


async def add(author: Caller, title: str = "build", **fields: object) -> str:
    """The id of a new task."""
    task_id: str = (await author.call("task_add", title=title, **fields))["task_id"]
    return task_id


async def test_a_task_goes_from_pending_to_in_progress_to_completed(register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob")
    task_id = await add(alice, "build", description="all of it")
    (pending,) = (await bob.call("task_list"))["tasks"]
    assert pending == {
        "id": task_id,
        "team": "default",
        "title": "build",
        "description": "all of it",
        "status": "pending",
        "depends_on": [],
        "claimed_by": None,
        "claimed_at": None,
        "completed_at": None,
        "result": None,
        "created_at": pending["created_at"],
    }

    assert await bob.call("task_claim", task_id=task_id) == {"ok": True}
    (taken,) = (await alice.call("task_list", status="in_progress"))["tasks"]
    assert taken["claimed_by"] == bob.agent_id
    assert taken["claimed_at"] >= pending["created_at"]

    assert await bob.call("task_complete", task_id=task_id, result="done") == {"ok": True}
    (done,) = (await alice.call("task_list", status="completed"))["tasks"]
    assert (done["result"], done["status"]) == ("done", "completed")
    assert done["completed_at"] >= taken["claimed_at"]


async def test_tasks_are_listed_oldest_first_and_by_status(register: Connect) -> None:
    alice = await register("alice")
    ids = [await add(alice, str(number)) for number in range(3)]
    await alice.call("task_claim", task_id=ids[1])

    assert [task["id"] for task in (await alice.call("task_list"))["tasks"]] == ids
    assert [task["id"] for task in (await alice.call("task_list", status="pending"))["tasks"]] == [ids[0], ids[2]]


async def test_tasks_of_another_team_do_not_exist(register: Connect) -> None:
    alice, stranger = await register("alice"), await register("stranger", team="blue")
    task_id = await add(alice)

    assert await stranger.call("task_list") == {"tasks": []}
    assert await stranger.call("task_claim", task_id=task_id) == {"error": "unknown_task"}
    assert await stranger.call("task_complete", task_id=task_id) == {"error": "unknown_task"}
    assert (await stranger.call("task_add", title="x", depends_on=[task_id]))["error"] == "unknown_dependency"


async def test_a_task_that_was_taken_names_its_owner(register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob")
    task_id = await add(alice)
    await bob.call("task_claim", task_id=task_id)

    taken = {"error": "already_claimed", "owner": bob.agent_id}
    assert await alice.call("task_claim", task_id=task_id) == taken
    assert await bob.call("task_claim", task_id=task_id) == taken
    await bob.call("task_complete", task_id=task_id)
    assert await alice.call("task_claim", task_id=task_id) == taken


async def test_a_task_waits_for_what_it_depends_on(register: Connect) -> None:
    alice = await register("alice")
    first = await add(alice, "first")
    second = await add(alice, "second", depends_on=[first, first])
    assert (await alice.call("task_list"))["tasks"][1]["depends_on"] == [first]

    assert await alice.call("task_claim", task_id=second) == {"error": "dependencies_pending"}
    await alice.call("task_claim", task_id=first)
    assert await alice.call("task_claim", task_id=second) == {"error": "dependencies_pending"}
    await alice.call("task_complete", task_id=first)
    assert await alice.call("task_claim", task_id=second) == {"ok": True}


async def test_w17_an_unknown_dependency_is_refused_by_id(register: Connect, sql: Sql) -> None:
    alice = await register("alice")
    known = await add(alice)

    assert await alice.call("task_add", title="x", depends_on=[known, "ghost"]) == {
        "error": "unknown_dependency",
        "task_ids": ["ghost"],
    }
    assert sql("SELECT count(*) FROM tasks") == [(1,)]


async def test_w17_no_cycle_can_arise_since_a_task_names_only_older_ones(register: Connect) -> None:
    alice = await register("alice")
    first = await add(alice, "first")
    second = await add(alice, "second", depends_on=[first])
    third = await add(alice, "third", depends_on=[second, first])
    tasks = {task["id"]: task["depends_on"] for task in (await alice.call("task_list"))["tasks"]}

    assert tasks == {first: [], second: [first], third: [second, first]}
    order = list(tasks)
    assert all(order.index(wanted) < order.index(task) for task in tasks for wanted in tasks[task])


async def test_a_task_without_an_owner_that_is_not_pending_names_an_empty_one(register: Connect, sql: Sql) -> None:
    alice = await register("alice")
    task_id = await add(alice)
    sql("UPDATE tasks SET status = 'completed'")

    assert await alice.call("task_claim", task_id=task_id) == {"error": "already_claimed", "owner": ""}
    assert await alice.call("task_complete", task_id=task_id) == {"error": "invalid_status"}


async def test_that_a_task_is_taken_is_said_before_that_it_has_to_wait(register: Connect, sql: Sql) -> None:
    alice = await register("alice")
    first = await add(alice)
    second = await add(alice, depends_on=[first])
    sql("UPDATE tasks SET status = 'in_progress', claimed_by = ? WHERE id = ?", alice.agent_id, second)

    taken = {"error": "already_claimed", "owner": alice.agent_id}
    assert await alice.call("task_claim", task_id=second) == taken


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    ("tool", "arguments", "field"),
    [
        ("task_add", {"title": ""}, "title"),
        ("task_add", {"title": "x", "depends_on": "T"}, "depends_on"),
        ("task_add", {"title": "x", "description": 1}, "description"),
        ("task_add", {"title": "x", "assignee": "bob"}, "assignee"),
        ("task_claim", {}, "task_id"),
        ("task_complete", {"task_id": "T", "result": 7}, "result"),
        ("task_list", {"status": "done"}, "status"),
    ],
)
async def test_w25_a_bad_argument_is_refused_by_name(
    register: Connect, tool: str, arguments: dict[str, object], field: str
) -> None:
    alice = await register("alice")

    with pytest.raises(ToolError, match=f"(?s){tool}.*{field}"):
        await alice.call(tool, **arguments)


async def test_only_its_owner_completes_a_task_and_only_once(register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob")
    task_id = await add(alice)

    assert await alice.call("task_complete", task_id="ghost") == {"error": "unknown_task"}
    assert await alice.call("task_complete", task_id=task_id) == {"error": "invalid_status"}
    await alice.call("task_claim", task_id=task_id)
    assert await bob.call("task_complete", task_id=task_id) == {"error": "not_owner"}
    await alice.call("task_complete", task_id=task_id)
    assert await bob.call("task_complete", task_id=task_id) == {"error": "invalid_status"}


@pytest.mark.slow
async def test_twenty_concurrent_claims_have_one_winner(register: Connect, sql: Sql) -> None:
    agents = [await register(f"agent-{number}") for number in range(20)]
    task_id = await add(agents[0])
    answers = await asyncio.gather(*(agent.call("task_claim", task_id=task_id) for agent in agents))

    (winner,) = (agent for agent, answer in zip(agents, answers, strict=True) if answer == {"ok": True})
    lost = {"error": "already_claimed", "owner": winner.agent_id}
    assert answers.count(lost) == 19
    assert sql("SELECT count(*) FROM events WHERE event_type = 'task_claimed'") == [(1,)]


async def test_each_step_of_a_task_is_an_event(register: Connect, sql: Sql) -> None:
    alice = await register("alice")
    task_id = await add(alice)
    await alice.call("task_claim", task_id=task_id)
    await alice.call("task_complete", task_id=task_id)

    rows = sql("SELECT event_type, from_team, to_team, actor_agent_id, payload FROM events")
    assert [(row[0], json.loads(row[4])) for row in rows] == [
        ("task_added", {"task_id": task_id, "title": "build"}),
        ("task_claimed", {"task_id": task_id}),
        ("task_completed", {"task_id": task_id, "result": None}),
    ]
    assert {row[1:4] for row in rows} == {("default", "default", alice.agent_id)}


async def test_w26_a_claim_and_its_event_are_stored_together(register: Connect, sql: Sql) -> None:
    alice = await register("alice")
    task_id = await add(alice)
    sql(
        "CREATE TRIGGER no_claims BEFORE INSERT ON events WHEN new.event_type = 'task_claimed' "
        "BEGIN SELECT RAISE(ABORT, 'no'); END"
    )

    assert await alice.call("task_claim", task_id=task_id) == {"error": "storage_unavailable"}
    assert sql("SELECT status FROM tasks") == [("pending",)]


async def test_a_task_may_wait_for_more_tasks_than_a_statement_has_variables(register: Connect, sql: Sql) -> None:
    alice = await register("alice")
    sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
        "INSERT INTO tasks (id, team, title, status, depends_on, created_at) "
        "SELECT 'task-' || i, 'default', 'x', 'completed', '[]', '' FROM n"
    )
    task_id = await add(alice, depends_on=[f"task-{number}" for number in range(1, 20_001)])

    assert await alice.call("task_claim", task_id=task_id) == {"ok": True}
