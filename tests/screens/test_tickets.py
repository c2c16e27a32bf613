"""A detail as Markdown: on the clipboard, and in a file."""

from pathlib import Path
from typing import Any

import pytest
from textual.content import Content
from textual.pilot import Pilot

from tests.screens.looking import feed, settled, shows, until
from tests.screens.sample.clock import NOW
from tests.screens.sample.filled import FILLED
from tests.screens.sample.source import FixedSource
from tests.screens.test_modes import is_open, opened
from xats_tui.core.errors import StoreError
from xats_tui.core.model.wakes import WakeAttempt
from xats_tui.screens.data.verbs import VerbRefused
from xats_tui.screens.details.tickets import Section, task_history, ticket
from xats_tui.screens.modes.mode_screen import ModeScreen
from xats_tui.screens.modes.places import Mode, Panel
from xats_tui.screens.modes.tickets import TicketWriter


def test_no_foreign_text_ends_its_fence_or_is_read_as_markdown() -> None:
    written = ticket("Task <b> *now*", [Section(Content("it says\n````\n# done  ")), Section(Content(), "Empty")], NOW)
    assert written.startswith("## Task \\<b\\> \\*now\\*\n")
    assert written.endswith("`````text\nit says\n````\n# done\n`````\n")


def test_the_history_of_a_task_is_what_its_agents_did_to_it_oldest_first() -> None:
    told = task_history(FILLED, "t-41").plain
    assert [line.split("  ")[1:] for line in told.splitlines()] == [["backend", "claimed"]]


@pytest.mark.slow
async def test_in_live_each_panel_copies_what_the_mode_of_its_row_copies() -> None:
    async with opened(Mode.LIVE) as (pilot, _):
        await pilot.press("exclamation_mark")
        for panel in Panel:
            live = pilot.app.screen
            assert isinstance(live, ModeScreen) and live.situation().panel is panel
            copied = await copy(pilot)
            await pilot.press("enter")
            await until(pilot, lambda: not is_open(pilot, Mode.LIVE))
            assert await copy(pilot) == copied, panel
            await pilot.press("1", "tab")
            await settled(pilot)


async def copy(pilot: Pilot[Any]) -> str:
    """Copy the selected row as Markdown and return it."""
    pilot.app.copy_to_clipboard("")
    await pilot.press("Y")
    await until(pilot, lambda: pilot.app.clipboard != "")
    return pilot.app.clipboard


async def test_a_ticket_whose_data_cannot_be_loaded_is_refused() -> None:
    class Locked(FixedSource):
        async def attempts(self, message_id: str, agent_id: str) -> tuple[WakeAttempt, ...]:
            raise StoreError("database is locked")

    writer = TicketWriter(snapshot=FILLED, source=Locked(FILLED), now=NOW)
    with pytest.raises(VerbRefused, match="could not be loaded: database is locked"):
        await writer.write(Mode.WAKES, FILLED.wakes[0].key)


@pytest.mark.slow
async def test_a_wake_is_copied_with_its_gates_and_attempts_and_written_into_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened(Mode.WAKES) as (pilot, _):
        await pilot.press("Y")
        await shows(pilot, "copied as Markdown: Wake")
        copied = pilot.app.clipboard
        assert all(words in copied for words in ("why not?", "draft", "#2 ", "attempts"))
        feed(pilot, ":export ~nobody-here/x\r")
        await shows(pilot, "was not written: Could not")
        feed(pilot, ":export no/such.md\r")
        await shows(pilot, "such.md was not written: No such file or directory")
        feed(pilot, ":export wake.md\r")
        await shows(pilot, "written to")
        written = tmp_path / "wake.md"
        assert written.read_text() == copied
        assert written.stat().st_mode & 0o777 == 0o600
        written.write_text("mine")
        feed(pilot, ":export wake.md\r")
        await shows(pilot, "Replace the file?")
        assert written.read_text() == "mine"
        await pilot.press("right", "enter")
        await shows(pilot, "written to")
        assert list(tmp_path.iterdir()) == [written]
