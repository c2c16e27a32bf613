"""Agents that live in panes."""

from collections.abc import Awaitable, Callable

import pytest

from tests.backend.services.wakes.waking import bind
from tests.conftest import Connect
from tests.mcp_caller import Caller
from tests.patience import PATIENCE
from tests.scene import WakeScene
from tests.tmux_server import Pane, TmuxServer
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.services.wakes import waker

Bound = Callable[..., Awaitable[Caller]]


@pytest.fixture(autouse=True)
def awaited_decisions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to a sender tells the first decision about a wake, however long that takes on a busy machine."""
    monkeypatch.setattr(waker, "FIRST_DECISION_TIMEOUT_S", PATIENCE)


@pytest.fixture
def bound(register: Connect) -> Bound:
    """Registers a client and binds it to a stand-in's pane."""

    async def bound(name: str, pane: Pane) -> Caller:
        caller: Caller = await register(name)
        await bind(caller, pane)
        return caller

    return bound


@pytest.fixture
async def scene(backend: Coordinator, register: Connect, bound: Bound, tmux: TmuxServer) -> WakeScene:
    """alice without a pane, and bob in a pane that is ready for input."""
    pane = await tmux.stand_in("bob")
    alice, bob = await register("alice"), await bound("bob", pane)
    return WakeScene(backend=backend, tmux=tmux, alice=alice, bob=bob, pane=pane)
