"""Terminals that show no colours, few, or no dim text: every mode and dialog goes through Textual's line filters."""

from typing import Any

import pytest
from textual import constants
from textual.filter import DimFilter, LineFilter, Monochrome, NoColor
from textual.pilot import Pilot

from tests.screens.looking import settled, shows, slow, strips
from tests.screens.sample.desk import desk
from tests.screens.sample.filled import EMPTY, FILLED
from tests.screens.states import DIALOGS, INSIDE, LISTS, SMALL, into
from xats_tui.app import XatsApp
from xats_tui.core.records import replace
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.modes.places import Mode

DIM_SCREEN = "\x1b[2mdim and of no colour\x1b[0m \x1b[2;31mdim red\x1b[0m \x1b[7mreverse\x1b[0m\n\n\x1b[39;49mdefault"

PREVIEWED = replace(
    FILLED,
    views={name: replace(view, look=replace(view.look, screen=DIM_SCREEN)) for name, view in FILLED.views.items()},
)
"""Each pane shows text that has attributes and no colours."""

FILTERS: dict[str, type[LineFilter]] = {"no colours": Monochrome, "ansi, no colours": NoColor, "no dim text": DimFilter}


def filtered(name: str, monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot = PREVIEWED) -> XatsApp:
    """The dashboard in an environment in which Textual uses this filter."""
    if name == "no dim text":
        monkeypatch.setattr(constants, "FILTERS", "dim")  # TEXTUAL_FILTERS, which Textual reads when it is imported
    else:
        monkeypatch.setenv("NO_COLOR", "1")
    if name.startswith("ansi"):
        monkeypatch.setattr(XatsApp, "native_ansi_color", property(lambda app: True))
    app = XatsApp(desk(snapshot))
    assert FILTERS[name] in map(type, app.get_line_filters())
    return app


async def walk(pilot: Pilot[Any], *keys: str) -> None:
    """Press keys, and see to it that all of the screen is drawn."""
    await pilot.press(*keys)
    await settled(pilot)
    assert strips(pilot)


@pytest.mark.slow
@pytest.mark.parametrize("snapshot", [PREVIEWED, slow(EMPTY)], ids=["filled", "empty"])
@pytest.mark.parametrize("name", ["no colours", *map(slow, list(FILTERS)[1:])])
async def test_every_mode_is_drawn(name: str, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    app = filtered(name, monkeypatch, snapshot)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await shows(pilot, "xats :9100")
        for mode in Mode:
            await walk(pilot, mode.digit)
    assert app.failure is None


STATES = {name: state.keys for name, state in (LISTS | DIALOGS).items()} | {mode.name: into(mode) for mode in INSIDE}


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("state", [state if state in ("answer", "palette") else slow(state) for state in STATES])
@pytest.mark.parametrize("name", ["no colours", *map(slow, list(FILTERS)[1:])])
async def test_every_dialog_and_state_is_drawn(name: str, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    app = filtered(name, monkeypatch)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await shows(pilot, "xats :9100")
        await walk(pilot, *STATES[state])
        await walk(pilot, "ctrl+t")  # the light theme
    assert app.failure is None


async def test_without_colours_no_cell_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    app = filtered("no colours", monkeypatch)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await shows(pilot, "xats :9100")
        await settled(pilot)
        colours = {
            colour.triplet
            for strip in strips(pilot)
            for segment in strip
            if segment.style
            for colour in (segment.style.color, segment.style.bgcolor)
            if colour and colour.triplet
        }
    assert colours
    assert all(red == green == blue for red, green, blue in colours)
