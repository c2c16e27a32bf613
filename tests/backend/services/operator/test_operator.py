"""The operator's actions on wakes, in real panes."""

import asyncio
from datetime import timedelta

import pytest

from tests.backend.services.conftest import Bound
from tests.backend.services.wakes.waking import HINT, quiet
from tests.conftest import Connect, Sql
from tests.scene import WakeScene
from tests.tmux_server import TmuxServer
from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.errors import Refusal
from xats_tui.core.model.wakes import WakeStage

pytestmark = pytest.mark.tmux


async def test_a_poke_puts_a_line_before_an_agent_and_is_written_down(scene: WakeScene) -> None:
    await scene.quiet()

    proof = await scene.backend.operator.poke(scene.bob.agent_id, "are you there?")

    assert proof.step is WakeStage.SUBMITTED
    await scene.shows("took 1: are you there?")
    (noted,) = await scene.backend.operator.activity()
    assert (noted.actor, noted.verb, noted.agent_id) == ("operator", "poke", scene.bob.agent_id)


async def test_a_poke_respects_a_draft(scene: WakeScene) -> None:
    await scene.draft("x")

    proof = await scene.backend.operator.poke(scene.bob.agent_id, "are you there?")

    assert proof.step is WakeStage.ATTEMPTED
    assert proof.detail.startswith("draft:")
    assert "are you there?" not in scene.screen()


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


async def test_a_failed_wake_is_replayed_through_every_gate(scene: WakeScene) -> None:
    await scene.draft("x")
    sent = await scene.send()
    await scene.backend.operator.cancel_wake(sent["message_id"], scene.bob.agent_id)
    cancelled = await scene.status(sent)
    assert (cancelled["next_try_at"], cancelled["detail"]) == (None, "cancelled by the operator")

    assert await scene.backend.operator.replay([(sent["message_id"], scene.bob.agent_id)]) == 1
    await scene.until(sent, detail="draft:")
    assert "[xats]" not in scene.screen()
    scene.press("C-u")

    await scene.until(sent, wake_status="delivered")
    attempts = await scene.backend.waker.attempts(sent["message_id"], scene.bob.agent_id)
    assert [attempt.number for attempt in attempts] == list(range(1, len(attempts) + 1))
    assert [noted.verb for noted in await scene.backend.operator.activity()] == ["replay", "cancel"]


async def test_a_forced_wake_overrules_a_draft_but_never_copy_mode(scene: WakeScene) -> None:
    await scene.draft("draft ")
    sent = await scene.send()
    scene.tmux.run("copy-mode", "-t", scene.pane.pane_id)

    await scene.backend.operator.force(sent["message_id"], scene.bob.agent_id)
    assert "copy mode" in (await scene.status(sent))["detail"]
    assert "[xats]" not in scene.screen()

    scene.tmux.run("send-keys", "-t", scene.pane.pane_id, "-X", "cancel")
    await scene.backend.operator.force(sent["message_id"], scene.bob.agent_id)
    assert (await scene.status(sent))["wake_status"] == "delivered"
    await scene.shows(f"took 1: draft {HINT}")


async def test_a_read_message_can_neither_be_forced_nor_replayed(backend: Coordinator, register: Connect) -> None:
    alice, bob = await register("alice"), await register("bob")
    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    await bob.call("get_inbox")
    await bob.call("list_agents")

    with pytest.raises(Refusal, match="already_read"):
        await backend.operator.force(sent["message_id"], bob.agent_id)
    assert await backend.operator.replay([(sent["message_id"], bob.agent_id)]) == 0


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("whole_team", [False, True])
async def test_who_is_not_to_be_disturbed_is_woken_once_that_is_lifted(scene: WakeScene, whole_team: bool) -> None:
    await scene.quiet()
    if whole_team:
        await scene.backend.operator.rest_team("default")
    else:
        await scene.backend.operator.rest_agent(scene.bob.agent_id, scene.backend.clock.now() + timedelta(hours=1))

    sent = await scene.send()

    assert sent["poke_skip_reasons"][0]["detail"].startswith("do not disturb until")
    if whole_team:
        await scene.backend.operator.disturb_team("default")
    else:
        await scene.backend.operator.disturb_agent(scene.bob.agent_id)
    await scene.until(sent, wake_status="delivered")
    assert scene.hints() == [HINT]


async def test_a_dry_run_names_every_gate_and_changes_nothing(scene: WakeScene) -> None:
    await scene.draft("x")

    verdicts = {gate.name: gate.holds for gate in await scene.backend.operator.gates(scene.bob.agent_id)}

    assert [name for name, holds in verdicts.items() if not holds] == ["mail", "draft", "state"]
    assert {"owner", "process", "mode", "dialog", "quiet", "do not disturb"} <= verdicts.keys()
    assert scene.screen().rstrip().endswith("bob> x")


async def test_a_dry_run_of_a_wake_that_is_over_says_what_a_replay_would_meet(scene: WakeScene) -> None:
    await scene.draft("x")
    sent = await scene.send()
    await scene.backend.operator.cancel_wake(sent["message_id"], scene.bob.agent_id)

    async def closed() -> list[str]:
        gates = await scene.backend.operator.gates(scene.bob.agent_id, sent["message_id"])
        return [gate.name for gate in gates if not gate.holds]

    assert await closed() == ["draft", "state"]
    await scene.bob.call("get_inbox")
    await scene.bob.call("list_agents")
    assert (await closed())[0] == "mail"
    assert len(await scene.backend.waker.attempts(sent["message_id"], scene.bob.agent_id)) == 1


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
