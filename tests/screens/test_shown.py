"""The words of the screens in states of which there is no picture: empty, stale, filtered, small, with a dialog."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.screens.looking import settled, shows, slow, strips, text, until
from tests.screens.sample.clock import FrozenClock
from tests.screens.sample.desk import desk
from tests.screens.sample.filled import EMPTY, FILLED
from tests.screens.sample.source import FixedSource
from tests.screens.states import DIALOGS, INSIDE, LISTS, NORMAL, SIZES, SMALL, after, into, missing
from xats_tui.app import XatsApp
from xats_tui.core.events import Scope
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.modes.mode_screen import ModeScreen
from xats_tui.screens.modes.places import Mode

STATES = LISTS | DIALOGS

at_every_size = pytest.mark.parametrize("size", [slow(size) if size != SMALL else size for size in SIZES], ids=str)

NOTHING = {
    Mode.LIVE: ("all is well: nothing needs you", "Agents 0", "No agent yet.", "No message yet."),
    Mode.AGENTS: ("Agents 0", "No agent yet.  Run `xats-tui setup`"),
    Mode.MESSAGES: ("No message yet.  Agents write with send_message",),
    Mode.WAKES: ("No wake yet.",),
    Mode.TASKS: ("No task yet.  n adds one", "No task is pending.", "No task is in progress."),
    Mode.CONTRACTS: ("Contracts 0", "No contract yet."),
    Mode.ACTIVITY: ("Activity 0", "Nothing has happened yet."),
}
"""By mode, what it says while there is nothing to list; the board of tasks has a sentence for each column."""

KEPT = {
    Mode.LIVE: "Attention 7",
    Mode.AGENTS: "Agents 7",
    Mode.MESSAGES: "8 unread",
    Mode.WAKES: "2 waiting · 1 failed",
    Mode.TASKS: "cart totals",
    Mode.CONTRACTS: "Contracts 3",
    Mode.ACTIVITY: "Activity 11",
}
"""By mode, what a stale screen goes on to say."""


@asynccontextmanager
async def shown(
    *keys: str, words: str = "xats :9100", size: tuple[int, int] = SMALL, picture: Snapshot = FILLED, **fields: Any
) -> AsyncIterator[Pilot[Any]]:
    """The screen of the sample after these keys, when it has come to rest."""
    async with XatsApp(desk(picture, **fields)).run_test(size=size, notifications=True) as pilot:
        await after(*keys, words=words)(pilot)
        yield pilot


@pytest.mark.parametrize("mode", [Mode.LIVE, *map(slow, list(Mode)[1:])])
@at_every_size
async def test_an_empty_mode_says_how_it_is_filled(mode: Mode, size: tuple[int, int]) -> None:
    words = NOTHING[mode]
    if mode is Mode.TASKS:
        words = words[:1] if size == SMALL else words[1:]
    async with shown(mode.digit, size=size, picture=EMPTY) as pilot:
        assert not missing(pilot, ("no agents", "up 3s", words[0]))
        joined = " ".join(text(pilot).replace("│", " ").split())
        assert all(" ".join(each.split()) in joined for each in words), text(pilot)


@pytest.mark.parametrize("mode", [Mode.WAKES, *(slow(mode) for mode in Mode if mode is not Mode.WAKES)])
@at_every_size
async def test_a_stale_mode_keeps_what_it_has_and_says_how_old_it_is(mode: Mode, size: tuple[int, int]) -> None:
    source, clock = FixedSource(FILLED), FrozenClock()
    async with XatsApp(desk(source, clock=clock)).run_test(size=size) as pilot:
        await after(mode.digit)(pilot)
        source.failing = True
        clock.instant += timedelta(seconds=42)
        source.hear(frozenset({Scope.MESSAGES}))
        await shows(pilot, "42s old")
        assert isinstance(pilot.app.screen, ModeScreen)
        pilot.app.screen.draw()  # as the next tick would
        await settled(pilot)
        assert not missing(pilot, (KEPT[mode], "⚠ data 42s old" if size != SMALL else "⚠ 42s old", "14:04:04"))


@pytest.mark.parametrize("mode", [Mode.AGENTS, *map(slow, list(INSIDE)[1:])])
async def test_the_detail_takes_a_small_screen(mode: Mode) -> None:
    async with shown(*into(mode), words="esc back") as pilot:
        assert not missing(pilot, INSIDE[mode]), text(pilot)
        assert KEPT[mode] not in text(pilot)


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    "state", ["marked", "reassign", *(slow(name) for name in STATES if name not in ("marked", "reassign"))]
)
@at_every_size
async def test_a_state_shows_its_words(state: str, size: tuple[int, int]) -> None:
    keys, words = STATES[state]
    async with shown(*keys, words=words[0], size=size) as pilot:
        assert not missing(pilot, words), text(pilot)


@pytest.mark.slow
async def test_a_light_theme_writes_dark_on_light() -> None:
    async with shown("ctrl+t", size=NORMAL) as pilot:
        await until(pilot, lambda: not pilot.app.current_theme.dark)
        await settled(pilot)
        styles = [segment.style for strip in strips(pilot) for segment in strip if segment.text.strip()]
        plain = [style for style in styles if style and style.color and style.bgcolor]
        lighter = [lightness(style.bgcolor) > lightness(style.color) for style in plain]
        assert sum(lighter) > 0.9 * len(lighter)


def lightness(colour: Any) -> int:
    return sum(colour.get_truecolor())


async def test_without_tmux_the_live_mode_says_so_first() -> None:
    async with shown(picture=EMPTY, tmux_missing=True) as pilot:
        assert not missing(pilot, ("Attention 1", "✕ tmux", "tmux is not installed: messages arrive"))


@pytest.mark.slow
async def test_a_zoomed_panel_of_the_live_mode_is_alone() -> None:
    async with shown("tab", "tab", "z", words="esc back", size=NORMAL) as pilot:
        assert not missing(pilot, ("Stream 8 unread", "Staging is up.", "planner → all of shop (4)"))
        assert "Agents 7" not in text(pilot)
        assert "Attention 7" not in text(pilot)


async def test_the_panels_of_the_live_mode_take_turns_on_a_small_screen() -> None:
    async with shown("tab", "tab", "tab", words="next try") as pilot:
        assert not missing(
            pilot, ("Pane  Stream  Wakes  Tasks  Contracts  tab", "Wakes 2 waiting · 1 failed", "Agents 7")
        )
        assert "Stream 8 unread" not in text(pilot)
