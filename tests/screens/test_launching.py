"""Launching an agent with keys: on a sample, and on a real coordinator with a stand-in for the client."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.conftest import Sql
from tests.launched import installed
from tests.screens.looking import settled, shows, slow, text, until
from tests.screens.sample.desk import desk
from tests.screens.sample.verbs import FixedVerbs
from tests.screens.supervising import dashboard, open_mode
from tests.tmux_server import TmuxServer
from xats_tui.app import XatsApp
from xats_tui.backend.thread import CoordinatorThread
from xats_tui.core.model.panes import PaneRef
from xats_tui.runtime.settings import Settings
from xats_tui.screens.dialogs.launch_form import LaunchForm, completed
from xats_tui.screens.modes.places import Mode


@asynccontextmanager
async def form(verbs: FixedVerbs, mode: Mode = Mode.AGENTS, *before: str) -> AsyncIterator[Pilot[Any]]:
    """The form, opened in a mode after these keys."""
    app = XatsApp(desk(verbs=verbs))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "backend")
        await pilot.press(mode.digit)
        await settled(pilot)
        await pilot.press(*before, "n")
        await until(pilot, lambda: isinstance(app.screen, LaunchForm))
        yield pilot


async def typed(pilot: Pilot[Any], folder: Path, name: str, *, last: str = "ctrl+s") -> None:
    """Fill in a name and a folder."""
    assert isinstance(pilot.app.screen, LaunchForm)
    pilot.app.screen.name_line.value = name
    pilot.app.screen.folder_line.value = str(folder)
    await pilot.press(last)


@pytest.mark.slow
async def test_what_is_typed_is_launched_and_the_outcome_told(tmp_path: Path) -> None:
    verbs = FixedVerbs()
    async with form(verbs) as pilot:
        await pilot.press(*"qa2", "tab", "ctrl+u", *"red", "tab", *"tester")
        await typed(pilot, tmp_path, "qa2")
        await shows(pilot, "qa2@red is registered in window work:4")
    assert verbs.done == [("launch", "opencode", "qa2", "red", "tester", str(tmp_path))]


@pytest.mark.slow
async def test_team_program_and_folder_of_the_selected_agent_are_proposed() -> None:
    async with form(FixedVerbs(), Mode.AGENTS, "down", "down") as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, LaunchForm)
        proposed = screen.client_line.client, screen.team_line.value, screen.folder_line.value
    assert proposed == ("claude-code", "shop", "/home/me/shop")


@pytest.mark.slow
async def test_another_program_is_chosen_with_the_arrows(tmp_path: Path) -> None:
    verbs = FixedVerbs()
    async with form(verbs, Mode.AGENTS, "down", "down") as pilot:
        await pilot.press("shift+tab", "right", "space", "left", "enter")
        await typed(pilot, tmp_path, "qa2")
        await until(pilot, lambda: bool(verbs.done))
    assert verbs.done[0][1] == "codex"


@pytest.mark.slow
async def test_what_is_wrong_is_said_and_the_form_stays(tmp_path: Path) -> None:
    verbs = FixedVerbs()
    async with form(verbs, Mode.AGENTS, "down", "down") as pilot:
        await typed(pilot, tmp_path, "  ")
        await shows(pilot, "An agent needs a name.")
        await typed(pilot, tmp_path / "nowhere", "qa2")
        await shows(pilot, "No such folder.")
        await typed(pilot, tmp_path, "backend")
        await shows(pilot, "An agent of that name is already connected.")
    assert verbs.done == []


@pytest.mark.slow
async def test_in_the_live_mode_the_key_means_a_task_in_the_panel_of_tasks_and_an_agent_elsewhere() -> None:
    async with form(FixedVerbs(), Mode.LIVE) as pilot:
        await pilot.press("escape")
        await settled(pilot)
        assert "n launch" in text(pilot)
        while "n new task" not in text(pilot):
            await pilot.press("tab")
            await settled(pilot)
        await pilot.press("n")
        await settled(pilot)
        assert not isinstance(pilot.app.screen, LaunchForm)


async def test_in_read_only_mode_nothing_is_launched() -> None:
    app = XatsApp(desk(verbs=FixedVerbs(read_only=True)))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "backend")
        await pilot.press("2", "n")
        await shows(pilot, "launch: read-only mode")


def test_a_folder_is_completed_to_the_first_that_begins_so(tmp_path: Path) -> None:
    for name in ("shop-front", "shop-back", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "shop-a-file").touch()
    assert completed(f"{tmp_path}/sh") == f"{tmp_path}/shop-back/"
    assert completed(f"{tmp_path}/shop-f") == f"{tmp_path}/shop-front/"
    assert completed(f"{tmp_path}/shop-a") is None
    assert completed(f"{tmp_path}/") is completed("") is completed("~nobody-of-that-name/x") is None


@pytest.mark.slow
@pytest.mark.tmux
@pytest.mark.parametrize("fails", [False, slow(True)])
async def test_an_agent_is_launched_into_the_session_of_the_dashboard(
    fails: bool,
    settings: Settings,
    coordinator: CoordinatorThread,
    tmux: TmuxServer,
    sql: Sql,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    programs = installed(tmp_path / "bin")
    if fails:
        (programs / "claude").write_text("#!/bin/sh\necho error: nobody is logged in; exit 1\n")
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    (tmp_path / "shop").mkdir()
    seat = PaneRef("", tmux.run("list-panes", "-F", "#{pane_id}").strip())
    async with dashboard(coordinator, seat=seat) as pilot:
        await open_mode(pilot, Mode.AGENTS)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(pilot.app.screen, LaunchForm))
        await typed(pilot, tmp_path / "shop", "qa")
        if not fails:  # else it is over too soon to be seen for certain
            await shows(pilot, "launching qa")
        outcome = "its pane shows “error:" if fails else "qa@shop is registered in window"
        for _ in range(5):  # a bridge has to start first
            try:
                await shows(pilot, outcome)
                break
            except AssertionError:
                continue
        await shows(pilot, outcome)
    noted = sql("SELECT detail FROM activity WHERE verb = 'launch'")
    panes = sql("SELECT team, tmux_pane_id FROM agents")
    assert (len(noted), len(panes)) == ((0, 0) if fails else (1, 1))
    if not fails:
        assert noted[0][0].startswith(f"qa@shop: claude-code in {tmp_path / 'shop'}")
        assert panes[0][1] in tmux.run("list-panes", "-s", "-F", "#{pane_id}")
