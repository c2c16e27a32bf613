"""The dashboard at a real coordinator, and agents that speak to it over HTTP as they would in life."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot

from tests.mcp_caller import callers
from tests.screens.looking import shows, until
from xats_tui.app import XatsApp
from xats_tui.backend.thread import CoordinatorThread
from xats_tui.core.clock import SystemClock
from xats_tui.core.model.panes import PaneRef
from xats_tui.runtime import pid_file
from xats_tui.runtime.settings import Settings
from xats_tui.screens.data.coordinator import CoordinatorSource
from xats_tui.screens.data.coordinator_verbs import CoordinatorVerbs
from xats_tui.screens.data.desk import ModeContext
from xats_tui.screens.modes.mode_screen import ModeScreen
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.past.source import TravellingSource
from xats_tui.screens.past.travel import Travel

Tool = Callable[..., Awaitable[dict[str, Any]]]
Agents = Callable[..., Awaitable[Tool]]
"""By name, and the client that it runs in if that matters."""


@asynccontextmanager
async def dashboard(
    coordinator: CoordinatorThread,
    size: tuple[int, int] = (120, 40),
    *,
    seat: PaneRef | None = None,
    read_only: bool = False,
) -> AsyncIterator[Pilot[Any]]:
    """The dashboard, as soon as it shows the coordinator's state."""
    travel = Travel()
    verbs = CoordinatorVerbs(coordinator, seat=seat, read_only=read_only, travel=travel)
    source = TravellingSource(CoordinatorSource(coordinator), coordinator, travel)
    app = XatsApp(ModeContext(source=source, verbs=verbs, clock=SystemClock(), travel=travel))
    async with app.run_test(size=size, notifications=True) as pilot:
        await shows(pilot, "xats :")
        yield pilot


async def open_mode(pilot: Pilot[Any], mode: Mode) -> None:
    """Press its digit and wait until it is there."""
    await pilot.press(mode.digit)
    await until(pilot, lambda: isinstance(pilot.app.screen, ModeScreen) and pilot.app.screen.mode is mode)


@asynccontextmanager
async def agents(settings: Settings) -> AsyncIterator[Agents]:
    """A way to connect agents, each registered in team shop; they are gone at the end."""
    record = pid_file.read(settings.pid_path)
    assert record
    async with callers() as connect_to:

        async def connect(name: str, client: str = "custom") -> Tool:
            caller = await connect_to(record.url)

            async def call(tool: str, **arguments: Any) -> dict[str, Any]:
                fields: dict[str, Any] = await caller.call(tool, **arguments)
                assert "error" not in fields, fields
                return fields

            named = {"client_name": "x"} if client == "custom" else {}
            await call("register_agent", name=name, team="shop", role="developer", client=client, model="m", **named)
            return call

        yield connect


async def bind(call: Tool, pid: int) -> None:
    """Tell the coordinator that an agent lives in the pane of this stand-in."""
    await call("bind_runtime_identity", agent="custom", ui_pid=pid, process_pattern="stand_in")
