"""The operator's actions on wakes, in real panes."""

import asyncio
from datetime import timedelta

import pytest

from tests.backend.services.conftest import Bound
from tests.backend.services.wakes.waking import HINT, hints, quiet, status_of, until
from tests.conftest import Connect, Sql
from tests.tmux_server import TmuxServer
from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.errors import Refusal
from xats_tui.core.model.wakes import WakeStage

pytestmark = pytest.mark.tmux


async def test_a_poke_puts_a_line_before_an_agent_and_is_written_down(
    backend: Coordinator, bound: Bound, tmux: TmuxServer
) -> None:
    pane = await tmux.stand_in("bob")
    bob = await bound("bob", pane)
    await quiet(backend, pane)

    proof = await backend.operator.poke(bob.agent_id, "are you there?")

    assert proof.step is WakeStage.SUBMITTED
    await tmux.wait_for(pane.pane_id, "took 1: are you there?")
    (noted,) = await backend.operator.activity()
    assert (noted.actor, noted.verb, noted.agent_id) == ("operator", "poke", bob.agent_id)


async def test_a_poke_respects_a_draft(backend: Coordinator, bound: Bound, tmux: TmuxServer) -> None:
    pane = await tmux.stand_in("bob")
    bob = await bound("bob", pane)
    tmux.send(pane.pane_id, "x")
    await tmux.wait_for(pane.pane_id, "bob> x")
    await quiet(backend, pane)

    proof = await backend.operator.poke(bob.agent_id, "are you there?")

    assert proof.step is WakeStage.ATTEMPTED
    assert proof.detail.startswith("draft:")
    assert "are you there?" not in tmux.capture(pane.pane_id)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "invalid_text"),
        ("two\nlines", "invalid_text"),
        ("x\x1b[201~", "invalid_text"),
        ("é" * 5000, "prompt_too_long"),
    ],
)
async def test_a_poke_is_one_line_of_printable_text(
    text: str, code: str, backend: Coordinator, register: Connect
) -> None:
    bob = await register("bob")

    with pytest.raises(Refusal, match=code):
        await backend.operator.poke(bob.agent_id, text)


async def test_a_failed_wake_is_replayed_through_every_gate(
    backend: Coordinator, register: Connect, bound: Bound, tmux: TmuxServer
) -> None:
    pane = await tmux.stand_in("bob")
    alice, bob = await register("alice"), await bound("bob", pane)
    tmux.send(pane.pane_id, "x")
    await quiet(backend, pane)
    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    await backend.operator.cancel_wake(sent["message_id"], bob.agent_id)
    cancelled = await status_of(alice, sent["message_id"])
    assert (cancelled["next_try_at"], cancelled["detail"]) == (None, "cancelled by the operator")

    assert await backend.operator.replay([(sent["message_id"], bob.agent_id)]) == 1
    await until(alice, sent["message_id"], detail="draft:")
    assert "[xats]" not in tmux.capture(pane.pane_id)
    tmux.send(pane.pane_id, "C-u")

    await until(alice, sent["message_id"], wake_status="delivered")
    attempts = await backend.waker.attempts(sent["message_id"], bob.agent_id)
    assert [attempt.number for attempt in attempts] == list(range(1, len(attempts) + 1))
    assert [noted.verb for noted in await backend.operator.activity()] == ["replay", "cancel"]


async def test_a_forced_wake_overrules_a_draft_but_never_copy_mode(
    backend: Coordinator, register: Connect, bound: Bound, tmux: TmuxServer
) -> None:
    pane = await tmux.stand_in("bob")
    alice, bob = await register("alice"), await bound("bob", pane)
    tmux.send(pane.pane_id, "draft ")
    await quiet(backend, pane)
    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    tmux.run("copy-mode", "-t", pane.pane_id)

    await backend.operator.force(sent["message_id"], bob.agent_id)
    assert "copy mode" in (await status_of(alice, sent["message_id"]))["detail"]
    assert "[xats]" not in tmux.capture(pane.pane_id)

    tmux.run("send-keys", "-t", pane.pane_id, "-X", "cancel")
    await backend.operator.force(sent["message_id"], bob.agent_id)
    assert (await status_of(alice, sent["message_id"]))["wake_status"] == "delivered"
    await tmux.wait_for(pane.pane_id, f"took 1: draft {HINT}")


