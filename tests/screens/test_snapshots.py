"""Every mode and dialog as it looks: compared with accepted pictures, at every size that has a layout."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from tests.screens.looking import settled, shows, slow, until
from tests.screens.sample import EMPTY, FILLED, FixedSource, FixedVerbs, FrozenClock, desk
from xats_tui.app import XatsApp
from xats_tui.core.events import Scope
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.modes.mode_screen import ModeScreen
from xats_tui.screens.modes.places import Mode

Compare = Callable[..., bool]

SIZES = ((80, 24), (120, 40), (160, 50))
SMALL, NORMAL, WIDE = SIZES


def at(*quick: tuple[int, int], late: Sequence[tuple[int, int]] = ()) -> pytest.MarkDecorator:
    """At these sizes; at the late ones in the long run of the tests only."""
    return pytest.mark.parametrize("size", [*quick, *map(slow, late)], ids=lambda size: f"{size[0]}x{size[1]}")


def screen(snapshot: Snapshot = FILLED) -> XatsApp:
    return XatsApp(desk(snapshot))


def after(*keys: str, words: str = "xats :9100") -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Press these keys once the data is there, then wait for words."""

    async def press(pilot: Pilot[Any]) -> None:
        await shows(pilot, "xats :9100")
        await settled(pilot)
        await pilot.press(*keys)
        await shows(pilot, words)
        await settled(pilot)

    return press


@at(SMALL, NORMAL, late=(WIDE,))
@pytest.mark.parametrize("mode", [slow(mode) if mode is Mode.WAKES else mode for mode in Mode])
def test_filled(snap_compare: Compare, mode: Mode, size: tuple[int, int]) -> None:
    assert snap_compare(screen(), terminal_size=size, run_before=after(mode.digit))


@pytest.mark.slow
@at(*SIZES)
@pytest.mark.parametrize("mode", Mode)
def test_empty(snap_compare: Compare, mode: Mode, size: tuple[int, int]) -> None:
    assert snap_compare(screen(EMPTY), terminal_size=size, run_before=after(mode.digit))


@pytest.mark.slow
@at(*SIZES)
@pytest.mark.parametrize("mode", Mode)
def test_stale(snap_compare: Compare, mode: Mode, size: tuple[int, int]) -> None:
    source, clock = FixedSource(FILLED), FrozenClock()

    async def go_stale(pilot: Pilot[Any]) -> None:
        await after(mode.digit)(pilot)
        source.failing = True
        clock.instant += timedelta(seconds=42)
        source.hear(frozenset({Scope.MESSAGES}))
        await shows(pilot, "42s old")
        assert isinstance(pilot.app.screen, ModeScreen)
        pilot.app.screen.draw()  # what the next tick would do
        await settled(pilot)

    assert snap_compare(XatsApp(desk(source, clock=clock)), terminal_size=size, run_before=go_stale)


INSIDE = {mode: (mode.digit, "down", "enter") for mode in list(Mode)[1:]}


@pytest.mark.slow
@pytest.mark.parametrize("mode", INSIDE)
def test_the_detail_takes_a_small_screen(snap_compare: Compare, mode: Mode) -> None:
    assert snap_compare(screen(), terminal_size=SMALL, run_before=after(*INSIDE[mode], words="esc back"))


LISTS = {
    "marked": (("4", "down", "space", "space"), "2 marked"),
    "sorted": (("4", "s", "S"), "state▼"),
    "filtered": (("3", "slash", *"@qa", "enter"), "/@qa: 3 of 9"),
    "paused": (("2", "P"), "paused"),
    "zoomed": (("6", "enter", "z"), "esc back"),
    "typing-a-filter": (("5", "slash", *"do"), "/do: "),
    "typing-a-command": (("colon", *"wak"), " : wakes"),
    "an-inbox": (("3", "i"), "My inbox 1 unread"),
    "a-thread": (("3", "enter"), "Thread frontend"),
}


@pytest.mark.slow
@at(SMALL, NORMAL)
@pytest.mark.parametrize("state", LISTS)
def test_list(snap_compare: Compare, state: str, size: tuple[int, int]) -> None:
    keys, words = LISTS[state]

    async def press(pilot: Pilot[Any]) -> None:
        await after(*keys, words=words)(pilot)
        still(pilot)
        await settled(pilot)

    assert snap_compare(screen(), terminal_size=size, run_before=press)


