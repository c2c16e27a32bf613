"""The operator's actions through keys, on a real coordinator and real panes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.conftest import Sql
from tests.patience import eventually
from tests.screens.looking import shows, until
from tests.screens.supervising import agents, bind, dashboard, open_mode
from tests.tmux_server import Pane, TmuxServer, attached
from xats_tui.backend.thread import CoordinatorThread
from xats_tui.core.model.panes import PaneRef
from xats_tui.runtime.settings import Settings
from xats_tui.screens.dialogs.asking import Ask, Pick
from xats_tui.screens.dialogs.overlays import ConfirmDialog
from xats_tui.screens.modes.places import Mode

pytestmark = pytest.mark.tmux


@asynccontextmanager
async def looking_at_qa(
    settings: Settings, coordinator: CoordinatorThread, tmux: TmuxServer
) -> AsyncIterator[tuple[Pilot[Any], Pane]]:
    """The dashboard with agent qa, which has a pane, under the cursor."""
    pane = await tmux.stand_in("qa")
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        await bind(await connect("qa"), pane.pid)
        await open_mode(pilot, Mode.AGENTS)
        await shows(pilot, pane.pane_id)
        yield pilot, pane


@pytest.mark.slow
async def test_an_agent_is_poked_with_a_line(
    settings: Settings, coordinator: CoordinatorThread, tmux: TmuxServer
) -> None:
    async with looking_at_qa(settings, coordinator, tmux) as (pilot, pane):
        await pilot.press("p")
        await until(pilot, lambda: isinstance(pilot.app.screen, Ask))
        await pilot.press("enter")
        await shows(pilot, "nothing is typed")
        await pilot.press(*"hello", "enter")
        await shows(pilot, "poked qa")
    assert "hello" in tmux.run("capture-pane", "-p", "-t", pane.pane_id)


@pytest.mark.slow
async def test_an_agent_that_is_busy_typing_is_not_poked_and_the_reason_is_told(
    settings: Settings, coordinator: CoordinatorThread, tmux: TmuxServer
) -> None:
    async with looking_at_qa(settings, coordinator, tmux) as (pilot, pane):
        tmux.run("send-keys", "-t", pane.pane_id, "-l", "half a draft")
        await pilot.press("p", *"hello", "enter")
        await shows(pilot, "qa was not poked")
    assert "hello" not in tmux.run("capture-pane", "-p", "-t", pane.pane_id)


@pytest.mark.slow
async def test_a_wake_is_cancelled_after_a_question_and_replayed(
    settings: Settings, coordinator: CoordinatorThread, tmux: TmuxServer, sql: Sql
) -> None:
    pane = await tmux.stand_in("qa")
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        backend, qa = await connect("backend"), await connect("qa")
        await bind(qa, pane.pid)
        tmux.run("send-keys", "-t", pane.pane_id, "-l", "half a draft")
        await backend("send_message", to_agent_name="qa", body="secret plans")
        await open_mode(pilot, Mode.WAKES)
        await shows(pilot, "Wake → qa")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmDialog))
        await pilot.press("enter")  # the question proposes not to
        await until(pilot, lambda: not isinstance(pilot.app.screen, ConfirmDialog))
        assert sql("SELECT count(*) FROM activity WHERE verb = 'cancel'") == [(0,)]
        await pilot.press("c", "right", "enter")
        await shows(pilot, "ended 1 wake for qa")
        tmux.run("send-keys", "-t", pane.pane_id, "Enter")
        await shows(pilot, "skipped")
        await pilot.press("r")
        await shows(pilot, "submitted")
        assert [message["body"] for message in (await qa("get_inbox"))["messages"]] == ["secret plans"]


async def test_a_wake_is_forced_past_a_draft_only_after_a_question_that_names_the_risk(
    settings: Settings, coordinator: CoordinatorThread, tmux: TmuxServer
) -> None:
    pane = await tmux.stand_in("qa")
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        backend, qa = await connect("backend"), await connect("qa")
        await bind(qa, pane.pid)
        tmux.run("send-keys", "-t", pane.pane_id, "-l", "half a draft")
        await backend("send_message", to_agent_name="qa", body="urgent")
        await open_mode(pilot, Mode.WAKES)
        await shows(pilot, "✎ draft")
        await pilot.press("f")
        await shows(pilot, "which would be sent too")
        await pilot.press("right", "enter")
        await shows(pilot, "forced the wake of qa")


@pytest.mark.slow
async def test_an_agent_is_let_rest_and_woken_again(
    settings: Settings, coordinator: CoordinatorThread, sql: Sql
) -> None:
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        await connect("qa")
        await open_mode(pilot, Mode.AGENTS)
        await shows(pilot, "qa")
        await pilot.press("d")
        await until(pilot, lambda: isinstance(pilot.app.screen, Pick))
        await pilot.press(*"hour", "enter")
        await shows(pilot, "do not disturb is on for qa")
        assert len(sql("SELECT * FROM do_not_disturb")) == 1
        await pilot.press("d", *"disturb", "enter")
        await shows(pilot, "do not disturb is off for qa")
        assert sql("SELECT * FROM do_not_disturb") == []
        await open_mode(pilot, Mode.ACTIVITY)
        await shows(pilot, "do not dist")


@pytest.mark.slow
async def test_the_operator_is_brought_to_the_pane_of_an_agent(
    settings: Settings, coordinator: CoordinatorThread, tmux: TmuxServer
) -> None:
    pane = await tmux.stand_in("qa")
    tmux.run("new-session", "-d", "-s", "elsewhere", "cat")
    other = tmux.run("list-panes", "-t", "elsewhere", "-F", "#{pane_id}").strip()
    seat = PaneRef("", tmux.run("list-panes", "-t", "0:0", "-F", "#{pane_id}").strip())

    def looked_at() -> str:
        return tmux.run("list-clients", "-F", "#{session_name} #{pane_id}").strip()

    with attached(tmux):
        await eventually(lambda: looked_at() != "")
        tmux.run("switch-client", "-t", "0:0")
        async with agents(settings) as connect, dashboard(coordinator, seat=seat) as pilot:
            await bind(await connect("qa"), pane.pid)
            await open_mode(pilot, Mode.AGENTS)
            await shows(pilot, pane.pane_id)
            assert looked_at() == f"0 {seat.pane_id}"
            await pilot.press("g")
            await eventually(lambda: looked_at() == f"0 {pane.pane_id}")
            tmux.run("switch-client", "-t", "elsewhere")
            await pilot.press("g")  # nobody looks at the dashboard's own session any more
            await shows(pilot, f"tmux attach -t {pane.pane_id}")
            assert looked_at() == f"elsewhere {other}"


@pytest.mark.slow
async def test_outside_tmux_the_command_that_leads_to_the_pane_is_told(
    settings: Settings, coordinator: CoordinatorThread, tmux: TmuxServer
) -> None:
    async with looking_at_qa(settings, coordinator, tmux) as (pilot, pane):
        await pilot.press("g")
        await shows(pilot, "does not run inside tmux")
        await shows(pilot, f"tmux attach -t {pane.pane_id}")


@pytest.mark.slow
async def test_nothing_is_changed_in_read_only_mode(
    settings: Settings, coordinator: CoordinatorThread, sql: Sql
) -> None:
    async with agents(settings) as connect, dashboard(coordinator, read_only=True) as pilot:
        backend, _ = await connect("backend"), await connect("qa")
        await backend("send_message", to_agent_name="qa", body="x")
        await open_mode(pilot, Mode.WAKES)
        await shows(pilot, "qa")
        await pilot.press("r")
        await shows(pilot, "replay: read-only mode")
        await pilot.press("d")
        await shows(pilot, "do not disturb: read-only mode")
    assert sql("SELECT * FROM activity") == []
