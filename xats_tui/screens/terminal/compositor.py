"""Compositor that draws only those lines of widgets that have changed and can be seen.

Textual's own draws all widgets between the topmost and the lowest change: a new clock in the header and a new key in
the footer redraw the whole screen, and with it the containers behind their contents.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

Span = tuple[int, int, int]
"""Line, first column, and the column after the last."""


class Stretch(NamedTuple):
    """Part of a line that one widget shows."""

    left: int
    right: int
    widget: Widget
    shown: Region
    """Visible part of the widget, on the screen."""
    inside: tuple[int, int]
    """Columns and lines of the widget that lie left of the visible part and above it."""


class LineCompositor(Compositor):
    """Compositor that knows for each line which widget shows in which columns."""

    def __init__(self) -> None:
        super().__init__()
        self._stretches: dict[int, tuple[Stretch, ...]] = {}
        """Stretches by line, from left to right; filled as lines are drawn."""
        self._stretched: list[list[int]] | None = None
        """The cuts that `_stretches` are made of; others mean another layout."""

    def clear(self) -> None:
        """Forget all widgets."""
        super().clear()
        self._stretches, self._stretched = {}, None

    def render_partial_update(self) -> ChopsUpdate | None:
        """Return the lines that have changed, or None if none has."""
        spans = list(self._regions_to_spans(self._dirty_regions))
        self._dirty_regions.clear()
        if not spans:
            return None
        chops = self._drawn(spans)
        ends = [[stretch.right for stretch in self._stretches.get(y, ())] for y in range(len(chops))]
        return ChopsUpdate(chops, spans, ends)

    def _render_chops(self, crop: Region, is_rendered_line: Callable[[int], bool]) -> Sequence[Mapping[int, Strip]]:
        """Return whole lines, without empty segments."""
        spans = [(y, crop.x, crop.right) for y in crop.line_range if is_rendered_line(y)]
        return [{x: _without_empty(strip) for x, strip in line.items() if strip} for line in self._drawn(spans)]

    def _drawn(self, spans: Iterable[Span]) -> list[dict[int, Strip | None]]:
        """Return for every line of the screen the strips in these spans by column; None outside of the spans."""
        chops: list[dict[int, Strip | None]] = [{} for _ in self.cuts]
        wanted: dict[Widget, list[tuple[int, Stretch]]] = {}
        for y, x1, x2 in spans:
            if y < len(chops):
                stretches = self._stretches_of(y)
                chops[y] = chops[y] or dict.fromkeys(stretch.left for stretch in stretches)
                for stretch in stretches:
                    if stretch.left < x2 and stretch.right > x1 and chops[y][stretch.left] is None:
                        wanted.setdefault(stretch.widget, []).append((y, stretch))
        for widget, places in wanted.items():
            for block in _blocks(places):
                first, shown, (before, above) = block[0][0], block[0][1].shown, block[0][1].inside
                height = block[-1][0] - first + 1
                strips = widget.render_lines(Region(before, first - shown.y + above, shown.width, height))
                for y, stretch in block:
                    chops[y][stretch.left] = strips[y - first].crop(stretch.left - shown.x, stretch.right - shown.x)
        return chops

    def _stretches_of(self, y: int) -> tuple[Stretch, ...]:
        if self._stretched is not self.cuts:
            self._stretches, self._stretched = {}, self.cuts
        if y not in self._stretches:
            self._stretches[y] = tuple(self._made_stretches(y))
        return self._stretches[y]

    def _made_stretches(self, y: int) -> Iterable[Stretch]:
        """Yield the stretches of a line; of several widgets in a place, the first one is in front."""
        here: list[tuple[Widget, Region, tuple[int, int]]] = []
        for widget, (region, clip) in self.visible_widgets.items():
            shown = region.intersection(clip)
            if shown.y <= y < shown.bottom and shown.width:
                here.append((widget, shown, (shown.x - region.x, shown.y - region.y)))
        current: Stretch | None = None
        for left, right in pairwise(self.cuts[y]):
            for widget, shown, inside in here:
                if shown.x <= left < shown.right:
                    if current and current.widget is widget:
                        current = current._replace(right=right)
                    else:
                        if current:
                            yield current
                        current = Stretch(left, right, widget, shown, inside)
                    break
        if current:
            yield current


def _blocks(places: Sequence[tuple[int, Stretch]]) -> Iterable[Sequence[tuple[int, Stretch]]]:
    """Yield the places by groups of lines that lie below each other."""
    begin = 0
    for index, ((y, _), (below, _)) in enumerate(pairwise(places), 1):
        if below > y + 1:
            yield places[begin:index]
            begin = index
    yield places[begin:]


def _without_empty(strip: Strip) -> Strip:
    filled = [segment for segment in strip if segment.text]
    return strip if len(filled) == len(strip) else Strip(filled, strip.cell_length)
