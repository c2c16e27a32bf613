"""Wakes in real panes: what is safe is typed and proven, everything else waits, and nothing is forgotten."""

import asyncio
from typing import Any

import pytest

from tests.backend.services.conftest import Bound
from tests.backend.services.wakes.waking import HINT, bind, hints, quiet, status_of, until, until_running
from tests.conftest import Connect
from tests.mcp_caller import Caller, callers
from tests.scene import WakeScene
from tests.tmux_server import TmuxServer
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.services.wakes.waker import WATCH_INTERVAL_S
from xats_tui.backend.store import wakes as store
from xats_tui.runtime.settings import Settings

pytestmark = pytest.mark.tmux


async def test_an_idle_agent_is_woken_with_proof(scene: WakeScene) -> None:
    await scene.quiet()

    sent = await scene.send()

    assert sent["poked"] is True
    assert sent["poke_skip_reasons"] == []
    status = await scene.status(sent)
    assert status["wake_status"] == "delivered"
    assert list(status["evidence"]) == ["queued", "attempted", "typed", "submitted"]
    await scene.shows("took 1")
    assert scene.hints() == [HINT]


async def test_a_draft_is_left_alone_and_the_wake_follows_when_it_is_gone(scene: WakeScene) -> None:
    await scene.draft("x")

    sent = await scene.send()

    assert (sent["poked"], sent["retry_scheduled"]) == (False, True)
    assert sent["poke_skip_reasons"][0]["detail"].startswith("draft:")
    assert "[xats]" not in scene.screen()
    scene.press("C-u")
    await scene.until(sent, wake_status="delivered")
    assert scene.hints() == [HINT]


