"""The Live mode on a real coordinator, driven through keys; agents speak to it over HTTP as they would in life."""

import asyncio
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Button

from tests.screens.looking import settled, shows, text, until
from tests.screens.supervising import agents, dashboard
from xats_tui.backend.thread import CoordinatorThread
from xats_tui.runtime.settings import Settings
from xats_tui.screens.dialogs.leaving import LeaveQuestion
from xats_tui.screens.modes.live import LiveMode
from xats_tui.screens.modes.messages import MessagesMode
from xats_tui.screens.widgets.frame import HeaderRow
from xats_tui.screens.widgets.tables import KeyedTable


def table(pilot: Pilot[Any], panel: str) -> KeyedTable:
    return pilot.app.screen.query_one(f"#{panel} KeyedTable", KeyedTable)


async def test_a_message_that_is_stored_comes_onto_the_screen(
    settings: Settings, coordinator: CoordinatorThread
) -> None:
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        backend, _ = await connect("backend"), await connect("frontend")
        await shows(pilot, "frontend")
        await backend("send_message", to_agent_name="frontend", subject="API", body="changed?")
        await shows(pilot, "API — changed?")


@pytest.mark.slow
async def test_tasks_and_contracts_appear(settings: Settings, coordinator: CoordinatorThread) -> None:
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        backend = await connect("backend")
        added = await backend("task_add", title="migrate the table")
        await backend("task_claim", task_id=added["task_id"])
        await backend("register_contract", name="orders", schema={"type": "object"})
        await shows(pilot, "1 doing")
        await shows(pilot, "Contracts 1")
        assert "◐ migrate the table" in text(pilot)


@pytest.mark.slow
async def test_looking_marks_nothing_read(settings: Settings, coordinator: CoordinatorThread) -> None:
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        backend, frontend = await connect("backend"), await connect("frontend")
        await backend("send_message", to_agent_name="frontend", body="secret plans")
        await shows(pilot, "secret plans")
        await pilot.press("tab", "tab", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, MessagesMode))
        await shows(pilot, "frontend: not yet")
        for digit in "245671":
            await pilot.press(digit, "enter")
            await settled(pilot)
        inbox = await frontend("get_inbox")
        assert [message["body"] for message in inbox["messages"]] == ["secret plans"]


@pytest.mark.slow
async def test_a_database_that_is_taken_away_is_said_first_and_can_be_saved(
    settings: Settings, coordinator: CoordinatorThread
) -> None:
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        await connect("backend")
        settings.db_path.rename(settings.home / "moved")
        await shows(pilot, "✕ NOTHING IS STORED")
        await shows(pilot, "data.db was removed while the coordinator runs")
        await pilot.press("ctrl+s")
        await shows(pilot, "Saved as")
    with closing(sqlite3.connect(settings.db_path)) as saved:
        assert saved.execute("SELECT name FROM agents").fetchall() == [("backend",)]


async def test_the_cursor_stays_on_its_agent_when_others_come(
    settings: Settings, coordinator: CoordinatorThread
) -> None:
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        await connect("middle")
        await shows(pilot, "middle")
        chosen = table(pilot, "agents").chosen
        await connect("aaa")
        await until(pilot, lambda: table(pilot, "agents").row_count == 2)
        assert table(pilot, "agents").chosen == chosen


@pytest.mark.slow
async def test_a_filter_is_seen_and_left_with_escape(settings: Settings, coordinator: CoordinatorThread) -> None:
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        for name in ("backend", "frontend", "qa"):
            await connect(name)
        await shows(pilot, "qa")
        await pilot.press("slash", *"end", "enter")
        await shows(pilot, "/end: 2 of 3")
        assert table(pilot, "agents").row_count == 2
        await pilot.press("escape")
        await until(pilot, lambda: table(pilot, "agents").row_count == 3)
        assert "/end" not in text(pilot)


