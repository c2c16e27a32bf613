"""Looking at a screen under test: its text, and waiting until a claim about it holds."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from textual._compositor import LayoutUpdate
from textual.pilot import Pilot
from textual.strip import Strip

PATIENCE = 400
"""Looks, 10 ms apart, before a claim is given up."""

STILL = 10
"""Looks in a row that see the same."""

slow = partial(pytest.param, marks=pytest.mark.slow)
"""A parameter for the long run of the tests only."""


async def until(pilot: Pilot[Any], claim: Callable[[], bool]) -> None:
    """Wait until the claim holds, four seconds at the most."""
    for _ in range(PATIENCE):
        if claim():
            await pilot.pause()
            return
        await pilot.pause(0.01)
    raise AssertionError(f"it never came to be; the screen shows:\n{text(pilot)}")


async def settled(pilot: Pilot[Any]) -> None:
    """Wait until the screen has stayed the same for a tenth of a second: layout takes several frames."""
    seen: list[Strip] = []
    looks = 0
    for _ in range(PATIENCE):
        now = strips(pilot)
        seen, looks = now, looks + 1 if now == seen else 0
        if looks == STILL:
            return
        await pilot.pause(0.01)
    raise AssertionError(f"it does not come to rest; the screen shows:\n{text(pilot)}")


async def shows(pilot: Pilot[Any], words: str) -> None:
    """Wait until the screen shows these words."""
    await until(pilot, lambda: words in text(pilot))


def text(pilot: Pilot[Any]) -> str:
    """What is on the screen, line by line."""
    return "\n".join(strip.text for strip in strips(pilot))


def strips(pilot: Pilot[Any]) -> list[Strip]:
    """What is on the screen with its styles, also what lies under a dialog."""
    app = pilot.app
    update = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens, simplify=True)
    assert isinstance(update, LayoutUpdate)
    return [Strip.join(line) for line in update.strips]
