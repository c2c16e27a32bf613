"""A Codex at work gets an urgent hint within its turn, unless a dialog is open or nobody watches its thread."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import mcp_types as types
import pytest

from tests.conftest import Connect
from tests.mcp_caller import Caller
from tests.stand_ins.app_server import RUNNING_TURN, THREAD, AppServer, app_server
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.system.processes import Processes
from xats_tui.backend.transports.codex_appserver import CodexAppServer
from xats_tui.backend.transports.codex_windows import CONTROL_SOCKET, CodexWindows
from xats_tui.core.model.agents import Agent, Delivery
from xats_tui.core.model.wakes import UNCONFIRMED, Observation, WakeStage
from xats_tui.core.records import replace

HINT = "[xats] 1 new message from alice: call get_inbox"

BUSY: dict[str, Any] = {"type": "active", "activeFlags": []}


@pytest.fixture
async def codex(own_tmux_folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AppServer]:
    """A Codex home with a control socket; its thread was begun by no terminal."""
    monkeypatch.setenv("CODEX_HOME", str(own_tmux_folder))
    async with app_server(own_tmux_folder / CONTROL_SOCKET) as server:
        server.status = BUSY
        yield server


@pytest.fixture
async def bob(codex: AppServer, connect: Connect, backend: Coordinator) -> Agent:
    """An agent whose thread is at work."""
    caller: Caller = await connect()
    meta = cast(types.RequestParamsMeta, {"threadId": THREAD})
    known = {"name": "bob", "client": "codex", "model": "m"}
    assert not (await caller.client.call_tool("register_agent", known, meta=meta)).is_error
    (entry,) = await backend.registry.roster()
    return entry.agent


@pytest.fixture
def transport(backend: Coordinator) -> CodexAppServer:
    return CodexAppServer(CodexWindows(Processes(), backend.tmux), backend.tokens, backend.clock)


def closed(observation: Observation) -> list[str]:
    """The gates that do not hold."""
    return [gate.name for gate in observation.gates if not gate.holds]


async def test_an_urgent_hint_joins_the_turn(codex: AppServer, bob: Agent, transport: CodexAppServer) -> None:
    assert closed(await transport.readiness(bob, urgent=True)) == []

    result = await transport.deliver(bob, HINT, urgent=True)

    assert (result.step, result.detail) == (WakeStage.SUBMITTED, f"turn {RUNNING_TURN} joined")
    assert codex.steered == [HINT] and codex.turns == []


async def test_any_other_hint_waits_for_the_end_of_the_turn(
    codex: AppServer, bob: Agent, transport: CodexAppServer
) -> None:
    assert closed(await transport.readiness(bob)) == ["state"]

    result = await transport.deliver(bob, HINT)

    assert result.step is WakeStage.ATTEMPTED and not result.failed
    assert codex.steered == [] and codex.turns == []


async def test_an_urgent_hint_begins_a_turn_of_an_idle_thread(
    codex: AppServer, bob: Agent, transport: CodexAppServer
) -> None:
    codex.status = {"type": "idle"}

    await transport.deliver(bob, HINT, urgent=True)

    assert codex.turns == [HINT] and codex.steered == []


@pytest.mark.parametrize("flag", ["waitingOnApproval", "waitingOnUserInput"])
async def test_a_turn_with_an_open_dialog_is_not_joined(
    flag: str, codex: AppServer, bob: Agent, transport: CodexAppServer
) -> None:
    codex.status = {"type": "active", "activeFlags": [flag]}
    assert closed(await transport.readiness(bob, urgent=True)) == ["dialog", "state"]

    result = await transport.deliver(bob, HINT, urgent=True)

    assert result.step is WakeStage.ATTEMPTED and not result.failed
    assert codex.steered == [] and codex.turns == []


async def test_a_turn_that_waits_for_something_unknown_is_not_joined(
    codex: AppServer, bob: Agent, transport: CodexAppServer
) -> None:
    codex.status = {"type": "active", "activeFlags": ["waitingOnTheWeather"]}

    assert closed(await transport.readiness(bob, urgent=True)) == ["state"]


async def test_a_turn_that_nobody_watches_is_not_joined(
    codex: AppServer, bob: Agent, transport: CodexAppServer
) -> None:
    codex.originator = "codex-tui"
    assert closed(await transport.readiness(bob, urgent=True)) == ["window"]

    result = await transport.deliver(bob, HINT, urgent=True)

    assert "no Codex window shows its thread" in result.detail and not result.failed
    assert codex.steered == [] and codex.turns == []


async def test_a_turn_that_ends_before_it_is_joined_is_no_failure(
    codex: AppServer, bob: Agent, transport: CodexAppServer
) -> None:
    codex.errors["turn/steer"] = {"code": -32600, "message": "no active turn to steer"}

    result = await transport.deliver(bob, HINT, urgent=True)

    assert (result.step, result.failed, result.uncertain) == (WakeStage.ATTEMPTED, False, False)
    assert "no active turn to steer" in result.detail


async def test_a_server_that_names_no_turn_is_left_alone(
    codex: AppServer, bob: Agent, transport: CodexAppServer
) -> None:
    codex.raw["thread/turns/list"] = '{"id": 3, "result": {"data": []}}'

    result = await transport.deliver(bob, HINT, urgent=True)

    assert result.step is WakeStage.ATTEMPTED and codex.steered == []


async def test_a_connection_that_breaks_while_a_turn_is_joined_has_an_unknown_effect(
    codex: AppServer, bob: Agent, transport: CodexAppServer
) -> None:
    codex.closes_at = "turn/steer"

    result = await transport.deliver(bob, HINT, urgent=True)

    assert result.uncertain and result.detail.startswith(UNCONFIRMED)
    assert result.step is WakeStage.ATTEMPTED and not result.failed


async def test_a_turn_is_watched_unless_a_thread_says_that_no_window_shows_it(
    codex: AppServer, bob: Agent, transport: CodexAppServer
) -> None:
    assert await transport.is_watched(bob)
    assert await transport.is_watched(replace(bob, delivery=Delivery()))
    codex.originator = "codex-tui"
    assert not await transport.is_watched(bob)


async def test_a_server_that_hangs_keeps_no_hook_waiting(
    codex: AppServer, bob: Agent, transport: CodexAppServer
) -> None:
    codex.mute = {"thread/read"}

    assert not await transport.is_watched(bob)
