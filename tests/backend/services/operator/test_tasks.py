"""The operator's hand on the board: what it changes, whom it tells, when it is refused, how it is undone."""

from typing import Any

import pytest

from tests.conftest import Connect, Sql
from tests.mcp_caller import Caller
from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.errors import Refusal
from xats_tui.core.model.tasks import CANCELLED, Task, TaskDraft, TaskStatus
from xats_tui.core.records import replace


async def task_of(backend: Coordinator, title: str, team: str = "default") -> Task:
    """The task as an operator sees it now."""
    return next(task for task in await backend.board.of_team(team) if task.title == title)


async def claimed(caller: Caller, title: str = "build", **fields: object) -> str:
    """The id of a new task that the caller works on."""
    task_id: str = (await caller.call("task_add", title=title, **fields))["task_id"]
    assert await caller.call("task_claim", task_id=task_id) == {"ok": True}
    return task_id


async def mail(caller: Caller) -> list[tuple[str, str]]:
    """Sender and subject of what the caller has not read."""
    found: list[dict[str, Any]] = (await caller.call("get_inbox"))["messages"]
    return [(message["from_name"], message["subject"]) for message in found]


async def verbs(backend: Coordinator) -> list[str]:
    return [noted.verb for noted in await backend.operator.activity()]


async def test_a_released_task_can_be_claimed_by_anybody_and_its_owner_is_told(
    backend: Coordinator, register: Connect, sql: Sql
) -> None:
    alice, bob = await register("alice"), await register("bob")
    task_id = await claimed(alice)

    released = await backend.operator.release_task(await task_of(backend, "build"))

    assert (released.status, released.claimed_by, released.claimed_at) == (TaskStatus.PENDING, None, None)
    assert sql("SELECT count(*) FROM message_delivery_status WHERE agent_id = ?", alice.agent_id) == [(1,)]
    assert await mail(alice) == [("operator", "task released: build")]
    (noted,) = await backend.operator.activity()
    assert (noted.actor, noted.verb, noted.agent_id) == ("operator", "release task", alice.agent_id)
    assert task_id in noted.detail
    assert await bob.call("task_claim", task_id=task_id) == {"ok": True}


