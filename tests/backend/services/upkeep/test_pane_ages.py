"""Age of a pane's state across restarts and takeovers of the coordinator."""

from datetime import timedelta

import pytest

from tests.conftest import Sql, url_of
from tests.mcp_caller import Caller, callers
from tests.patience import eventually
from tests.tmux_server import TmuxServer
from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.model.panes import PaneRef, PaneState
from xats_tui.runtime.settings import Settings

pytestmark = pytest.mark.tmux


async def bound(bob: Caller, tmux: TmuxServer) -> PaneRef:
    """The pane of bob with something typed in its input line."""
    await bob.register("bob")
    pane = await tmux.stand_in("bob")
    await bob.call("bind_runtime_identity", agent="custom", ui_pid=pane.pid, process_pattern="stand_in")
    tmux.send(pane.pane_id, "a", "draft")
    await tmux.wait_for(pane.pane_id, "adraft")
    return PaneRef("", pane.pane_id)


@pytest.mark.slow
async def test_a_pane_that_is_as_before_a_restart_has_been_so_since_then(
    settings: Settings, tmux: TmuxServer, sql: Sql
) -> None:
    async with Coordinator.running(settings) as backend, callers() as connect:
        pane = await bound(await connect(url_of(backend)), tmux)
        await eventually(lambda: (view := backend.panes.view(pane)) and view.reading.state is PaneState.DRAFT)
        view = backend.panes.view(pane)
        assert view is not None
        await eventually(lambda: sql("SELECT state FROM pane_states") == [("draft",)])

    async with Coordinator.running(settings) as after:
        await eventually(lambda: after.panes.view(pane))
        again = after.panes.view(pane)
        assert again is not None
        assert again.reading.state is PaneState.DRAFT
        assert abs(again.state_since - view.state_since) < timedelta(milliseconds=1)
        tmux.send(pane.pane_id, "C-u")
        await eventually(lambda: (now := after.panes.view(pane)) and now.state_since > view.state_since)


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("changed", ["state = 'dialog'", "occupant = '1'", "state = 'of a later version'"])
async def test_a_pane_that_is_otherwise_or_another_begins_anew(
    settings: Settings, tmux: TmuxServer, sql: Sql, changed: str
) -> None:
    async with Coordinator.running(settings) as backend, callers() as connect:
        pane = await bound(await connect(url_of(backend)), tmux)
        await eventually(lambda: sql("SELECT state FROM pane_states") == [("draft",)])
    sql(f"UPDATE pane_states SET since = '2020-01-01T00:00:00.000Z', {changed}")

    async with Coordinator.running(settings) as after:
        await eventually(lambda: after.panes.view(pane))
        again = after.panes.view(pane)
        assert again is not None
        assert again.state_since >= after.started_at


async def test_panes_that_no_agent_is_bound_to_any_more_are_forgotten(
    caller: Caller, tmux: TmuxServer, sql: Sql
) -> None:
    first = await bound(caller, tmux)
    await eventually(lambda: sql("SELECT pane_id FROM pane_states") == [(first.pane_id,)])
    other = await tmux.stand_in("other")

    await caller.call("bind_runtime_identity", agent="custom", ui_pid=other.pid, process_pattern="stand_in")

    await eventually(lambda: sql("SELECT pane_id FROM pane_states") == [(other.pane_id,)])
