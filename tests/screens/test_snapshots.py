"""The Live mode and its dialogs as they look: compared with accepted pictures, at every size that has a layout."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.screens.looking import settled, shows, until
from tests.screens.sample import EMPTY, FILLED, FixedSource, FrozenClock
from xats_tui.app import XatsApp
from xats_tui.backend.events import Scope
from xats_tui.screens.mode_screen import ModeScreen
from xats_tui.screens.source import Picture

Compare = Callable[..., bool]

SIZES = ((80, 24), (120, 40), (160, 50))
SMALL, NORMAL, _ = SIZES

at_every_size = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


def screen(picture: Picture = FILLED) -> XatsApp:
    return XatsApp(FixedSource(picture), FrozenClock())


def after(*keys: str, words: str = "xats :9100") -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Press these keys once the data is there, then wait for words."""

    async def press(pilot: Pilot[Any]) -> None:
        await shows(pilot, "xats :9100")
        await settled(pilot)
        await pilot.press(*keys)
        await shows(pilot, words)
        await settled(pilot)

    return press


@at_every_size
def test_live_filled(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(screen(), terminal_size=size, run_before=after())


@at_every_size
def test_live_empty(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(screen(EMPTY), terminal_size=size, run_before=after())


@at_every_size
def test_live_stale(snap_compare: Compare, size: tuple[int, int]) -> None:
    source, clock = FixedSource(FILLED), FrozenClock()

    async def go_stale(pilot: Pilot[Any]) -> None:
        await shows(pilot, "xats :9100")
        source.failing = True
        clock.instant += timedelta(seconds=42)
        source.hear(frozenset({Scope.MESSAGES}))
        await shows(pilot, "42s old")
        assert isinstance(pilot.app.screen, ModeScreen)
        pilot.app.screen.draw()  # what the next tick would do
        await settled(pilot)

    assert snap_compare(XatsApp(source, clock), terminal_size=size, run_before=go_stale)


def test_live_light(snap_compare: Compare) -> None:
    async def change(pilot: Pilot[Any]) -> None:
        await after("ctrl+t")(pilot)
        await until(pilot, lambda: not pilot.app.current_theme.dark)
        await settled(pilot)

    assert snap_compare(screen(), terminal_size=NORMAL, run_before=change)


def test_live_without_tmux(snap_compare: Compare) -> None:
    app = XatsApp(FixedSource(EMPTY), FrozenClock(), tmux_missing=True)
    assert snap_compare(app, terminal_size=SMALL, run_before=after())


def test_live_in_a_terminal_that_is_too_small(snap_compare: Compare) -> None:
    async def wait(pilot: Pilot[Any]) -> None:
        await shows(pilot, "at least 80×24")

    assert snap_compare(screen(), terminal_size=(79, 24), run_before=wait)


def test_live_filtered(snap_compare: Compare) -> None:
    run_before = after("slash", "s", "h", "o", "p", "enter", words="enter open")
    assert snap_compare(screen(), terminal_size=NORMAL, run_before=run_before)


def test_live_zoomed(snap_compare: Compare) -> None:
    assert snap_compare(screen(), terminal_size=NORMAL, run_before=after("tab", "tab", "z", words="esc back"))


def test_the_deck_of_a_small_screen(snap_compare: Compare) -> None:
    assert snap_compare(screen(), terminal_size=SMALL, run_before=after("tab", "tab", "tab", words="next try"))


DETAILS = {
    "agent": (("down", "down", "enter"), "reached by"),
    "message": (("tab", "tab", "enter"), "subject"),
    "wake": (("tab", "tab", "tab", "down", "enter"), "#2"),
    "task": (("shift+tab", "shift+tab", "shift+tab", "enter"), "claimed"),
    "contract": (("shift+tab", "shift+tab", "enter"), "subscribers"),
    "help": (("question_mark",), "In Live"),
    "quit": (("ctrl+q",), "Cancel"),
    "palette": (("ctrl+p",), "zoom (z)"),
}


@pytest.mark.parametrize("size", (SMALL, NORMAL), ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("dialog", DETAILS)
def test_dialog(snap_compare: Compare, dialog: str, size: tuple[int, int]) -> None:
    keys, words = DETAILS[dialog]

    async def open_it(pilot: Pilot[Any]) -> None:
        await after(*keys, words=words)(pilot)
        for blinking in pilot.app.screen.query("Input"):
            blinking.cursor_blink = False  # type: ignore[attr-defined]
        await settled(pilot)

    assert snap_compare(screen(), terminal_size=size, run_before=open_it)
