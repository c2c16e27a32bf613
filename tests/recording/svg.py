"""Screens of a terminal, one after another, as one SVG that plays by itself.

The frames lie side by side and the picture moves from one to the next; a row that was seen before is drawn once and
used again.  It needs neither a script nor a font from elsewhere, so that it also plays as an image on a page.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from xml.sax.saxutils import escape

from rich.color import Color
from rich.terminal_theme import MONOKAI

from xats_tui.core.screen.ansi_grid import CellStyle, ScreenCell, ScreenLine, parse_screen

CELL, LEADING, SIZE = 8.0, 18.0, 13.2
"""Width and height of a cell and size of its letters, in units of the picture; a letter is 0.6 as wide as high."""

BASELINE = LEADING * 0.74
"""From the top of a row to the line that its letters stand on, which is the row's own zero."""

BAR, MARGIN = 30.0, 10.0
"""Height of the title bar, and room around the screen."""

FOREGROUND, BACKGROUND = "#d8dee9", "#12151c"

FONTS = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace"

BLOCKS = {
    "▔": (0.0, 0.0, 1.0, 0.125),
    "▁": (0.0, 0.875, 1.0, 0.125),
    "█": (0.0, 0.0, 1.0, 1.0),
    "▀": (0.0, 0.0, 1.0, 0.5),
    "▄": (0.0, 0.5, 1.0, 0.5),
    "▌": (0.0, 0.0, 0.5, 1.0),
    "─": (0.0, 0.48, 1.0, 0.06),
    "│": (0.45, 0.0, 0.12, 1.0),
}
"""Characters that are drawn as boxes, whatever the font: left, top, width and height as parts of their cell."""

WHOLE = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Frame:
    """One screen, and how long it is to be seen."""

    screen: str
    """As `capture-pane -p -e` prints it."""
    seconds: float


@dataclass(slots=True)
class _Drawing:
    """Each row and each colour that was used, by number."""

    rows: dict[tuple[ScreenCell, ...], int] = field(default_factory=dict)
    colours: dict[str, int] = field(default_factory=dict)

    def row(self, line: ScreenLine) -> int:
        """The number of a row that looks like this."""
        return self.rows.setdefault(line.cells, len(self.rows))

    def colour(self, colour: str) -> str:
        """The class of things in this colour; none for the one that they have anyway."""
        return "" if colour == FOREGROUND else f"c{self.colours.setdefault(colour, len(self.colours))}"

    def definitions(self) -> str:
        """Every row, to be used; what stands in several of them is drawn once, too."""
        rows = {number: list(_row(self, cells)) for cells, number in self.rows.items()}
        times = Counter(part for parts in rows.values() for part in parts)
        common = {part: f"p{number}" for number, (part, count) in enumerate(times.items()) if count > 1}
        drawn = [part.replace(" ", f' id="{name}" ', 1) for part, name in common.items()]
        for number, parts in rows.items():
            shown = (f'<use href="#{common[part]}"/>' if part in common else part for part in parts)
            drawn.append(f'<g id="r{number}">{"".join(shown)}</g>')
        return "".join(drawn)

    def style(self) -> str:
        """Every colour; asked for when all is drawn."""
        return "".join(f".c{number}{{fill:{colour}}}" for colour, number in self.colours.items())


def animated(frames: Sequence[Frame], columns: int, rows: int, title: str) -> str:
    """The SVG of these frames, which begins again after the last one."""
    drawing = _Drawing()
    wide, high = columns * CELL, rows * LEADING
    width, height = wide + 2 * MARGIN, high + BAR + MARGIN
    strip = "".join(
        f'<g transform="translate({number * wide:g} 0)">{_frame(drawing, frame.screen, rows)}</g>'
        for number, frame in enumerate(frames)
    )
    definitions = drawing.definitions()
    length = sum(frame.seconds for frame in frames)
    style = (
        f"text{{font:{SIZE}px {FONTS};white-space:pre}}text,rect{{fill:{FOREGROUND}}}"
        ".b{font-weight:bold}.d{opacity:.6}"
        f"#s{{animation:s {length:.2f}s step-end infinite}}@keyframes s{{{_steps(frames, wide)}}}{drawing.style()}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'xml:space="preserve"><title>{escape(title)}</title><style>{style}</style><defs>{definitions}</defs>'
        f'<rect width="{width:g}" height="{height:g}" rx="8" style="fill:{BACKGROUND}"/>'
        f'<circle cx="20" cy="15" r="5" fill="#ff5f57"/><circle cx="38" cy="15" r="5" fill="#febc2e"/>'
        f'<circle cx="56" cy="15" r="5" fill="#28c840"/>'
        f'<text x="{width / 2:g}" y="19" text-anchor="middle" opacity=".7">{escape(title)}</text>'
        f'<svg x="{MARGIN:g}" y="{BAR:g}" width="{wide:g}" height="{high:g}" viewBox="0 0 {wide:g} {high:g}">'
        f'<g id="s">{strip}</g></svg></svg>\n'
    )


