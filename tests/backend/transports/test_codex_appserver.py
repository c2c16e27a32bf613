"""Codex is woken through its app-server: with nothing typed, and only when its thread says that it is idle."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import mcp_types as types
import pytest

from tests.backend.services.wakes.waking import until
from tests.conftest import Connect
from tests.mcp_caller import Caller
from tests.patience import PATIENCE, eventually
from tests.stand_ins.app_server import THREAD, AppServer, app_server
from tests.stand_ins.opencode_server import opencode_server
from xats_tui.backend.transports import json_rpc
from xats_tui.backend.transports.codex_windows import CONTROL_SOCKET

HINT = "[xats] 1 new message from alice: call get_inbox"


@pytest.fixture
async def codex(own_tmux_folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AppServer]:
    """A Codex home with a control socket; the folder's path is short enough for one."""
    monkeypatch.setenv("CODEX_HOME", str(own_tmux_folder))
    async with app_server(own_tmux_folder / CONTROL_SOCKET) as server:
        yield server


async def registered(connect: Connect, name: str) -> Caller:
    """An agent of client codex whose calls name its thread, as the real program's do."""
    caller: Caller = await connect()
    result = await caller.client.call_tool(
        "register_agent",
        {"name": name, "client": "codex", "model": "m"},
        meta=cast(types.RequestParamsMeta, {"threadId": THREAD}),
    )
    assert not result.is_error
    return caller


async def test_registering_is_enough_to_be_woken_without_a_pane(
    codex: AppServer, connect: Connect, register: Connect
) -> None:
    await registered(connect, "bob")
    alice = await register("alice")

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    assert sent["poked"] is True
    assert codex.turns == [HINT]
    (status,) = (await alice.call("get_delivery_status", message_id=sent["message_id"]))["statuses"]
    assert (status["transport"], status["detail"]) == ("codex-appserver", "turn turn-1 started")
    assert list(status["evidence"]) == ["queued", "attempted", "submitted"]


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    ("status", "detail"),
    [
        ({"type": "active", "activeFlags": ["waitingOnApproval"]}, "thread active (waitingOnApproval)"),
        ({"type": "active", "activeFlags": []}, "thread active"),
        ({"type": "systemError"}, "thread systemError"),
    ],
)
async def test_a_thread_that_is_not_idle_is_left_alone_until_it_is(
    status: dict[str, object], detail: str, codex: AppServer, connect: Connect, register: Connect
) -> None:
    codex.status = status
    await registered(connect, "bob")
    alice = await register("alice")

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    assert sent["poke_skip_reasons"][0]["detail"] == detail
    assert codex.turns == []
    codex.status = {"type": "idle"}
    await until(alice, sent["message_id"], wake_status="delivered")
    assert codex.turns == [HINT]


async def test_an_unconfirmed_turn_is_neither_delivered_nor_failed(
    codex: AppServer, connect: Connect, register: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_rpc, "REPLY_TIMEOUT_S", 0.2)
    codex.mute = {"turn/start"}
    await registered(connect, "bob")
    alice = await register("alice")

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    status = await until(alice, sent["message_id"], detail="unconfirmed")
    assert status["wake_status"] == "retrying"
    assert "submitted" not in status["evidence"]


async def test_a_server_that_is_gone_is_tried_again(
    own_tmux_folder: Path, codex: AppServer, connect: Connect, register: Connect
) -> None:
    await registered(connect, "bob")
    alice = await register("alice")
    (own_tmux_folder / CONTROL_SOCKET).unlink()

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    assert sent["poke_skip_reasons"][0]["reason"] == "guard_failed"
    assert "cannot connect to unix:" in sent["poke_skip_reasons"][0]["detail"]
    assert sent["retry_scheduled"] is True