async def test_a_read_message_can_neither_be_forced_nor_replayed(backend: Coordinator, register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob")
    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    await bob.call("get_inbox")
    await bob.call("list_agents")

    with pytest.raises(Refusal, match="already_read"):
        await backend.operator.force(sent["message_id"], bob.agent_id)
    assert await backend.operator.replay([(sent["message_id"], bob.agent_id)]) == 0


@pytest.mark.parametrize("whole_team", [False, True])
async def test_who_is_not_to_be_disturbed_is_woken_once_that_is_lifted(
    whole_team: bool, backend: Coordinator, register: Connect, bound: Bound, tmux: TmuxServer
) -> None:
    pane = await tmux.stand_in("bob")
    alice, bob = await register("alice"), await bound("bob", pane)
    await quiet(backend, pane)
    if whole_team:
        await backend.operator.rest_team("default")
    else:
        await backend.operator.rest_agent(bob.agent_id, backend.clock.now() + timedelta(hours=1))

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    assert sent["poke_skip_reasons"][0]["detail"].startswith("do not disturb until")
    if whole_team:
        await backend.operator.disturb_team("default")
    else:
        await backend.operator.disturb_agent(bob.agent_id)
    await until(alice, sent["message_id"], wake_status="delivered")
    assert hints(tmux, pane) == [HINT]


async def test_a_dry_run_names_every_gate_and_changes_nothing(
    backend: Coordinator, register: Connect, bound: Bound, tmux: TmuxServer
) -> None:
    pane = await tmux.stand_in("bob")
    bob = await bound("bob", pane)
    tmux.send(pane.pane_id, "x")
    await tmux.wait_for(pane.pane_id, "bob> x")
    await quiet(backend, pane)

    verdicts = {gate.name: gate.holds for gate in await backend.operator.gates(bob.agent_id)}

    assert [name for name, holds in verdicts.items() if not holds] == ["already read", "draft", "state"]
    assert {"owner", "process", "mode", "dialog", "quiet", "do not disturb"} <= verdicts.keys()
    assert tmux.capture(pane.pane_id).rstrip().endswith("bob> x")


async def test_a_dry_run_of_a_wake_that_is_over_says_what_a_replay_would_meet(
    backend: Coordinator, register: Connect, bound: Bound, tmux: TmuxServer
) -> None:
    pane = await tmux.stand_in("bob")
    alice, bob = await register("alice"), await bound("bob", pane)
    tmux.send(pane.pane_id, "x")
    await tmux.wait_for(pane.pane_id, "bob> x")
    await quiet(backend, pane)
    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    await backend.operator.cancel_wake(sent["message_id"], bob.agent_id)

    async def closed() -> list[str]:
        gates = await backend.operator.gates(bob.agent_id, sent["message_id"])
        return [gate.name for gate in gates if not gate.holds]

    assert await closed() == ["draft", "state"]
    await bob.call("get_inbox")
    await bob.call("list_agents")
    assert (await closed())[0] == "already read"
    assert len(await backend.waker.attempts(sent["message_id"], bob.agent_id)) == 1


async def test_what_has_failed_or_waits_is_listed_before_newer_wakes_that_are_over(
    backend: Coordinator, register: Connect, sql: Sql
) -> None:
    alice, bob, gone = await register("alice"), await register("bob"), await register("gone")
    ids = [
        (await alice.call("send_message", to_agent_name=name, body="hello"))["message_id"]
        for name in ("bob", "gone", "bob", "bob", "bob")
    ]
    await gone.call("unregister_self")
    change = "UPDATE message_delivery_status SET wake_status = ?, due_at = ? WHERE message_id = ?"
    for position, status, due_at in ((0, "failed", None), (1, "failed", None), (2, "retrying", "2999-01-01T00:00:00Z")):
        sql(change, status, due_at, ids[position])

    listed = await backend.waker.newest(limit=3)

    assert [wake.message_id for wake in listed] == [ids[4], ids[2], ids[0]]
    assert {wake.agent_id for wake in listed} == {bob.agent_id}


async def test_a_storm_of_acknowledgements_stops_waking_anybody(
    backend: Coordinator, register: Connect, bound: Bound, tmux: TmuxServer
) -> None:
    panes = [await tmux.stand_in(name) for name in ("alice", "bob")]
    alice, bob = await bound("alice", panes[0]), await bound("bob", panes[1])
    for _ in range(6):
        await alice.call("send_message", to_agent_name="bob", body="thanks!", need_reply=False, auto_poke=False)
        await bob.call("send_message", to_agent_name="alice", body="thank you!", need_reply=False, auto_poke=False)
    await asyncio.gather(*(quiet(backend, pane) for pane in panes))

    braked = await alice.call("send_message", to_agent_name="bob", body="no, thank YOU", need_reply=False)
    worth_it = await alice.call("send_message", to_agent_name="bob", body="what is the port?")

    assert braked["poke_skip_reasons"][0]["detail"] == "only acknowledgements go back and forth"
    assert worth_it["poked"] is True
