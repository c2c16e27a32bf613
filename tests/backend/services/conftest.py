"""Agents that live in panes."""

from collections.abc import Awaitable, Callable

import pytest

from tests.backend.services.wakes.waking import bind
from tests.conftest import Connect
from tests.mcp_caller import Caller
from tests.tmux_server import Pane

Bound = Callable[..., Awaitable[Caller]]


@pytest.fixture
def bound(register: Connect) -> Bound:
    """Registers a client and binds it to a stand-in's pane."""

    async def bound(name: str, pane: Pane) -> Caller:
        caller: Caller = await register(name)
        await bind(caller, pane)
        return caller

    return bound