@pytest.mark.slow
async def test_tab_goes_round_the_panels_and_zoom_gives_one_the_screen(coordinator: CoordinatorThread) -> None:
    async with dashboard(coordinator) as pilot:
        await pilot.press(*["tab"] * 3)
        await pilot.press("z")
        await until(pilot, lambda: "Agents 0" not in text(pilot))
        assert "Wakes" in text(pilot)
        await pilot.press("escape")
        await shows(pilot, "Agents 0")
        await pilot.press(*["shift+tab"] * 3)
        await until(pilot, lambda: table(pilot, "agents").has_focus)


async def test_the_identifier_under_the_cursor_is_copied(settings: Settings, coordinator: CoordinatorThread) -> None:
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        await connect("backend")
        await until(pilot, lambda: table(pilot, "agents").chosen is not None)
        await pilot.press("y")
        await shows(pilot, "copied")
        assert pilot.app.clipboard == table(pilot, "agents").chosen


@pytest.mark.slow
async def test_quitting_with_agents_connected_asks_and_proposes_what_harms_nobody(
    settings: Settings, coordinator: CoordinatorThread
) -> None:
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        await connect("backend")
        await until(pilot, lambda: is_connected(pilot))
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(pilot.app.screen, LeaveQuestion))
        assert "backend@shop" in text(pilot)
        focused = pilot.app.screen.focused
        assert isinstance(focused, Button) and focused.id == "headless"
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, LeaveQuestion))
        assert pilot.app.is_running
        await pilot.press("ctrl+q", "right", "enter")
        await until(pilot, lambda: pilot.app.return_code == 0)


def is_connected(pilot: Pilot[Any]) -> bool:
    """Return whether the dashboard knows of a connected agent; an agent is listed a moment before."""
    screen = pilot.app.screen
    return isinstance(screen, LiveMode) and any(entry.connected for entry in screen.snapshot.roster)


async def test_quitting_alone_asks_nothing(coordinator: CoordinatorThread) -> None:
    async with dashboard(coordinator) as pilot:
        await pilot.press("ctrl+q")
        await until(pilot, lambda: pilot.app.return_code == 0)


async def test_a_coordinator_that_is_gone_makes_the_screen_stale_not_blank(
    settings: Settings, coordinator: CoordinatorThread
) -> None:
    async with dashboard(coordinator) as pilot:
        async with agents(settings) as connect:
            await connect("backend")
            await shows(pilot, "backend")
        await asyncio.to_thread(coordinator.stop)
        await shows(pilot, "⚠ data")
        assert "backend" in text(pilot)


async def test_a_terminal_made_too_small_says_so_until_it_is_enlarged(coordinator: CoordinatorThread) -> None:
    async with dashboard(coordinator, size=(80, 24)) as pilot:
        await pilot.resize_terminal(79, 23)
        await shows(pilot, "This terminal is 79×23; xats-tui needs at least 80×24.")
        assert "Agents" not in text(pilot)
        await pilot.resize_terminal(80, 24)
        await shows(pilot, "Agents")


BODIES = ("[red]x[/] [/", "\x1b[31m\x07\x9b", "漢字🙂", "שלום \u202eabc", "z" * 10_000)


@pytest.mark.slow
async def test_no_body_breaks_the_screen_or_reaches_the_terminal(
    settings: Settings, coordinator: CoordinatorThread
) -> None:
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        backend, _ = await connect("backend"), await connect("frontend")
        for body in BODIES:
            await backend("send_message", to_agent_name="frontend", subject=body[:40], body=body)
        await until(pilot, lambda: table(pilot, "stream").row_count == len(BODIES))
        await pilot.press("tab", "tab")
        for _ in BODIES:
            await pilot.press("enter")
            await shows(pilot, "subject")
            assert not set(text(pilot)) & set("\x1b\x07\x9b\u202e")
            await pilot.press("escape", "down")


@pytest.mark.slow
async def test_a_picture_that_comes_while_the_program_is_left_is_let_go(coordinator: CoordinatorThread) -> None:
    async with dashboard(coordinator) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, LiveMode)
        await screen.query_one(HeaderRow).remove()

        screen.show(screen.snapshot)
        screen.draw()

        assert screen.is_mounted