async def test_a_server_that_no_longer_answers_delays_no_wake_of_another_agent(
    codex: AppServer, connect: Connect, register: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_rpc, "REPLY_TIMEOUT_S", 10 * PATIENCE)
    codex.status = {"type": "active"}
    await registered(connect, "bob")
    alice = await register("alice")
    await alice.call("send_message", to_agent_name="bob", body="hello")
    codex.mute = {"thread/read"}  # asked again and again whether it is idle by now
    asked = len(codex.asked)
    await eventually(lambda: "thread/read" in codex.asked[asked:])

    with opencode_server() as opencode:
        cid = await connect()
        address = {"kind": "opencode-server", "base_url": opencode.url}
        await cid.call("register_agent", name="cid", client="opencode", model="m", delivery=address)
        sent = await alice.call("send_message", to_agent_name="cid", body="hello")
        await until(alice, sent["message_id"], wake_status="delivered")


async def test_a_burst_starts_one_turn(codex: AppServer, connect: Connect, register: Connect) -> None:
    await registered(connect, "bob")
    alice = await register("alice")

    await asyncio.gather(*(alice.call("send_message", to_agent_name="bob", body="hello") for _ in range(10)))

    assert len(codex.turns) == 1


@pytest.mark.parametrize("name", ["CODEX_API_KEY", "AWS_SECRET_ACCESS_KEY"])
async def test_w18_no_secret_that_the_operator_has_not_listed_leaves_the_process(
    name: str,
    codex: AppServer,
    own_tmux_folder: Path,
    connect: Connect,
    register: Connect,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(name, "secret")
    url = f"unix:{own_tmux_folder / CONTROL_SOCKET}"
    delivery = {"kind": "codex-appserver", "thread_id": THREAD, "ws_url": url, "auth_token_ref": name}
    bob: Caller = await connect()
    await bob.call("register_agent", name="bob", client="codex", model="m", delivery=delivery)
    alice = await register("alice")

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    assert "the operator has not listed it" in sent["poke_skip_reasons"][0]["detail"]
    assert codex.turns == []


@pytest.mark.parametrize(
    "url", ["ws://example.com:8799", "wss://10.0.0.1", "ws://127.0.0.1.example.com", "http://localhost"]
)
async def test_w18_an_app_server_is_on_this_machine(url: str, connect: Connect) -> None:
    bob: Caller = await connect()
    delivery = {"kind": "codex-appserver", "thread_id": THREAD, "ws_url": url}

    answer = await bob.call("register_agent", name="bob", client="codex", model="m", delivery=delivery)

    assert answer == {"error": "invalid_delivery", "reason": "invalid_ws_url"}


STRANGE = {"type": "active", "activeFlags": 7}
"""A thread status that no app-server sends yet."""


async def test_what_is_not_understood_is_told_to_the_sender_and_tried_again_later(
    codex: AppServer, connect: Connect, register: Connect
) -> None:
    codex.status = STRANGE
    await registered(connect, "bob")
    alice = await register("alice")

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")

    (status,) = (await alice.call("get_delivery_status", message_id=sent["message_id"]))["statuses"]
    assert status["detail"] == "codex-appserver failed unexpectedly (TypeError); the log has the details"
    assert (status["wake_status"], list(status["evidence"])) == ("retrying", ["queued", "attempted"])
    assert sent["retry_scheduled"] is True and codex.turns == []


async def test_what_is_not_understood_does_not_hold_up_the_wakes_of_others(
    codex: AppServer, connect: Connect, register: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    codex.status = {"type": "active"}
    await registered(connect, "bob")
    alice = await register("alice")
    await alice.call("send_message", to_agent_name="bob", body="hello")
    codex.status = STRANGE  # asked again and again whether it is idle by now, it says this

    await eventually(lambda: "codex-appserver failed unexpectedly for bob@default" in caplog.text)
    with opencode_server() as opencode:
        cid = await connect()
        address = {"kind": "opencode-server", "base_url": opencode.url}
        await cid.call("register_agent", name="cid", client="opencode", model="m", delivery=address)
        assert (await alice.call("send_message", to_agent_name="cid", body="hello"))["poked"]

    assert "started again" not in caplog.text
