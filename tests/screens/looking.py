"""Looking at a screen under test: its text, and waiting until a claim about it holds."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from textual._compositor import LayoutUpdate
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.events import Paste
from textual.pilot import Pilot
from textual.strip import Strip
from textual.worker import WorkerState

PATIENCE = 1000
"""Looks before a claim is given up."""

APART = 0.01
"""Seconds between two looks.  `Pilot.pause` is not it: that has every widget of the screen answer, each time."""

STILL = 15
"""Looks in a row that see nothing new."""

LASTING = ("reloads", "verbs", "preparing")
"""Workers that last as long as the program, or as what they wait for does."""

slow = partial(pytest.param, marks=pytest.mark.slow)
"""A parameter for the long run of the tests only."""


async def until(pilot: Pilot[Any], claim: Callable[[], bool]) -> None:
    """Wait until the claim holds, ten seconds at the most."""
    for _ in range(PATIENCE):
        if claim():
            await pilot.pause()
            return
        await asyncio.sleep(APART)
    raise AssertionError(f"it never came to be; the screen shows:\n{text(pilot)}")


async def settled(pilot: Pilot[Any]) -> None:
    """Wait until nothing is being loaded and nothing was painted for a while: layout takes several frames."""
    seen, looks = -1, 0
    for _ in range(PATIENCE):
        now = paints(pilot)
        looks = looks + 1 if now == seen and not is_loading(pilot) else 0
        seen = now
        if looks == STILL:
            return
        await asyncio.sleep(APART)
    raise AssertionError(f"it does not come to rest; the screen shows:\n{text(pilot)}")


async def shows(pilot: Pilot[Any], words: str) -> None:
    """Wait until the screen shows these words."""
    looked_at = -1

    def claim() -> bool:
        nonlocal looked_at
        if (now := paints(pilot)) == looked_at:
            return False
        looked_at = now
        return words in text(pilot)

    await until(pilot, claim)


async def put(pilot: Pilot[Any], words: str) -> None:
    """Have words in the field that has the focus: all at once, as a paste does; each key takes its time."""
    pilot.app.post_message(Paste(words))
    await pilot.pause()


def feed(pilot: Pilot[Any], burst: str) -> None:
    """Let the terminal deliver these bytes at once."""
    driver = pilot.app._driver
    assert driver
    for event in XTermParser().feed(burst):
        driver.send_message(event)


def is_loading(pilot: Pilot[Any]) -> bool:
    """Return whether a requested detail is still being loaded."""
    unfinished = (WorkerState.PENDING, WorkerState.RUNNING)
    return any(worker.state in unfinished and worker.group not in LASTING for worker in pilot.app.workers)


_painted: WeakKeyDictionary[App[Any], int] = WeakKeyDictionary()


def paints(pilot: Pilot[Any]) -> int:
    """Count the paints since the first look; drawing everything for a comparison would cost more."""
    app = pilot.app
    if app not in _painted:
        _painted[app] = 0
        display = app._display

        def count(*arguments: Any) -> None:
            _painted[app] += 1
            display(*arguments)

        app._display = count  # type: ignore[method-assign, assignment]
    return _painted[app]


def text(pilot: Pilot[Any]) -> str:
    """Return the lines of the screen."""
    return "\n".join(strip.text for strip in strips(pilot))


def strips(pilot: Pilot[Any]) -> list[Strip]:
    """Return the screen's lines with styles, including the screen below a dialog."""
    app = pilot.app
    update = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens, simplify=True)
    assert isinstance(update, LayoutUpdate)
    return [Strip.join(line) for line in update.strips]
