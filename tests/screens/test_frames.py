"""How little is laid out, styled, painted and asked for a key: counts, not times."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from textual.css.stylesheet import Stylesheet
from textual.events import Key
from textual.pilot import Pilot
from textual.screen import Screen
from textual.scrollbar import ScrollBar

from tests.patience import PATIENCE
from tests.screens.looking import paints, settled, shows
from tests.screens.sample.agents import BACKEND, PLANNER
from tests.screens.sample.desk import desk
from tests.screens.sample.filled import FILLED
from tests.screens.sample.messages import message
from tests.screens.sample.source import FixedSource
from tests.screens.supervising import open_mode
from xats_tui import app
from xats_tui.app import XatsApp
from xats_tui.core.model.panes import PaneRef
from xats_tui.core.records import replace
from xats_tui.screens.data.snapshot import Slice, Snapshot
from xats_tui.screens.modes import mode_screen
from xats_tui.screens.modes.mode_screen import ModeScreen
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.widgets.frame import HeaderRow
from xats_tui.screens.widgets.panels import TablePanel
from xats_tui.screens.widgets.prompt import PromptInput
from xats_tui.screens.widgets.tables import KeyedTable


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine must not make two frames of one, nor draw anew because time has passed."""
    monkeypatch.setattr(mode_screen, "MAX_UNPAINTED_S", PATIENCE)
    monkeypatch.setattr(mode_screen, "LATE_AFTER_S", PATIENCE)


class HeldSource(FixedSource):
    """A source that answers when it is allowed to."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__(snapshot)
        self.may_load = asyncio.Event()

    async def load(self, parts: Iterable[Slice], panes: Iterable[PaneRef]) -> Mapping[str, Any]:
        await self.may_load.wait()
        return await super().load(parts, panes)


@asynccontextmanager
async def messages(snapshot: Snapshot = FILLED) -> AsyncIterator[Pilot[Any]]:
    """The Messages mode, without heartbeats."""
    async with XatsApp(desk(snapshot)).run_test(size=(120, 40)) as pilot:
        await shows(pilot, "xats :9100")
        await open_mode(pilot, Mode.MESSAGES)
        await settled(pilot)
        pilot.app.workers.cancel_group(pilot.app, "reloads")
        yield pilot


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Press keys, each when the one before is done; the pilot's own way keeps every widget busy with questions."""
    for key in keys:
        pilot.app.post_message(Key(key, key if len(key) == 1 else None))
        await settled(pilot)


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch, kind: type[Any], name: str) -> Iterator[list[Any]]:
    """Note what a method is called with."""
    calls, original = list[Any](), getattr(kind, name)

    def noted(self: Any, *arguments: Any, **named: Any) -> Any:
        calls.append((self, *arguments))
        return original(self, *arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr(kind, name, noted)
        yield calls


async def test_the_first_frame_has_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "FIRST_DATA_S", PATIENCE)
    shown = list[str]()

    def noted(self: XatsApp, screen: Screen[Any], renderable: object) -> None:
        if renderable is not None and not self._batch_count and isinstance(screen, ModeScreen):
            shown.append("\n".join(strip.text for strip in screen._compositor.render_strips()))

    monkeypatch.setattr(XatsApp, "_display", noted)
    source = HeldSource(FILLED)
    async with XatsApp(desk(source)).run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        assert not shown
        source.may_load.set()
        await shows(pilot, "xats :9100")
        await settled(pilot)
    assert BACKEND.name in shown[0]


async def test_a_frame_without_data_is_painted_if_the_data_is_late() -> None:
    source = HeldSource(FILLED)
    async with XatsApp(desk(source)).run_test(size=(120, 40)) as pilot:
        await shows(pilot, "loading…")
        source.may_load.set()
        await shows(pilot, "xats :9100")


async def test_a_mode_that_is_opened_for_the_first_time_styles_its_widgets_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with messages() as pilot:
        with counted(monkeypatch, Stylesheet, "apply") as styled:
            await press(pilot, Mode.WAKES.digit)
        assert len([call for call in styled if isinstance(call[1], HeaderRow)]) == 1


async def test_a_key_is_painted_once_and_lays_out_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with messages() as pilot:
        for key in ("down", "down"):
            before = paints(pilot)
            with counted(monkeypatch, Screen, "_refresh_layout") as layouts:
                await press(pilot, key)
            assert (paints(pilot) - before, len(layouts)) == (1, 0), key


async def test_a_letter_of_a_filter_is_painted_once_and_draws_the_list_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    async with messages() as pilot:
        await press(pilot, "slash", "q")
        pilot.app.screen.query_one(PromptInput).cursor_blink = False  # a busy machine takes longer than a blink
        before = paints(pilot)
        with (
            counted(monkeypatch, Screen, "_refresh_layout") as layouts,
            counted(monkeypatch, TablePanel, "_draw") as lists,
            counted(monkeypatch, HeaderRow, "show") as headers,
        ):
            await press(pilot, "a")
        assert (paints(pilot) - before, len(layouts), len(lists), len(headers)) == (1, 0, 1, 0)


async def test_a_mode_that_is_opened_again_is_painted_once_and_not_laid_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async with messages() as pilot:
        for mode in (Mode.TASKS, Mode.MESSAGES):
            await press(pilot, mode.digit)
        for mode in (Mode.TASKS, Mode.MESSAGES):
            before = paints(pilot)
            with counted(monkeypatch, Screen, "_refresh_layout") as layouts:
                await press(pilot, mode.digit)
            assert (paints(pilot) - before, len(layouts)) == (1, 0), mode


async def test_rows_are_not_drawn_again_because_the_list_loses_the_focus(monkeypatch: pytest.MonkeyPatch) -> None:
    async with messages() as pilot:
        with counted(monkeypatch, KeyedTable, "_draw_row") as drawn:
            await press(pilot, "slash", "escape")
        table = pilot.app.screen.query_one("#list KeyedTable", KeyedTable)
        assert {call[1] for call in drawn if call[0] is table} == {table.cursor_row}


async def test_the_prompt_line_opens_without_styling_the_rest_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    async with messages() as pilot:
        with counted(monkeypatch, Stylesheet, "apply") as styled:
            await press(pilot, "slash", "escape")
        assert not [call for call in styled if isinstance(call[1], HeaderRow)]


async def test_the_store_is_asked_when_nobody_types_on(monkeypatch: pytest.MonkeyPatch) -> None:
    many = tuple(message(number, PLANNER, BACKEND, None, "go on", 1, read=True) for number in range(900, 600, -1))
    async with messages(replace(FILLED, stream=many)) as pilot:
        await press(pilot, "slash")
        with counted(monkeypatch, FixedSource, "stretch") as asked:
            for key in "zzzz":
                pilot.app.post_message(Key(key, key))
            await settled(pilot)
            await shows(pilot, "no message matches “zzzz”, however old")
        assert {call[2].wanted.words for call in asked} == {("zzzz",)}


async def test_a_scrollbar_that_stays_is_not_drawn_with_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    async with messages() as pilot:
        with counted(monkeypatch, ScrollBar, "render_lines") as bars:
            await press(pilot, "down")
        assert not [call for call in bars if call[0].parent is pilot.app.screen.query_one("#list KeyedTable")]
