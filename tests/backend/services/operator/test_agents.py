"""The operator's actions on agents."""

import pytest

from tests.conftest import Connect, Sql
from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.errors import Refusal


async def test_an_agent_that_was_removed_comes_back_with_its_id_and_its_mail(
    backend: Coordinator, register: Connect, sql: Sql
) -> None:
    alice, bob = await register("alice"), await register("bob")
    await alice.call("send_message", to_agent_name="bob", body="hello")

    await backend.operator.remove_agent(bob.agent_id)

    assert [entry.agent.name for entry in await backend.registry.roster()] == ["alice"]
    (noted,) = await backend.operator.activity()
    assert (noted.verb, noted.agent_id) == ("remove", bob.agent_id)
    again = await register("bob")
    assert again.agent_id == bob.agent_id
    assert [message["body"] for message in (await again.call("get_inbox"))["messages"]] == ["hello"]


async def test_an_agent_is_not_removed_while_it_owns_tasks(backend: Coordinator, register: Connect) -> None:
    bob = await register("bob")
    task = await bob.call("task_add", title="x")
    await bob.call("task_claim", task_id=task["task_id"])

    with pytest.raises(Refusal, match="tasks_in_progress"):
        await backend.operator.remove_agent(bob.agent_id)

    assert len(await backend.registry.roster()) == 1
    assert await backend.operator.activity() == ()


async def test_nobody_is_removed_twice(backend: Coordinator, register: Connect) -> None:
    bob = await register("bob")
    await backend.operator.remove_agent(bob.agent_id)
    with pytest.raises(Refusal, match="unknown_agent"):
        await backend.operator.remove_agent(bob.agent_id)


async def test_the_roster_says_who_rests_and_until_when(backend: Coordinator, register: Connect) -> None:
    bob = await register("bob", team="red")
    until = backend.clock.now().replace(year=2099)
    await backend.operator.rest_agent(bob.agent_id, until)
    (entry,) = await backend.registry.roster()
    assert entry.resting and entry.resting_until and abs(entry.resting_until - until).total_seconds() < 0.001

    await backend.operator.rest_team("red")
    (entry,) = await backend.registry.roster()
    assert (entry.resting, entry.resting_until) == (True, None)

    await backend.operator.disturb_agent(bob.agent_id)
    await backend.operator.disturb_team("red")
    assert not (await backend.registry.roster())[0].resting
    said = [(entry.verb, entry.detail.partition(" ")[2]) for entry in await backend.operator.activity()]
    assert said[:3] == [
        ("do not disturb", "off"),
        ("do not disturb", "off"),
        ("do not disturb", "until it is turned off"),
    ]
