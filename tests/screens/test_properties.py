"""Robustness of all screens against foreign text: every mode with its details and dialogs, every field."""

import asyncio
import json
import unicodedata
from collections.abc import Iterator, Mapping
from itertools import cycle
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.pilot import Pilot

from tests.screens.looking import settled, shows, strips, until
from tests.screens.sample.desk import desk
from tests.screens.sample.filled import FILLED
from tests.screens.sample.source import FixedSource
from tests.screens.sample.verbs import FixedVerbs
from tests.screens.test_format import FOREIGN, OBEYED
from xats_tui.app import XatsApp
from xats_tui.core.model.contracts import ContractChange
from xats_tui.core.model.messages import BROADCAST_MARK, Thread
from xats_tui.core.model.pages import ListName, Stretch, StretchRequest
from xats_tui.core.model.panes import PaneRef
from xats_tui.core.model.wakes import Gate, Wake, WakeAttempt
from xats_tui.core.model.ways import Way, WayState
from xats_tui.core.records import fields_of, is_record, replace
from xats_tui.screens.modes.mode_screen import ModeScreen
from xats_tui.screens.modes.places import Mode

T = TypeVar("T")

NASTY = (
    "[red]not red[/]",
    "[/] [/nothing] [",
    "[@click=app.quit]leave[/]",
    "\x1b[31mred\x1b[0m \x1b[2J\x1b]8;;http://localhost\x07link\x1b]8;;\x07",
    "\x00\x07\x08\x9b2J\x7f\x85\u2028",
    "tab\there\r\nand\nthere",
    "漢字とかな" * 20 + "🙂👩‍👩‍👧" + "e\u0301\u20dd",
    "\u202eright to left\u202c שלום مرحبا \u2066\u200f",
    "y" * 10_000,
    "",
    "   ",
    "%s {0} $foreground \\[",
)
"""Each of these is in every picture, somewhere."""

SIZES = ((80, 24), (120, 40))

KEYS = ("down", "enter", "pagedown", "z", "z", "escape", "tab", "tab", "down", "space", "space")
"""Through list and detail of a mode."""

DIALOGS = ("full_stop", "question_mark", "m", "a", "n", "e", "p", "c", "f", "x", "d", "R", "w", "u")
"""Keys that may open a dialog or a further panel, in one mode or another."""


def garbled(value: T, texts: Iterator[str]) -> T:
    """The same record with other texts in all places where agents or the outside world put them."""
    other: T = _garbled(value, texts, "")
    return other


def _garbled(value: Any, texts: Iterator[str], name: str) -> Any:
    if isinstance(value, PaneRef):
        return value
    if is_record(value):
        return replace(value, **{name: _garbled(one, texts, name) for name, one in fields_of(value).items()})
    if type(value) is str:
        return value if _is_key(name) or value == BROADCAST_MARK else next(texts)
    if isinstance(value, tuple):
        return tuple(_garbled(one, texts, name) for one in value)
    if name == "schema":
        return {"title": next(texts), "properties": {next(texts): {"description": next(texts)}}}
    if isinstance(value, Mapping):
        return {key: _garbled(one, texts, name) for key, one in value.items()}
    return value


def _is_key(name: str) -> bool:
    """Return whether the coordinator creates the text of this field."""
    return name in {"id", "claimed_by", "registered_by", "host", "key"} or name.endswith("_id")


WAY = Way(name="some-way", types=False, state=WayState.MISSING, detail="start it in another way")


class ForeignSource(FixedSource):
    """Serves the sample with other texts in it."""

    def __init__(self, texts: tuple[str, ...]) -> None:
        self._texts = cycle((*NASTY, *texts))
        super().__init__(garbled(FILLED, self._texts))

    async def attempts(self, message_id: str, agent_id: str) -> tuple[WakeAttempt, ...]:
        return garbled(await super().attempts(message_id, agent_id), self._texts)

    async def why_not(self, message_id: str, agent_id: str) -> tuple[Gate, ...]:
        return garbled(await super().why_not(message_id, agent_id), self._texts)

    async def ways(self, agent_id: str) -> tuple[Way, ...]:
        return garbled((WAY,), self._texts)

    async def contract_change(self, team: str, name: str, old: int | None, new: int) -> ContractChange | None:
        return garbled(await super().contract_change(team, name, old, new), self._texts)

    async def stretch(self, name: ListName, request: StretchRequest) -> Stretch[Any]:
        return garbled(await super().stretch(name, request), self._texts)

    async def thread(self, event_id: int) -> Thread:
        return garbled(await super().thread(event_id), self._texts)

    async def receipts(self, message_id: str) -> tuple[Wake, ...]:
        return garbled(await super().receipts(message_id), self._texts)


class ForeignVerbs(FixedVerbs):
    """Refuses everything in foreign words; what a pane asks is foreign, too."""

    def __init__(self, texts: tuple[str, ...]) -> None:
        super().__init__()
        self.refusing = "".join(NASTY)
        self.asked = garbled(self.asked, cycle((*NASTY, *texts)))


@pytest.mark.timeout(300)
@pytest.mark.slow
@pytest.mark.parametrize("mode", Mode)
@settings(max_examples=2, deadline=None)
@given(texts=st.lists(FOREIGN, min_size=3, max_size=9).map(tuple))
def test_no_foreign_text_breaks_a_screen(mode: Mode, texts: tuple[str, ...]) -> None:
    for size in SIZES:
        asyncio.run(_walk_through(mode, size, texts))


async def _walk_through(mode: Mode, size: tuple[int, int], texts: tuple[str, ...]) -> None:
    app = XatsApp(desk(ForeignSource(texts), verbs=ForeignVerbs(texts)))
    async with app.run_test(size=size, notifications=True) as pilot:
        await shows(pilot, "xats :9100")
        await pilot.press(mode.digit)
        await until(pilot, lambda: isinstance(app.screen, ModeScreen) and app.screen.mode is mode)
        await settled(pilot)
        _assert_unbroken(pilot)
        for key in KEYS:
            await pilot.press(key)
            _assert_unbroken(pilot)
        for key in DIALOGS:
            await pilot.press(key)
            await pilot.pause(0.02)
            _assert_unbroken(pilot)
            while not isinstance(app.screen, ModeScreen):
                app.pop_screen()
                await pilot.pause()
    assert app.failure is None


def _assert_unbroken(pilot: Pilot[Any]) -> None:
    """Each line is as wide as the screen, holds nothing that a terminal obeys, and no click does what agents say."""
    for line in strips(pilot):
        assert line.cell_length == pilot.app.size.width
        assert not {character for character in line.text if unicodedata.category(character) in OBEYED}, line.text
        for segment in line:
            assert "app.quit" not in json.dumps(segment.style.meta if segment.style else {}, default=str)
