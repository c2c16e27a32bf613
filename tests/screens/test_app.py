"""Start and end of the dashboard."""

import asyncio
import gc
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from textual import work
from textual.app import ComposeResult
from textual.dom import DOMNode
from textual.widgets import Static
from textual.worker import WorkerFailed

from tests.screens.looking import settled, shows, text, until
from tests.screens.sample.desk import desk
from tests.screens.sample.filled import FILLED
from tests.screens.sample.source import FixedSource
from xats_tui import app as app_module
from xats_tui.app import XatsApp
from xats_tui.core.errors import StartError
from xats_tui.core.model.panes import PaneRef
from xats_tui.dashboard.run import run
from xats_tui.runtime.settings import load
from xats_tui.screens.data.snapshot import Slice
from xats_tui.screens.dialogs.dialog_screen import DialogScreen
from xats_tui.screens.modes import mode_screen
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.widgets.frame import FooterRow


class NonsenseSource(FixedSource):
    """Serves what no screen can draw."""

    async def load(self, parts: Iterable[Slice], panes: Iterable[PaneRef]) -> Mapping[str, Any]:
        return {"health": "nonsense"}


async def test_a_screen_that_fails_tells_the_log_and_not_the_terminal(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    app = XatsApp(desk(NonsenseSource(FILLED)))
    await app.run_async(headless=True, size=(120, 40))
    assert app.return_code == 1
    (record,) = [record for record in caplog.records if record.message == "the dashboard failed"]
    assert record.exc_info
    assert capfd.readouterr() == ("", "")


class LateDialog(DialogScreen[None]):
    """A dialog whose data never arrives; when that is given up, it draws."""

    def compose(self) -> ComposeResult:
        yield Static(id="box")

    @work
    async def load(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.query_one("#box", Static).update("given up")


async def test_the_workers_of_a_dialog_end_before_its_widgets() -> None:
    app = XatsApp(desk(FILLED))
    async with app.run_test(size=(120, 40)) as pilot:
        await app.push_screen(dialog := LateDialog())
        worker = dialog.load()
        await dialog.dismiss()
        assert worker.is_finished
        assert app.failure is None
        await pilot.press("4")
        await shows(pilot, "why not?")


async def test_the_workers_of_a_mode_end_before_its_widgets(caplog: pytest.LogCaptureFixture) -> None:
    app, begun, found = XatsApp(desk(FILLED)), asyncio.Event(), list[FooterRow]()

    async def look_in_vain() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            found.append(mode.query_one(FooterRow))

    async with app.run_test(size=(120, 40)):
        mode = app.screen
        mode.run_worker(look_in_vain())
        await begun.wait()
    assert found
    assert not [record for record in caplog.records if "closed before" in record.message]


async def test_a_worker_that_looks_for_a_widget_that_never_was_ends_the_dashboard() -> None:
    app = XatsApp(desk(FILLED))

    async def mistyped() -> None:
        app.screen.query_one("#mistyped")

    with pytest.raises(WorkerFailed, match="mistyped"):
        async with app.run_test(size=(120, 40)):
            app.run_worker(mistyped())
    assert app.failure is not None


def test_without_a_terminal_nothing_is_started(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="not a terminal"):
        run(load({"home": str(tmp_path / "home"), "port": "0"}, {}), takeover=False)
    assert not (tmp_path / "home").exists()


async def test_a_library_that_is_imported_while_the_dashboard_is_shown_finds_the_encoding_of_the_output() -> None:
    """libtmux reads it, and is imported when the coordinator's work begins."""
    async with XatsApp(desk(FILLED)).run_test():
        assert sys.stdout.encoding == "utf-8"


async def test_the_other_modes_are_made_while_nobody_types_and_nothing_of_them_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app_module, "PREPARE_AFTER_S", 0.0)
    monkeypatch.setattr(app_module, "PREPARE_INTERVAL_S", 0.0)
    monkeypatch.setattr(app_module, "TIDY_INTERVAL_S", 0.05)
    done: list[str] = []
    monkeypatch.setattr(app_module, "tidy", lambda: done.append("tidied"))
    app = XatsApp(desk(FILLED), when_prepared=lambda: done.append("prepared"))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.is_prepared and {"tidied", "prepared"} <= set(done))
        assert done.count("prepared") == 1
        assert app.current_mode == Mode.LIVE
        before = text(pilot)
        await settled(pilot)
        assert text(pilot) == before
        await pilot.press("4")
        await shows(pilot, "why not?")
        assert app.current_mode == Mode.WAKES


@pytest.mark.parametrize("made", [1, 3])
async def test_the_dashboard_can_be_left_while_the_other_modes_are_made(
    made: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "PREPARE_AFTER_S", 0.0)
    monkeypatch.setattr(app_module, "PREPARE_INTERVAL_S", 0.0)
    app = XatsApp(desk(FILLED))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: len(app._screen_stacks) > made)
    assert app.failure is None


async def test_the_dashboard_can_be_left_while_a_mode_is_being_mounted() -> None:
    app = XatsApp(desk(FILLED))
    async with app.run_test(size=(120, 40)):
        app._init_mode(Mode.ACTIVITY)
    assert app.failure is None


def nodes_of_parts() -> int:
    """Return the number of nodes that Textual makes for the styles of widgets' parts, garbage included."""
    return sum(type(one) is DOMNode for one in gc.get_objects())


@pytest.mark.parametrize("mode", [Mode.LIVE, Mode.AGENTS])
async def test_data_that_grows_old_and_is_new_again_changes_the_frames_and_leaves_no_garbage(
    mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = XatsApp(desk(FILLED))
    async with app.run_test(size=(120, 40)) as pilot:
        await app.switch_mode(mode)
        await settled(pilot)
        screen = app.screen
        assert isinstance(screen, mode_screen.ModeScreen)
        panel = next(one for one in screen.query(".panel") if one.display)
        fresh = panel.styles.border.top
        gc.collect()
        before = nodes_of_parts()
        gc.disable()
        try:
            for age in (60.0, None, 60.0):
                monkeypatch.setattr(mode_screen, "staleness", lambda *_, age=age: age)
                screen.draw_header()
                assert (panel.styles.border.top == fresh) is (age is None)
            await settled(pilot)
            assert nodes_of_parts() < before + 65  # one styling of the whole screen makes as many
        finally:
            gc.enable()
        assert panel.styles.border.top != fresh
