"""The question before the dashboard is left with agents connected: three answers, none by accident."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Button

from tests.screens.looking import shows, text, until
from tests.screens.sample.desk import desk
from tests.screens.sample.filled import FILLED
from tests.screens.sample.source import FixedSource
from xats_tui.app import XatsApp
from xats_tui.core.records import replace
from xats_tui.screens.dialogs.leaving import LeaveQuestion, Next


@asynccontextmanager
async def asked(size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[Any]]:
    """A screen that asks."""
    async with XatsApp(desk(FILLED)).run_test(size=size) as pilot:
        await shows(pilot, "xats :9100")
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(pilot.app.screen, LeaveQuestion))
        yield pilot


async def test_it_names_the_agents_and_what_each_answer_means_for_them() -> None:
    async with asked() as pilot:
        await shows(pilot, "Leave running")
        shown = " ".join(text(pilot).replace("│", " ").split())
        assert "agents are connected: backend@shop" in shown
        assert "the coordinator keeps running" in shown
        assert "sent and no agent is woken" in shown
        assert "l leave running s stop all esc cancel" in shown


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    ("keys", "choice"),
    [
        (["enter"], Next.HEADLESS),
        (["l"], Next.HEADLESS),
        (["s"], Next.NOTHING),
        (["right", "enter"], Next.NOTHING),
    ],
)
async def test_an_answer_ends_the_screen_with_what_comes_next(keys: list[str], choice: Next) -> None:
    async with asked() as pilot:
        await pilot.press(*keys)
        await until(pilot, lambda: pilot.app.return_value is choice)


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("keys", [["escape"], ["c"], ["left", "enter"]])
async def test_it_can_be_cancelled(keys: list[str]) -> None:
    async with asked() as pilot:
        await pilot.press(*keys)
        await until(pilot, lambda: not isinstance(pilot.app.screen, LeaveQuestion))
        assert pilot.app.is_running


async def test_what_harms_nobody_is_proposed() -> None:
    async with asked() as pilot:
        focused = pilot.app.screen.focused
        assert isinstance(focused, Button)
        assert str(focused.label) == "Leave running"


async def test_with_nobody_connected_it_leaves_at_once() -> None:
    alone = replace(FILLED, roster=tuple(replace(entry, connected=False) for entry in FILLED.roster))
    async with XatsApp(desk(alone)).run_test() as pilot:
        await shows(pilot, "xats :9100")
        await pilot.press("ctrl+q")
        await until(pilot, lambda: pilot.app.return_value is Next.NOTHING)


async def test_who_came_since_the_picture_was_drawn_is_not_cut_off() -> None:
    alone = replace(FILLED, roster=tuple(replace(entry, connected=False) for entry in FILLED.roster))
    table = desk(alone)
    assert isinstance(table.source, FixedSource)
    async with XatsApp(table).run_test() as pilot:
        await shows(pilot, "xats :9100")
        table.source.snapshot = FILLED  # and nobody says so
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(pilot.app.screen, LeaveQuestion))


async def test_a_coordinator_that_does_not_answer_keeps_nobody_from_leaving() -> None:
    table = desk(FILLED)
    assert isinstance(table.source, FixedSource)
    async with XatsApp(table).run_test() as pilot:
        await shows(pilot, "xats :9100")
        table.source.failing = True
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(pilot.app.screen, LeaveQuestion))
        await pilot.press("s")
        await until(pilot, lambda: pilot.app.return_value is Next.NOTHING)
