"""A panel with a long text wraps it to its width, scrolls through all of it, and leaves the screen's layout alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.app import App, ComposeResult
from textual.content import Content
from textual.pilot import Pilot
from textual.strip import Strip

from tests.screens.looking import text
from xats_tui.screens.widgets.texts import TextPanel


class TextApp(App[None]):
    """One text."""

    CSS = "TextPanel { width: 1fr; height: 1fr; overflow: hidden scroll; scrollbar-size-vertical: 1; }"

    def compose(self) -> ComposeResult:
        yield TextPanel("text")


@asynccontextmanager
async def panel(width: int = 21, height: int = 4) -> AsyncIterator[tuple[Pilot[None], TextPanel]]:
    async with TextApp().run_test(size=(width, height)) as pilot:
        shown = pilot.app.query_one(TextPanel)
        shown.focus()
        yield pilot, shown


def words(pilot: Pilot[None]) -> list[str]:
    return [line.rstrip(" ▁▂▃▄▅▆▇█") for line in text(pilot).splitlines()]


async def test_no_letter_is_lost_beside_the_scrollbar() -> None:
    async with panel() as (pilot, shown):
        shown.update(Content("abcdefghij" * 4))
        await pilot.pause()
        assert words(pilot) == ["abcdefghijabcdefghij", "abcdefghijabcdefghij", "", ""]


async def test_a_text_that_is_there_before_the_panel_has_a_size_is_shown() -> None:
    async with panel() as (pilot, shown):
        shown.display = False
        await pilot.pause()
        shown.update(Content("written in the dark"))
        shown.display = True
        await pilot.pause()
        assert words(pilot)[0] == "written in the dark"


async def test_all_of_a_long_text_can_be_scrolled_to() -> None:
    async with panel() as (pilot, shown):
        shown.update(Content("\n".join(f"line {n}" for n in range(30))))
        await pilot.pause()
        await pilot.press("end")
        await pilot.pause()
        assert words(pilot) == ["line 26", "line 27", "line 28", "line 29"]
        shown.update(Content("short"))
        await pilot.pause()
        assert words(pilot)[0] == "short"


async def test_another_text_lays_nothing_out_anew() -> None:
    async with panel() as (pilot, shown):
        shown.update(Content("one line"))
        await pilot.pause()
        laid_out: list[object] = []
        pilot.app.screen.screen_layout_refresh_signal.subscribe(shown, laid_out.append)
        shown.update(Content("\n".join(f"line {n}" for n in range(30))))
        await pilot.pause()
        assert words(pilot)[0] == "line 0"
        assert laid_out == []


async def test_only_the_lines_that_have_changed_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    async with panel(height=8) as (pilot, shown):
        shown.update(Content("label\nold\nstays\nfourth"))
        await pilot.pause()
        drawn: list[int] = []
        original = TextPanel.render_line

        def noted(self: TextPanel, y: int) -> Strip:
            drawn.append(y)
            return original(self, y)

        monkeypatch.setattr(TextPanel, "render_line", noted)
        shown.update(Content("label\nnew\nstays"))
        await pilot.pause()
        assert drawn == [1, 3]
        assert words(pilot) == ["label", "new", "stays", "", "", "", "", ""]


async def test_a_scrolled_text_that_changes_is_drawn_where_it_stands() -> None:
    async with panel() as (pilot, shown):
        shown.update(Content("\n".join(f"line {n}" for n in range(30))))
        await pilot.pause()
        shown.scroll_end(animate=False, immediate=True)
        await pilot.pause()
        shown.update(Content("\n".join(f"{'LINE' if n == 27 else 'line'} {n}" for n in range(30))))
        await pilot.pause()
        assert words(pilot) == ["line 26", "LINE 27", "line 28", "line 29"]
        shown.update(Content("\n".join(f"other {n}" for n in range(6))))
        await pilot.pause()
        assert words(pilot) == ["other 2", "other 3", "other 4", "other 5"]


async def test_a_text_wraps_anew_when_the_terminal_gets_narrower() -> None:
    async with panel() as (pilot, shown):
        shown.update(Content("eight by eight cells"))
        await pilot.pause()
        await pilot.resize_terminal(10, 4)
        await pilot.pause()
        assert words(pilot)[:2] == ["eight by", "eight"]
