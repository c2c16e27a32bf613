"""Strip with the rates of the last hour: a sparkline for each series, with its newest minute and its sum."""

from collections.abc import Iterator

from textual import getters
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Sparkline, Static

from xats_tui.core.model.health import Rates
from xats_tui.screens.widgets.format import NOTHING, Tone
from xats_tui.screens.widgets.panels import entitle
from xats_tui.screens.widgets.theme import CONTENT_STYLES

SERIES = ("messages", "submitted", "failed")
"""Fields of `Rates` that are drawn."""


class Series(Horizontal):
    """One line: name, sparkline, figures."""

    spark = getters.query_one(Sparkline)
    figures = getters.query_one(".figures", Static)

    def __init__(self, name: str) -> None:
        super().__init__(id=f"rate-{name}", classes="series")
        self._title = name

    def compose(self) -> ComposeResult:
        """Yield the three parts."""
        yield Static(Content.styled(self._title, CONTENT_STYLES[Tone.MUTED]), classes="name")
        yield Sparkline()
        yield Static(classes="figures")

    def show(self, minutes: tuple[int, ...]) -> None:
        """Show the counts of each minute, oldest first."""
        self.spark.data = minutes
        tone = Tone.BAD if self._title == "failed" and any(minutes) else Tone.PLAIN
        told = f"{minutes[-1]} this minute · {sum(minutes):,} in 60 min"
        self.figures.update(Content.styled(told, CONTENT_STYLES[tone]))

    def clear(self) -> None:
        """Show nothing."""
        self.spark.data = None
        self.figures.update()


class RatesStrip(Vertical, can_focus=False):
    """The sparklines; titled with the time until messages are read, and the calls a second."""

    def __init__(self) -> None:
        super().__init__(id="rates", classes="panel")
        self._shown: Rates | None = None

    def compose(self) -> ComposeResult:
        """Yield a line for each series."""
        yield from map(Series, SERIES)

    def show(self, rates: Rates | None) -> None:
        """Show these rates, unless they are shown already; None if they are unknown."""
        if rates == self._shown:
            return
        self._shown = rates
        if rates is None:
            for line in self.query(Series):
                line.clear()
            entitle(self, Content.styled("Rates of the last hour", "bold"), Content("unknown"))
            return
        for line in self.query(Series):
            line.show(getattr(rates, str(line.id).removeprefix("rate-")))
        entitle(self, Content.styled("Rates of the last hour", "bold"), Content(" · ".join(_figures(rates))))


def _figures(rates: Rates) -> Iterator[str]:
    middle, late = map(_seconds, rates.until_read) if rates.until_read else (NOTHING, NOTHING)
    yield f"queued → read p50 {middle} p95 {late}"
    if rates.calls_per_second is not None:
        yield f"{rates.calls_per_second:.1f} calls/s"


def _seconds(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f}s" if seconds < 10 else f"{seconds:.0f}s"
    return f"{seconds / 60:.0f}m" if seconds < 7200 else f"{seconds / 3600:.0f}h"
