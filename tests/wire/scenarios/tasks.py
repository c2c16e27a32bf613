"""The task board."""

import asyncio
import json

from tests.wire.producers import http_only, shows
from tests.wire.shapes import TASK, exactly, is_time, is_uuid
from tests.wire.world import Speaker, World

CLAIMERS = 20


async def added(agent: Speaker, title: str = "t", **fields: object) -> str:
    """The id of a new task."""
    return str((await agent.call("task_add", title=title, **fields))["task_id"])


@shows("task_add", "ok")
async def a_task(world: World) -> None:
    alice = await world.agent("alice")
    first = await alice.call("task_add", title="build", description="all of it")
    second = await alice.call("task_add", title="ship", depends_on=[first["task_id"]])

    exactly(first, {"task_id"})
    assert is_uuid(second["task_id"])
    event_type, payload = world.sql(
        "SELECT event_type, payload FROM events WHERE from_team = ? ORDER BY event_id LIMIT 1", world.team
    )[0]
    assert (event_type, json.loads(payload)) == ("task_added", {"task_id": first["task_id"], "title": "build"})


@shows("task_add", "ok: a dependency named twice")
async def a_task_with_one_dependency_twice(world: World) -> None:
    alice = await world.agent("alice")
    first = await added(alice)
    second = await added(alice, depends_on=[first, first])
    tasks = {task["id"]: task for task in (await alice.call("task_list"))["tasks"]}
    assert tasks[second]["depends_on"] == [first]


@shows("task_add", "unknown_dependency: no task")
async def a_task_that_waits_for_nothing(world: World) -> None:
    alice = await world.agent("alice")
    first = await added(alice)
    answer = await alice.call("task_add", title="t", depends_on=["nothing", first])
    assert answer == {"error": "unknown_dependency", "task_ids": ["nothing"]}
    assert len((await alice.call("task_list"))["tasks"]) == 1


