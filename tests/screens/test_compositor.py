"""Drawing of changed lines only: the terminal gets what a drawing of the whole screen would give it."""

from collections.abc import Iterator

import pytest
from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.strip import Strip

from tests.screens.looking import put, settled, shows
from tests.screens.sample.desk import desk
from tests.screens.sample.filled import FILLED
from xats_tui.app import XatsApp
from xats_tui.screens.modes import mode_screen
from xats_tui.screens.terminal.compositor import LineCompositor
from xats_tui.screens.widgets.frame import HeaderRow
from xats_tui.screens.widgets.tables import KeyedTable

KEYS = ("2", "down", "enter", "escape", "z", "3", "down", "7", "tab", "1", "tab", "down", "slash")


class Compared(LineCompositor):
    """The compositor, comparing each of its updates with a whole drawing by Textual's own."""

    updates = 0

    def render_partial_update(self) -> ChopsUpdate | None:
        update = super().render_partial_update()
        if update:
            type(self).updates += 1
            whole = [Strip.join(line.values()) for line in Compositor._render_chops(self, self.size.region, bool_of)]
            for y, x1, x2 in update.spans:
                for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=True):
                    if x < x2 and end > x1:
                        assert strip is not None, f"nothing is drawn at {x},{y}"
                        assert cells(strip) == cells(whole[y].crop(x, end)), f"line {y} from {x} to {end}"
        return update


def bool_of(_: int) -> bool:
    return True


def cells(strip: Strip) -> list[tuple[str, object]]:
    """Each character with its style."""
    return [(character, segment.style) for segment in strip for character in segment.text]


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Compared]]:
    monkeypatch.setattr(mode_screen, "LineCompositor", Compared)
    monkeypatch.setattr(Compared, "updates", 0)
    yield Compared
    assert Compared.updates > len(KEYS) // 2


@pytest.mark.slow
async def test_every_update_is_as_if_the_whole_screen_were_drawn(compared: type[Compared]) -> None:
    app = XatsApp(desk(FILLED))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "xats :9100")
        for key in KEYS:
            await pilot.press(key)
        await put(pilot, "qa")
        app.notify("in front of the lists")
        await settled(pilot)
    assert app.failure is None


async def test_a_change_in_the_header_draws_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    app, drawn = XatsApp(desk(FILLED)), list[Region]()
    async with app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "xats :9100")
        await settled(pilot)
        original = KeyedTable.render_lines

        def noted(table: KeyedTable, crop: Region) -> list[Strip]:
            drawn.append(crop)
            return original(table, crop)

        monkeypatch.setattr(KeyedTable, "render_lines", noted)
        compositor = app.screen._compositor
        compositor._dirty_regions.add(app.screen.query_one(HeaderRow).region)
        compositor._dirty_regions.add(Region(0, 39, 120, 1))
        assert compositor.render_partial_update()
        assert not drawn