async def test_the_store_is_not_asked_for_due_wakes_while_one_waits_for_its_pane(
    scene: WakeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.draft("x")
    await scene.send()
    asked, original = list[None](), store.agents_due

    async def noted(*arguments: Any) -> tuple[str, ...]:
        asked.append(None)
        return await original(*arguments)

    monkeypatch.setattr(store, "agents_due", noted)
    await asyncio.sleep(8 * WATCH_INTERVAL_S)
    assert len(asked) <= 2


async def test_copy_mode_is_waited_for(scene: WakeScene) -> None:
    scene.tmux.run("copy-mode", "-t", scene.pane.pane_id)

    sent = await scene.send()

    assert sent["poke_skip_reasons"][0]["detail"] == "mode: the pane is in tmux's copy mode: q leaves it"
    scene.tmux.run("send-keys", "-t", scene.pane.pane_id, "-X", "cancel")
    await scene.until(sent, wake_status="delivered")
    await scene.shows("took 1")
    assert scene.hints() == [HINT]


async def test_a_pane_that_prints_is_waited_for(scene: WakeScene) -> None:
    scene.press("/busy 1.5", "Enter")
    await scene.shows("working")

    sent = await scene.send()

    assert sent["poked"] is False
    await scene.until(sent, wake_status="delivered")
    await scene.shows("took 1")
    assert scene.hints() == [HINT]


async def test_a_swallowed_enter_ends_at_typed(scene: WakeScene) -> None:
    scene.press("/swallow", "Enter")
    await scene.quiet()

    sent = await scene.send()
    status = await scene.until(sent, detail="Enter was not taken")

    assert status["wake_status"] == "retrying"
    assert list(status["evidence"]) == ["queued", "attempted", "typed"]
    assert status["delivered_at"] is None


async def test_nothing_is_typed_into_the_shell_that_an_agent_left(
    register: Connect, bound: Bound, tmux: TmuxServer
) -> None:
    shell = tmux.new_pane("PS1='shell> ' bash --norc")
    await tmux.wait_for(shell.pane_id, "shell>")
    tmux.send(shell.pane_id, "python3 tests/stand_ins/stand_in.py bob", "Enter")
    await tmux.wait_for(shell.pane_id, "bob>")
    alice, bob = await register("alice"), await register("bob")
    (tty,) = tmux.formats(shell.pane_id, "pane_tty")
    answer = await bob.call(
        "bind_runtime_identity", agent="custom", ui_tty=tty, tmux_pane_id=shell.pane_id, process_pattern="stand_in"
    )
    assert answer["ok"] is True
    tmux.send(shell.pane_id, "C-d")
    await until_running(tmux, shell, "bash")  # while it ends, its terminal reads whole lines again
    before = await tmux.wait_for(shell.pane_id, "shell>")

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    status = await until(alice, sent["message_id"], wake_status="failed")
    assert "has ended; the pane now runs" in status["detail"]  # tmux names the shell a moment later
    assert status["skip_reason"] == "no_pane"
    assert "[xats]" not in before + tmux.capture(shell.pane_id)


async def test_nothing_is_typed_into_a_pane_that_another_program_has_taken(scene: WakeScene) -> None:
    scene.tmux.run("respawn-pane", "-k", "-t", scene.pane.pane_id, "cat")

    sent = await scene.send()

    status = await scene.until(sent, wake_status="failed")
    assert "has ended" in status["detail"]
    assert scene.screen().strip() == ""


async def test_a_program_in_front_of_the_agent_is_not_typed_into(
    backend: Coordinator, register: Connect, bound: Bound, tmux: TmuxServer
) -> None:
    shell = tmux.new_pane("PS1='shell> ' bash --norc")
    await tmux.wait_for(shell.pane_id, "shell>")
    alice, bob = await register("alice"), await register("bob")
    answer = await bob.call("bind_runtime_identity", agent="custom", ui_pid=shell.pid, process_pattern="bash")
    assert answer["ok"] is True
    tmux.send(shell.pane_id, "cat", "Enter")
    await tmux.wait_for(shell.pane_id, "cat")
    await quiet(backend, shell)

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    assert sent["poke_skip_reasons"][0]["detail"] == "process: cat is in the foreground instead"
    assert "[xats]" not in tmux.capture(shell.pane_id)


async def test_a_burst_becomes_one_hint(scene: WakeScene) -> None:
    await scene.quiet()

    sent = await asyncio.gather(
        *(scene.alice.call("send_message", to_agent_name="bob", body=f"number {number}") for number in range(20))
    )

    await scene.shows("took 1")
    assert len((await scene.bob.call("get_inbox"))["messages"]) == 20
    await scene.bob.call("list_agents")
    for answer in sent:
        status = await scene.status(answer)
        assert "read" in status["evidence"]
        assert status["next_try_at"] is None
    assert len(scene.hints()) == 1


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_two_agents_exchange_messages_each_woken_by_the_others(
    backend: Coordinator, bound: Bound, tmux: TmuxServer
) -> None:
    panes = {name: await tmux.stand_in(name) for name in ("alice", "bob")}
    agents = {name: await bound(name, pane) for name, pane in panes.items()}

    for number in range(20):
        sender, recipient = ("alice", "bob") if number % 2 == 0 else ("bob", "alice")
        sent = await agents[sender].call("send_message", to_agent_name=recipient, body=f"number {number}")
        await until(agents[sender], sent["message_id"], wake_status="delivered")
        inbox = await agents[recipient].call("get_inbox")
        assert [message["body"] for message in inbox["messages"]] == [f"number {number}"]

    assert [len(hints(tmux, pane)) for pane in panes.values()] == [10, 10]


async def test_w36_another_call_of_the_recipient_does_not_end_its_wake(scene: WakeScene) -> None:
    await scene.draft("x")
    sent = await scene.send()

    await scene.bob.call("task_list")
    scene.press("C-u")

    await scene.until(sent, wake_status="delivered")


async def test_reading_the_inbox_ends_the_wake(scene: WakeScene) -> None:
    await scene.draft("x")
    sent = await scene.send()

    await scene.bob.call("get_inbox")
    await scene.bob.call("task_list")

    status = await scene.status(sent)
    assert (status["wake_status"], status["skip_reason"]) == ("skipped", "recipient_active")
    assert status["next_try_at"] is None


async def test_w47_a_message_has_its_status_from_the_first_instant(register: Connect) -> None:
    alice, _ = await register("alice"), await register("bob")

    sent = await alice.call("send_message", to_agent_name="bob", body="hello", auto_poke=False)

    status = await status_of(alice, sent["message_id"])
    assert (status["wake_status"], status["skip_reason"]) == ("skipped", "auto_poke_disabled")


async def test_w48_mail_that_waited_without_a_pane_is_announced_when_there_is_one(
    register: Connect, tmux: TmuxServer
) -> None:
    alice, bob = await register("alice"), await register("bob")
    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    assert sent["poke_skip_reasons"][0]["reason"] == "no_pane"
    pane = await tmux.stand_in("bob")

    await bind(bob, pane)

    await until(alice, sent["message_id"], wake_status="delivered")
    assert hints(tmux, pane) == [HINT]


async def test_binding_a_pane_takes_it_from_its_former_holder(scene: WakeScene, bound: Bound) -> None:

    await bound("carol", scene.pane)

    agents = {agent["name"]: agent["tmux_pane_id"] for agent in (await scene.alice.call("list_agents"))["agents"]}
    assert agents == {"alice": None, "bob": None, "carol": scene.pane.pane_id}


async def test_a_waiting_wake_survives_a_restart(settings: Settings, tmux: TmuxServer) -> None:
    pane = await tmux.stand_in("bob")
    tmux.send(pane.pane_id, "x")
    async with Coordinator.running(settings) as backend, callers() as connect:
        alice: Caller = await connect(f"http://127.0.0.1:{backend.port}/mcp")
        bob: Caller = await connect(f"http://127.0.0.1:{backend.port}/mcp")
        await alice.register("alice")
        await bob.register("bob")
        await bind(bob, pane)
        sent = await alice.call("send_message", to_agent_name="bob", body="hello")
        assert sent["retry_scheduled"] is True

    async with Coordinator.running(settings) as backend, callers() as connect:
        tmux.send(pane.pane_id, "C-u")
        alice = await connect(f"http://127.0.0.1:{backend.port}/mcp")
        await alice.register("alice")
        await until(alice, sent["message_id"], wake_status="delivered")

    assert hints(tmux, pane) == [HINT]


async def test_a_pane_that_is_killed_fails_the_wake(scene: WakeScene) -> None:
    scene.tmux.run("kill-pane", "-t", scene.pane.pane_id)

    sent = await scene.send()

    status = await scene.until(sent, wake_status="failed")
    assert status["detail"] == f"pane {scene.pane.pane_id} is gone"


async def test_a_pane_that_does_not_show_the_hint_gets_no_enter(
    backend: Coordinator, register: Connect, tmux: TmuxServer
) -> None:
    pane = tmux.new_pane("stty raw -echo; printf '> '; exec sleep 600")
    alice, bob = await register("alice"), await register("bob")
    await until_running(tmux, pane, "sleep")
    answer = await bob.call("bind_runtime_identity", agent="custom", ui_pid=pane.pid, process_pattern="sleep")
    assert answer["ok"] is True
    await quiet(backend, pane)

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    status = await until(alice, sent["message_id"], detail="not submitted")
    assert status["wake_status"] == "retrying"
    assert list(status["evidence"]) == ["queued", "attempted"]
    assert tmux.capture(pane.pane_id).strip() == ">"


async def test_an_urgent_message_is_marked_as_such_for_its_sender_and_a_busy_pane_is_still_waited_for(
    scene: WakeScene,
) -> None:
    scene.press("/busy 1.5", "Enter")
    await scene.shows("working")

    sent = await scene.send(urgent=True)

    assert (await scene.status(sent))["urgent"] is True
    assert scene.hints() == []
    await scene.until(sent, wake_status="delivered")
    (wake,) = await scene.backend.waker.statuses(sent["message_id"])
    attempts = await scene.backend.waker.attempts(wake.message_id, wake.agent_id)
    assert [way.transport for way in attempts[-1].ways] == ["tmux-pane"]
