"""Every mode and dialog as it looks, compared with accepted pictures.

They are few, so that a new field redraws few: a mode at each size that has a layout of its own for it, and each kind of
dialog once.  `test_shown.py` reads what else is on the screen.
"""

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.screens.looking import settled, shows, slow
from tests.screens.sample.desk import desk
from tests.screens.sample.past import PastSample, away, past_sample
from tests.screens.sample.told import EDIT, TELLING
from tests.screens.sample.verbs import FixedVerbs
from tests.screens.states import DIALOGS, NORMAL, SMALL, WIDE, after, still
from xats_tui.app import XatsApp
from xats_tui.screens.modes.places import Mode

Compare = Callable[..., bool]

QUICK = {*((mode, NORMAL) for mode in Mode), (Mode.LIVE, SMALL), (Mode.TASKS, SMALL), (Mode.CONTRACTS, WIDE)}
"""Every mode once, and the sizes that are laid out most differently."""

LAYOUTS = [
    pytest.param(mode, size, id=f"{mode}-{size[0]}x{size[1]}", marks=[] if (mode, size) in QUICK else pytest.mark.slow)
    for size, modes in ((SMALL, Mode), (NORMAL, Mode), (WIDE, (Mode.AGENTS, Mode.TASKS, Mode.CONTRACTS)))
    for mode in modes
]

KINDS = ("answer", "compose", "force", "help", "launch", "menu", "poke", "quit", "task")
"""One of each kind of dialog."""

ASKING = ("answer", "force", "launch", "quit", "task")
"""Dialogs that ask before something happens, and the forms."""


@pytest.mark.parametrize(("mode", "size"), LAYOUTS)
def test_filled(snap_compare: Compare, mode: Mode, size: tuple[int, int]) -> None:
    assert snap_compare(XatsApp(desk()), terminal_size=size, run_before=after(mode.digit))


@pytest.mark.parametrize("size", [SMALL, NORMAL], ids=["80x24", "120x40"])
def test_past(snap_compare: Compare, size: tuple[int, int]) -> None:
    app = XatsApp(desk(PastSample(past_sample()), travel=away()))

    async def rest(pilot: Pilot[Any]) -> None:
        await shows(pilot, "PAST")
        await settled(pilot)

    assert snap_compare(app, terminal_size=size, run_before=rest)


@pytest.mark.parametrize("dialog", [*ASKING, *map(slow, [kind for kind in KINDS if kind not in ASKING])])
def test_dialog(snap_compare: Compare, dialog: str) -> None:
    keys, words = DIALOGS[dialog]

    async def open_it(pilot: Pilot[Any]) -> None:
        await after(*keys, words=words[0])(pilot)
        still(pilot)
        await settled(pilot)

    assert snap_compare(XatsApp(desk()), terminal_size=SMALL, run_before=open_it)


def test_told_dialog(snap_compare: Compare) -> None:
    keys, _ = DIALOGS["answer"]
    verbs = FixedVerbs()
    verbs.asked = EDIT

    async def open_it(pilot: Pilot[Any]) -> None:
        await after(*keys, words="wants to use Edit")(pilot)
        still(pilot)

    assert snap_compare(XatsApp(desk(TELLING, verbs=verbs)), terminal_size=SMALL, run_before=open_it)
