"""A detail as Markdown: on the clipboard, and in a file."""

from pathlib import Path

import pytest
from textual.content import Content

from tests.screens.looking import feed, shows
from tests.screens.sample.clock import NOW
from tests.screens.sample.filled import FILLED
from tests.screens.test_modes import opened
from xats_tui.screens.details.tickets import Section, task_history, ticket
from xats_tui.screens.modes.places import Mode


def test_no_foreign_text_ends_its_fence_or_is_read_as_markdown() -> None:
    written = ticket("Task <b> *now*", [Section(Content("it says\n````\n# done  ")), Section(Content(), "Empty")], NOW)
    assert written.startswith("## Task \\<b\\> \\*now\\*\n")
    assert written.endswith("`````text\nit says\n````\n# done\n`````\n")


def test_the_history_of_a_task_is_what_its_agents_did_to_it_oldest_first() -> None:
    told = task_history(FILLED, "t-41").plain
    assert [line.split("  ")[1:] for line in told.splitlines()] == [["backend", "claimed"]]


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