@shows("task_add", "unknown_dependency: another team's task")
async def a_task_that_waits_for_a_foreign_one(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob", team=world.team + "-b")
    foreign = await added(bob)
    answer = await alice.call("task_add", title="t", depends_on=[foreign])
    assert answer == {"error": "unknown_dependency", "task_ids": [foreign]}


@shows("task_add", "storage_unavailable")
async def a_task_that_cannot_be_stored(world: World) -> None:
    alice = await world.agent("alice")
    world.sql(
        "CREATE TRIGGER IF NOT EXISTS no_task BEFORE INSERT ON tasks WHEN NEW.title = 'unstorable' "
        "BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    assert await alice.call("task_add", title="unstorable") == {"error": "storage_unavailable"}
    assert (await alice.call("task_list"))["tasks"] == []


@shows("task_add", "tool error: no title")
async def a_task_without_a_title(world: World) -> None:
    await (await world.agent("alice")).tool_error("task_add", {"description": "x"}, "title")


@shows("task_add", "tool error: an empty title")
async def a_task_with_an_empty_title(world: World) -> None:
    await (await world.agent("alice")).tool_error("task_add", {"title": ""}, "title")


@shows("task_add", "ok: null for what may be left out")
async def a_task_with_null_for_what_may_be_left_out(world: World) -> None:
    await added(await world.agent("alice"), description=None, depends_on=None)


@shows("task_add", "tool error: dependencies that are no list")
async def a_task_that_depends_on_no_list(world: World) -> None:
    alice = await world.agent("alice")
    for unclear in ("x", '"x"', "a,b", "[x]", {"id": "x"}):
        await alice.tool_error("task_add", {"title": "t", "depends_on": unclear}, "depends_on")


@shows("task_claim", "ok")
async def a_claim(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob")
    first = await added(alice)
    second = await added(alice, depends_on=[first])
    assert await bob.call("task_claim", task_id=first) == {"ok": True}
    assert await bob.call("task_complete", task_id=first) == {"ok": True}
    assert await alice.call("task_claim", task_id=second) == {"ok": True}
    events = world.sql(
        "SELECT event_type, actor_agent_id FROM events WHERE from_team = ? ORDER BY event_id", world.team
    )
    assert events == [
        ("task_added", alice.agent_id),
        ("task_added", alice.agent_id),
        ("task_claimed", bob.agent_id),
        ("task_completed", bob.agent_id),
        ("task_claimed", alice.agent_id),
    ]


@shows("task_claim", "unknown_task: none of that id")
async def a_claim_of_nothing(world: World) -> None:
    alice = await world.agent("alice")
    assert await alice.call("task_claim", task_id="nothing") == {"error": "unknown_task"}


@shows("task_claim", "unknown_task: another team's")
async def a_claim_of_a_foreign_task(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob", team=world.team + "-b")
    assert await bob.call("task_claim", task_id=await added(alice)) == {"error": "unknown_task"}


@shows("task_claim", "already_claimed: by another")
async def a_claim_of_another_agents_task(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob")
    task_id = await added(alice)
    await alice.call("task_claim", task_id=task_id)
    assert await bob.call("task_claim", task_id=task_id) == {"error": "already_claimed", "owner": alice.agent_id}


@shows("task_claim", "already_claimed: by the caller")
async def a_claim_of_ones_own_task(world: World) -> None:
    alice = await world.agent("alice")
    task_id = await added(alice)
    await alice.call("task_claim", task_id=task_id)
    assert await alice.call("task_claim", task_id=task_id) == {"error": "already_claimed", "owner": alice.agent_id}


@shows("task_claim", "already_claimed: completed")
async def a_claim_of_a_completed_task(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob")
    task_id = await added(alice)
    await alice.call("task_claim", task_id=task_id)
    await alice.call("task_complete", task_id=task_id)
    assert await bob.call("task_claim", task_id=task_id) == {"error": "already_claimed", "owner": alice.agent_id}


@shows("task_claim", "already_claimed: nineteen of twenty")
@http_only
async def claims_at_once(world: World) -> None:
    agents = [await world.agent(f"agent-{number}") for number in range(4)]
    task_id = await added(agents[0])
    answers = await asyncio.gather(
        *(agents[number % 4].call("task_claim", task_id=task_id) for number in range(CLAIMERS))
    )
    assert answers.count({"ok": True}) == 1
    (owner,) = world.sql("SELECT claimed_by FROM tasks WHERE id = ?", task_id)[0]
    assert answers.count({"error": "already_claimed", "owner": owner}) == CLAIMERS - 1


@shows("task_claim", "dependencies_pending")
async def a_claim_too_early(world: World) -> None:
    alice = await world.agent("alice")
    first = await added(alice)
    second = await added(alice, depends_on=[first])
    assert await alice.call("task_claim", task_id=second) == {"error": "dependencies_pending"}
    await alice.call("task_claim", task_id=first)
    assert await alice.call("task_claim", task_id=second) == {"error": "dependencies_pending"}


@shows("task_claim", "tool error: no id")
async def a_claim_of_what(world: World) -> None:
    await (await world.agent("alice")).tool_error("task_claim", {}, "task_id")


@shows("task_complete", "ok")
async def a_completion(world: World) -> None:
    alice = await world.agent("alice")
    task_id = await added(alice)
    await alice.call("task_claim", task_id=task_id)
    assert await alice.call("task_complete", task_id=task_id, result="done") == {"ok": True}
    (payload,) = world.sql(
        "SELECT payload FROM events WHERE from_team = ? AND event_type = 'task_completed'", world.team
    )[0]
    assert json.loads(payload) == {"task_id": task_id, "result": "done"}


@shows("task_complete", "unknown_task")
async def a_completion_of_nothing(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob", team=world.team + "-b")
    for task_id in ("nothing", await added(bob)):
        assert await alice.call("task_complete", task_id=task_id) == {"error": "unknown_task"}


@shows("task_complete", "invalid_status: pending")
async def a_completion_of_a_pending_task(world: World) -> None:
    alice = await world.agent("alice")
    assert await alice.call("task_complete", task_id=await added(alice)) == {"error": "invalid_status"}


@shows("task_complete", "invalid_status: completed")
async def a_second_completion(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob")
    task_id = await added(alice)
    await alice.call("task_claim", task_id=task_id)
    await alice.call("task_complete", task_id=task_id)
    for agent in (alice, bob):
        assert await agent.call("task_complete", task_id=task_id) == {"error": "invalid_status"}


@shows("task_complete", "not_owner")
async def a_completion_by_another(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob")
    task_id = await added(alice)
    await alice.call("task_claim", task_id=task_id)
    assert await bob.call("task_complete", task_id=task_id) == {"error": "not_owner"}


@shows("task_complete", "tool error: no id")
async def a_completion_of_what(world: World) -> None:
    await (await world.agent("alice")).tool_error("task_complete", {"result": "x"}, "task_id")


@shows("task_list", "ok: pages")
@shows("task_list", "ok: one task")
@shows("task_list", "unknown_task")
@shows("task_list", "unknown_part")
@shows("task_list", "unknown_cursor")
@shows("task_list", "tool error: a part of no task")
async def a_board_larger_than_an_answer(world: World) -> None:
    alice = await world.agent("alice")
    ids = [await added(alice, f"task {number}", description="d" * 3_000) for number in range(9)]
    first = await alice.call("task_list")
    exactly(first, {"tasks", "has_more", "left_out", "next_cursor"})
    rest = await alice.call("task_list", cursor=first["next_cursor"])
    assert [task["id"] for page in (first, rest) for task in page["tasks"]] == ids
    assert first["left_out"] == len(rest["tasks"])
    (one,) = (await alice.call("task_list", task_id=ids[0]))["tasks"]
    exactly(one, TASK)
    assert await alice.call("task_list", task_id="none") == {"error": "unknown_task"}
    assert (await alice.call("task_list", task_id=ids[0], part=2))["error"] == "unknown_part"
    assert (await alice.call("task_list", cursor="nowhere"))["error"] == "unknown_cursor"
    await alice.tool_error("task_list", {"part": 2}, "part goes with task_id")


@shows("task_list", "ok")
async def the_board(world: World) -> None:
    alice, bob = await world.agent("alice"), await world.agent("bob", team=world.team + "-b")
    await added(bob)
    assert (await alice.call("task_list")) == {"tasks": []}
    first = await added(alice, "one", description="d")
    second = await added(alice, "two", depends_on=[first])
    await alice.call("task_claim", task_id=first)
    answer = await alice.call("task_list")

    exactly(answer, {"tasks"})
    one, two = answer["tasks"]
    for task in (one, two):
        exactly(task, TASK)
    assert is_time(one["claimed_at"])
    assert is_time(one["created_at"])
    assert one == one | {
        "id": first,
        "team": world.team,
        "title": "one",
        "description": "d",
        "status": "in_progress",
        "depends_on": [],
        "claimed_by": alice.agent_id,
        "completed_at": None,
        "result": None,
    }
    assert two == two | {
        "id": second,
        "status": "pending",
        "description": None,
        "depends_on": [first],
        "claimed_by": None,
        "claimed_at": None,
    }


@shows("task_list", "ok: of one status")
async def the_board_by_status(world: World) -> None:
    alice = await world.agent("alice")
    first, second = await added(alice), await added(alice)
    await alice.call("task_claim", task_id=first)
    for status, expected in (("pending", [second]), ("in_progress", [first]), ("completed", [])):
        listed = (await alice.call("task_list", status=status))["tasks"]
        assert [task["id"] for task in listed] == expected


@shows("task_list", "tool error: a status that is none")
async def the_board_of_no_status(world: World) -> None:
    alice = await world.agent("alice")
    for status in ("done", 1, ["pending"]):
        await alice.tool_error("task_list", {"status": status}, "status")