async def test_a_task_is_given_to_another_agent_and_both_are_told(backend: Coordinator, register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob")
    task_id = await claimed(alice, description="all of it")

    given = await backend.operator.reassign_task(await task_of(backend, "build"), bob.agent_id)

    assert (given.status, given.claimed_by) == (TaskStatus.IN_PROGRESS, bob.agent_id)
    assert await mail(alice) == [("operator", "task taken: build")]
    (message,) = (await bob.call("get_inbox"))["messages"]
    assert message["subject"] == "task for you: build"
    assert "all of it" in message["body"]
    assert task_id in message["body"]
    assert not message["need_reply"]
    assert await bob.call("task_complete", task_id=task_id) == {"ok": True}


async def test_w17_a_task_of_an_agent_that_vanished_goes_on_with_another(
    backend: Coordinator, register: Connect, sql: Sql
) -> None:
    alice, bob = await register("alice"), await register("bob")
    task_id = await claimed(alice)
    sql("DELETE FROM agents WHERE name = 'alice'")

    await backend.operator.reassign_task(await task_of(backend, "build"), bob.agent_id)

    assert await bob.call("task_complete", task_id=task_id) == {"ok": True}


async def test_a_former_owner_is_told_by_name_who_owns_the_task_now(backend: Coordinator, register: Connect) -> None:
    alice, bob, eve = [await register(name) for name in ("alice", "bob", "eve")]
    task_id = await claimed(alice)
    await backend.operator.reassign_task(await task_of(backend, "build"), bob.agent_id)

    refused = await alice.call("task_complete", task_id=task_id)

    assert (refused["error"], refused["owner"], refused["owner_name"]) == ("not_owner", bob.agent_id, "bob")
    assert refused["detail"] == "the operator took this task from you; bob works on it now"
    assert await eve.call("task_complete", task_id=task_id) == {"error": "not_owner"}
    await backend.operator.release_task(await task_of(backend, "build"))
    released = await alice.call("task_complete", task_id=task_id)
    assert (released["error"], released["owner"]) == ("not_owner", None)
    assert await eve.call("task_complete", task_id=task_id) == {"error": "invalid_status"}


async def test_a_cancelled_task_is_done_for_agents_and_what_waited_for_it_can_be_claimed(
    backend: Coordinator, register: Connect
) -> None:
    alice, bob = await register("alice"), await register("bob")
    first = await claimed(alice, "first")
    second = (await alice.call("task_add", title="second", depends_on=[first]))["task_id"]

    cancelled = await backend.operator.cancel_task(await task_of(backend, "first"))

    assert cancelled.is_cancelled
    (listed,) = (await bob.call("task_list", status="completed"))["tasks"]
    assert (listed["id"], listed["result"]) == (first, CANCELLED)
    assert await mail(alice) == [("operator", "task cancelled: first")]
    refused = await alice.call("task_complete", task_id=first)
    assert refused == {"error": "invalid_status", "detail": "the operator cancelled this task"}
    assert await bob.call("task_claim", task_id=second) == {"ok": True}


async def test_the_operator_adds_a_task_that_waits_for_another(backend: Coordinator, register: Connect) -> None:
    alice = await register("alice", team="red")
    first = (await alice.call("task_add", title="first"))["task_id"]

    added = await backend.operator.add_task("red", TaskDraft(title=" second ", description="", depends_on=(first,)))

    assert (added.title, added.description, added.team) == ("second", None, "red")
    assert await alice.call("task_claim", task_id=added.id) == {"error": "dependencies_pending"}
    assert await verbs(backend) == ["add task"]
    assert await mail(alice) == []


async def test_an_edit_changes_what_a_task_says_and_its_owner_is_told_what(
    backend: Coordinator, register: Connect
) -> None:
    alice = await register("alice")
    await claimed(alice)

    edited = await backend.operator.edit_task(
        await task_of(backend, "build"), TaskDraft(title="build all", description="also the docs")
    )

    assert (edited.title, edited.description, edited.claimed_by) == ("build all", "also the docs", alice.agent_id)
    (message,) = (await alice.call("get_inbox"))["messages"]
    assert "another title and description" in message["body"]
    assert "also the docs" in message["body"]


async def test_dependencies_that_would_never_end_are_refused_with_the_way_round(
    backend: Coordinator, register: Connect
) -> None:
    alice = await register("alice")
    a = (await alice.call("task_add", title="a"))["task_id"]
    b = (await alice.call("task_add", title="b", depends_on=[a]))["task_id"]
    c = (await alice.call("task_add", title="c", depends_on=[b]))["task_id"]

    with pytest.raises(Refusal, match="dependency_cycle") as refused:
        await backend.operator.edit_task(await task_of(backend, "a"), TaskDraft(title="a", depends_on=(c,)))

    assert refused.value.fields == {"path": [a, c, b, a], "detail": "it would wait for itself: a → c → b → a"}
    with pytest.raises(Refusal, match="dependency_cycle"):
        await backend.operator.edit_task(await task_of(backend, "a"), TaskDraft(title="a", depends_on=(a,)))
    assert (await task_of(backend, "a")).depends_on == ()


async def test_nothing_is_done_to_a_task_that_is_not_what_the_operator_saw(
    backend: Coordinator, register: Connect
) -> None:
    alice, bob = await register("alice"), await register("bob")
    task_id = (await alice.call("task_add", title="build"))["task_id"]
    seen = await task_of(backend, "build")
    await bob.call("task_claim", task_id=task_id)
    operator = backend.operator
    attempts = (
        operator.cancel_task(seen),
        operator.release_task(seen),
        operator.reassign_task(seen, alice.agent_id),
        operator.edit_task(seen, TaskDraft(title="x")),
        operator.restore_task(seen, seen),
    )

    for attempt in attempts:
        with pytest.raises(Refusal, match="task_changed") as refused:
            await attempt
        assert refused.value.fields == {"detail": "it is in progress with bob now"}

    assert await verbs(backend) == []
    assert await mail(bob) == []


async def test_an_edit_by_somebody_else_meanwhile_is_named(backend: Coordinator, register: Connect) -> None:
    await (await register("alice")).call("task_add", title="build")
    seen = await task_of(backend, "build")
    await backend.operator.edit_task(seen, TaskDraft(title="build", description="first"))

    with pytest.raises(Refusal, match="task_changed") as refused:
        await backend.operator.edit_task(seen, TaskDraft(title="build", description="second"))

    assert refused.value.fields == {"detail": "another description"}


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("verb", ["release", "cancel", "reassign", "edit"])
async def test_what_was_done_is_undone(verb: str, backend: Coordinator, register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob")
    task_id = await claimed(alice)
    before, operator = await task_of(backend, "build"), backend.operator
    match verb:
        case "release":
            after = await operator.release_task(before)
        case "cancel":
            after = await operator.cancel_task(before)
        case "reassign":
            after = await operator.reassign_task(before, bob.agent_id)
        case _:
            after = await operator.edit_task(before, TaskDraft(title="other"))

    assert await operator.restore_task(after, before) == before

    assert await task_of(backend, "build") == before
    assert (await mail(alice))[-1] == ("operator", "undone: build")
    assert [subject for _, subject in await mail(bob)] == (
        ["task for you: build", "undone: build"] if verb == "reassign" else []
    )
    assert (await verbs(backend))[0] == "undo"
    assert await alice.call("task_complete", task_id=task_id) == {"ok": True}


async def test_an_undo_is_refused_once_somebody_has_gone_on(backend: Coordinator, register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob")
    task_id = await claimed(alice)
    before = await task_of(backend, "build")
    after = await backend.operator.release_task(before)
    await bob.call("task_claim", task_id=task_id)

    with pytest.raises(Refusal, match="task_changed"):
        await backend.operator.restore_task(after, before)


async def test_what_makes_no_sense_is_refused(backend: Coordinator, register: Connect) -> None:
    alice, stranger = await register("alice"), await register("stranger", team="blue")
    first = (await alice.call("task_add", title="first"))["task_id"]
    await alice.call("task_add", title="second", depends_on=[first])
    operator = backend.operator
    pending, waiting = await task_of(backend, "first"), await task_of(backend, "second")
    attempts = {
        "empty_title": operator.add_task("default", TaskDraft(title=" ")),
        "unknown_dependency": operator.add_task("blue", TaskDraft(title="x", depends_on=(first,))),
        "not_in_progress": operator.release_task(pending),
        "dependencies_pending": operator.reassign_task(waiting, alice.agent_id),
        "unknown_agent": operator.reassign_task(pending, stranger.agent_id),
    }

    for code, attempt in attempts.items():
        with pytest.raises(Refusal, match=code):
            await attempt

    done = await operator.cancel_task(pending)
    for code, attempt in {
        "task_is_done": operator.edit_task(done, TaskDraft(title="x")),
        "unknown_task": operator.cancel_task(replace(done, id="gone")),
    }.items():
        with pytest.raises(Refusal, match=code):
            await attempt
