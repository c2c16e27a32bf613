"""Codex's hooks report under the id of its thread: they tell its state, and a turn goes on with the mail that waits."""

import json
import urllib.request
from asyncio import to_thread
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import mcp_types as types
import pytest

from tests.backend.services.wakes.waking import until
from tests.conftest import Connect
from tests.mcp_caller import Caller
from tests.stand_ins.app_server import OTHER_THREAD, THREAD, AppServer, app_server
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.transports.codex_windows import CONTROL_SOCKET

HINT = "[xats] 1 new message from alice: call get_inbox"


@pytest.fixture
async def codex(own_tmux_folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AppServer]:
    """A Codex at work on its first thread."""
    monkeypatch.setenv("CODEX_HOME", str(own_tmux_folder))
    async with app_server(own_tmux_folder / CONTROL_SOCKET) as server:
        server.status = {"type": "active", "activeFlags": []}
        yield server


async def registered(connect: Connect, thread_id: str = THREAD) -> Caller:
    """The agent bob, whose calls name its thread."""
    caller: Caller = await connect()
    meta = cast(types.RequestParamsMeta, {"threadId": thread_id})
    known = {"name": "bob", "client": "codex", "model": "m"}
    assert not (await caller.client.call_tool("register_agent", known, meta=meta)).is_error
    return caller


async def hook(backend: Coordinator, event: str, **fields: Any) -> dict[str, Any]:
    """The coordinator's answer to an event of the first thread."""
    body = json.dumps({"hook_event_name": event, "session_id": THREAD, "turn_id": "turn-0", **fields}).encode()
    url = f"http://127.0.0.1:{backend.port}/hook"
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
    answer: dict[str, Any] = json.loads(await to_thread(lambda: urllib.request.urlopen(request).read()))
    return answer


async def test_a_turn_goes_on_with_the_mail_that_waits_and_only_once(
    codex: AppServer, backend: Coordinator, connect: Connect, register: Connect
) -> None:
    await registered(connect)
    alice = await register("alice")
    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    assert not sent["poked"]

    assert await hook(backend, "Stop", stop_hook_active=False) == {"decision": "block", "reason": HINT}

    await until(alice, sent["message_id"], wake_status="delivered", evidence="submitted")
    assert await hook(backend, "Stop", stop_hook_active=True) == {}
    assert codex.turns == codex.steered == []


async def test_a_turn_that_nobody_watches_does_not_go_on(
    codex: AppServer, backend: Coordinator, connect: Connect, register: Connect
) -> None:
    codex.originator = "codex-tui"
    await registered(connect)
    alice = await register("alice")
    await alice.call("send_message", to_agent_name="bob", body="hello")

    assert await hook(backend, "Stop", stop_hook_active=False) == {}


async def test_the_hooks_of_another_thread_hand_nothing_over(
    codex: AppServer, backend: Coordinator, connect: Connect, register: Connect
) -> None:
    codex.threads.append(OTHER_THREAD)
    await registered(connect, OTHER_THREAD)
    alice = await register("alice")
    await alice.call("send_message", to_agent_name="bob", body="hello")

    assert await hook(backend, "Stop", stop_hook_active=False) == {}


@pytest.mark.parametrize(
    ("event", "state"),
    [("UserPromptSubmit", "busy"), ("Stop", "idle"), ("Interrupt", "idle"), ("SessionStart", "idle")],
)
async def test_each_event_tells_a_state(
    event: str, state: str, codex: AppServer, backend: Coordinator, connect: Connect
) -> None:
    await registered(connect)

    await hook(backend, event, stop_hook_active=True)

    report = backend.reports.of(THREAD, backend.clock.now())
    assert report is not None and report.state == state
