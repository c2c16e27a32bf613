"""Brakes hold what repeats itself or leads to nothing, never real work, and what is lifted holds nothing any more."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.backend.services.wakes.waking import until
from tests.backend.tools.letters import inbox, send
from tests.conftest import Connect, Sql
from tests.mcp_caller import Caller
from tests.patience import eventually
from tests.stand_ins.app_server import THREAD, AppServer, app_server_on_tcp
from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.model.wakes import ACK_LOOP


@pytest.fixture
async def codex() -> AsyncIterator[AppServer]:
    async with app_server_on_tcp() as server:
        yield server


@pytest.fixture
async def bob(connect: Connect, codex: AppServer) -> Caller:
    """An agent on an idle Codex thread."""
    caller: Caller = await connect()
    delivery = {"kind": "codex-appserver", "thread_id": THREAD, "ws_url": codex.url}
    await caller.call("register_agent", name="bob", client="codex", model="m", delivery=delivery)
    return caller


async def wake(alice: Caller, body: str, **fields: object) -> str:
    """The id of a message that wants no answer unless `fields` say so."""
    sent = await alice.call("send_message", to_agent_name="bob", body=body, **{"need_reply": False, **fields})
    message_id: str = sent["message_id"]
    return message_id


async def thank_each_other(alice: Caller, bob: Caller) -> None:
    for _ in range(8):
        await send(alice, "bob", "Thanks!", need_reply=False)
        await send(bob, "alice", "Thanks!", need_reply=False)
    await inbox(bob)
    await bob.call("whoami")


async def test_thanks_for_thanks_wake_nobody_until_something_new_is_said(
    bob: Caller, register: Connect, codex: AppServer
) -> None:
    alice = await register("alice")
    await thank_each_other(alice, bob)

    held = await wake(alice, "Thanks!")
    await until(alice, held, wake_status="retrying", detail=ACK_LOOP)
    assert codex.turns == []

    news = await wake(alice, "Thanks! The build is red.")
    await until(alice, news, wake_status="delivered")
    await until(alice, held, wake_status="delivered")
    assert codex.turns == ["[xats] 2 new messages from alice: call get_inbox"]


async def test_agents_that_work_on_tasks_may_say_what_they_like(
    bob: Caller, register: Connect, codex: AppServer
) -> None:
    alice = await register("alice")
    await thank_each_other(alice, bob)
    await alice.call("task_add", title="build it")

    await until(alice, await wake(alice, "Thanks!"), wake_status="delivered")


async def test_hints_that_lead_to_mail_cost_nothing_of_the_budget(
    backend: Coordinator, bob: Caller, register: Connect, codex: AppServer
) -> None:
    alice = await register("alice")
    backend.waker.tune(lifetime=timedelta(days=1), hint_budget=1)

    for number in range(4):
        await until(alice, await wake(alice, f"job {number}"), wake_status="delivered")
        assert await inbox(bob) == [f"job {number}"]

    assert len(codex.turns) == 4


async def test_a_budget_that_is_raised_lets_waiting_wakes_through_at_once(
    backend: Coordinator, bob: Caller, register: Connect, codex: AppServer, sql: Sql
) -> None:
    alice = await register("alice")
    backend.waker.tune(lifetime=timedelta(days=1), hint_budget=1)
    await until(alice, await wake(alice, "one"), wake_status="delivered")
    await bob.call("whoami")  # it answers the hint and does not look at its mail
    held = await wake(alice, "two")
    await until(alice, held, detail="1 of 1 hints in an hour led to no new mail")

    backend.waker.tune(lifetime=timedelta(days=1), hint_budget=2)

    await until(alice, held, wake_status="delivered")
    assert len(codex.turns) == 2


async def test_a_rest_that_is_lifted_or_made_shorter_lets_waiting_wakes_through_at_once(
    backend: Coordinator, bob: Caller, register: Connect, codex: AppServer
) -> None:
    alice = await register("alice")
    (agent,) = [entry.agent for entry in await backend.registry.roster() if entry.agent.name == "bob"]
    now = backend.clock.now()
    await backend.operator.rest_agent(agent.agent_id, now + timedelta(hours=8))
    held = await wake(alice, "hello")
    await until(alice, held, detail="do not disturb until")

    await backend.operator.rest_agent(agent.agent_id, backend.clock.now() + timedelta(seconds=1))
    await until(alice, held, wake_status="delivered")

    await backend.operator.rest_team(agent.team)
    await inbox(bob)
    second = await wake(alice, "again")
    await until(alice, second, detail="do not disturb until it is turned off")
    await backend.operator.disturb_team(agent.team)
    await until(alice, second, wake_status="delivered")
    await eventually(lambda: len(codex.turns) == 2)