def test_read_only(snap_compare: Compare) -> None:
    app = XatsApp(desk(verbs=FixedVerbs(read_only=True)))
    assert snap_compare(app, terminal_size=NORMAL, run_before=after("4"))


def test_live_light(snap_compare: Compare) -> None:
    async def change(pilot: Pilot[Any]) -> None:
        await after("ctrl+t")(pilot)
        await until(pilot, lambda: not pilot.app.current_theme.dark)
        await settled(pilot)

    assert snap_compare(screen(), terminal_size=NORMAL, run_before=change)


def test_live_without_tmux(snap_compare: Compare) -> None:
    app = XatsApp(desk(EMPTY, tmux_missing=True))
    assert snap_compare(app, terminal_size=SMALL, run_before=after())


def test_live_in_a_terminal_that_is_too_small(snap_compare: Compare) -> None:
    async def wait(pilot: Pilot[Any]) -> None:
        await shows(pilot, "at least 80×24")

    assert snap_compare(screen(), terminal_size=(79, 24), run_before=wait)


@pytest.mark.slow
def test_live_filtered(snap_compare: Compare) -> None:
    run_before = after("slash", "s", "h", "o", "p", "enter", words="enter open")
    assert snap_compare(screen(), terminal_size=NORMAL, run_before=run_before)


@pytest.mark.slow
def test_live_zoomed(snap_compare: Compare) -> None:
    assert snap_compare(screen(), terminal_size=NORMAL, run_before=after("tab", "tab", "z", words="esc back"))


@pytest.mark.slow
def test_the_deck_of_a_small_screen(snap_compare: Compare) -> None:
    assert snap_compare(screen(), terminal_size=SMALL, run_before=after("tab", "tab", "tab", words="next try"))


DIALOGS = {
    "help": (("question_mark",), "In Live"),
    "quit": (("ctrl+q",), "Cancel"),
    "palette": (("ctrl+p",), "replay (r)"),
    "menu": (("4", "full_stop"), "type to filter"),
    "poke": (("2", "p"), "enter do it"),
    "rest": (("2", "d"), "an hour"),
    "answer": (("2", "down", "down", "a"), "enter choose"),
    "answer-sure": (("2", "down", "down", "a", "3"), "Send it"),
    "remove": (("2", "x"), "Remove it"),
    "force": (("4", "f"), "half a line"),
    "launch": (("2", "down", "down", "n", *"qa2"), "ctrl+s launch"),
    "task": (("5", "e"), "ctrl+s save"),
    "reassign": (("5", "R"), "owns it already"),
    "cancel-task": (("5", "x"), "Take it off"),
    "cancel": (("4", "down", "space", "space", "c"), "End them"),
    "compose": (("3", "m", *"hello"), "5 of 262,144 bytes"),
    "reply": (("3", "i", "r"), "planner wrote"),
    "broadcast": (("3", "i", "m", *"team:docs", "tab", "tab", "tab", "x", "ctrl+s"), "Send to 2 agents?"),
}


QUICK = ("quit", "answer-sure", "force", "launch", "task", "broadcast")
"""Those that ask before something happens, and the forms."""


@at(SMALL, late=(NORMAL, WIDE))
@pytest.mark.parametrize("dialog", [dialog if dialog in QUICK else slow(dialog) for dialog in DIALOGS])
def test_dialog(snap_compare: Compare, dialog: str, size: tuple[int, int]) -> None:
    keys, words = DIALOGS[dialog]

    async def open_it(pilot: Pilot[Any]) -> None:
        await after(*keys, words=words)(pilot)
        still(pilot)
        await settled(pilot)

    assert snap_compare(screen(), terminal_size=size, run_before=open_it)


def still(pilot: Pilot[Any]) -> None:
    """No cursor blinks in a picture."""
    for screen in pilot.app.screen_stack:
        for blinking in (*screen.query(Input), *screen.query(TextArea)):
            blinking.cursor_blink = False