def _steps(frames: Sequence[Frame], wide: float) -> str:
    length, passed, steps = sum(frame.seconds for frame in frames), 0.0, []
    for number, frame in enumerate(frames):
        steps.append(f"{passed / length:.3%}{{transform:translateX({-number * wide:g}px)}}")
        passed += frame.seconds
    return "".join(steps)


def _frame(drawing: _Drawing, screen: str, rows: int) -> str:
    lines = parse_screen(screen)[:rows]
    return "".join(
        f'<use href="#r{drawing.row(line)}" y="{number * LEADING + BASELINE:g}"/>'
        for number, line in enumerate(lines)
        if line.cells
    )


def _row(drawing: _Drawing, cells: Sequence[ScreenCell]) -> Iterator[str]:
    """The parts of one row: what lies behind the letters, then the letters."""
    for _, run in groupby(cells, lambda cell: _colours(cell.style)[1]):
        cells_of_run = list(run)
        behind = _colours(cells_of_run[0].style)[1]
        if behind != BACKGROUND:
            yield _box(cells_of_run, WHOLE, drawing.colour(behind))
    for _, run in groupby(cells, lambda cell: (cell.style, cell.text if cell.text in BLOCKS else "")):
        letters = list(run)
        colour = drawing.colour(_colours(letters[0].style)[0])
        if letters[0].text in BLOCKS:
            yield _box(letters, BLOCKS[letters[0].text], colour)
        else:
            yield from _words(letters, colour)


def _words(run: Sequence[ScreenCell], colour: str) -> Iterator[str]:
    """The letters of a run, without the wide gaps in it."""
    word: list[ScreenCell] = []
    for is_blank, part in groupby(run, lambda cell: cell.blank):
        cells = list(part)
        if not is_blank:
            word += cells
        elif len(cells) > 1 and word:
            yield _letters(word, colour)
            word = []
        elif word:
            word += cells
    if any(not cell.blank for cell in word):
        yield _letters(word, colour)


def _letters(run: Sequence[ScreenCell], colour: str) -> str:
    style, text = run[0].style, "".join(cell.text for cell in run)
    names = [colour] if colour else []
    names += [name for name, holds in (("b", style.bold), ("d", style.dim)) if holds]
    shape = f' class="{" ".join(names)}"' if names else ""
    length = f' textLength="{_cells(run) * CELL:g}"' if len(text) > 1 else ""
    return f'<text x="{run[0].column * CELL:g}"{length}{shape}>{escape(text)}</text>'


def _box(run: Sequence[ScreenCell], part: tuple[float, float, float, float], colour: str) -> str:
    left, top, width, height = part
    cells = _cells(run) if width == 1 else 1
    place = f'x="{(run[0].column + left) * CELL:g}" y="{top * LEADING - BASELINE:g}"'
    shape = f' class="{colour}"' if colour else ""
    return f'<rect {place} width="{cells * width * CELL:g}" height="{height * LEADING:g}"{shape}/>'


def _cells(run: Sequence[ScreenCell]) -> int:
    return sum(cell.width for cell in run)


def _colours(style: CellStyle) -> tuple[str, str]:
    """Of the letters, and of what lies behind them."""
    letters, behind = _hex(style.foreground) or FOREGROUND, _hex(style.background) or BACKGROUND
    return (behind, letters) if style.reverse else (letters, behind)


def _hex(sgr: str) -> str:
    """A colour as the reader of screens keeps it: `2;R;G;B`, `5;N`, `31`, `97`; empty for the terminal's own."""
    match [int(number) for number in sgr.split(";") if number]:
        case [2, red, green, blue]:
            return f"#{red:02x}{green:02x}{blue:02x}"
        case [5, number]:
            return Color.from_ansi(number).get_truecolor(MONOKAI).hex
        case [number]:
            return Color.from_ansi(number % 10 + (8 if number >= 90 else 0)).get_truecolor(MONOKAI).hex
    return ""
