"""How little is laid out, styled, painted and asked for a key: counts, not times."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from textual.events import Key
from textual.pilot import Pilot
from textual.screen import Screen

from tests.patience import PATIENCE
from tests.screens.looking import paints, settled, shows
from tests.screens.sample.desk import desk
from tests.screens.sample.filled import FILLED
from tests.screens.supervising import open_mode
from xats_tui.app import XatsApp
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.modes import mode_screen
from xats_tui.screens.modes.places import Mode


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine must not make two frames of one, nor draw anew because time has passed."""
    monkeypatch.setattr(mode_screen, "MAX_UNPAINTED_S", PATIENCE)
    monkeypatch.setattr(mode_screen, "LATE_AFTER_S", PATIENCE)


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


async def test_a_key_is_painted_once_and_lays_out_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with messages() as pilot:
        for key in ("down", "down"):
            before = paints(pilot)
            with counted(monkeypatch, Screen, "_refresh_layout") as layouts:
                await press(pilot, key)
            assert (paints(pilot) - before, len(layouts)) == (1, 0), key
