"""Dark and light theme of the project, and the colours of tones in any theme."""

from collections.abc import Mapping

from rich.style import Style
from textual.color import Color
from textual.theme import Theme

from xats_tui.screens.widgets.format import Tone

MUTED_BLEND = 0.42
"""Share by which muted text fades into the background; contrast stays above 4.5 to 1 in the project's themes."""

DARK = Theme(
    name="xats-dark",
    primary="#6ea8fe",
    secondary="#8b98b0",
    accent="#7dcfff",
    success="#7fd88f",
    warning="#f2c14e",
    error="#ff6b6b",
    foreground="#d8dee9",
    background="#12151c",
    surface="#12151c",
    panel="#1d222d",
    dark=True,
    variables={"footer-key-foreground": "#7dcfff", "border": "#7dcfff", "border-blurred": "#3a4252"},
)

LIGHT = Theme(
    name="xats-light",
    primary="#1f5fbf",
    secondary="#5a6577",
    accent="#0b6e8f",
    success="#1d7a36",
    warning="#8f5a00",
    error="#b3261e",
    foreground="#1e2530",
    background="#fafbfc",
    surface="#fafbfc",
    panel="#e8ecf1",
    dark=False,
    variables={"footer-key-foreground": "#0b6e8f", "border": "#0b6e8f", "border-blurred": "#b8c0cc"},
)

CONTENT_STYLES: Mapping[Tone, str] = {
    Tone.PLAIN: "",
    Tone.STRONG: "bold",
    Tone.MUTED: "$foreground 60%",
    Tone.GOOD: "$success",
    Tone.WARN: "$warning",
    Tone.BAD: "$error",
    Tone.ACCENT: "$accent",
}
"""Tones as Textual styles, for everything but table cells."""


def cell_styles(variables: Mapping[str, str]) -> Mapping[Tone, Style]:
    """Return the tones as rich styles, for table cells, from the variables of the current theme."""

    def colour(name: str) -> Style:
        return Style(color=Color.parse(variables[name]).rich_color)

    return {
        Tone.PLAIN: Style(),
        Tone.STRONG: Style(bold=True),
        Tone.MUTED: _muted(variables),
        Tone.GOOD: colour("success"),
        Tone.WARN: colour("warning"),
        Tone.BAD: colour("error"),
        Tone.ACCENT: colour("accent"),
    }


def _muted(variables: Mapping[str, str]) -> Style:
    foreground, background = Color.parse(variables["foreground"]), Color.parse(variables["background"])
    # ANSI colours are the terminal's own: their values are unknown, so they cannot be blended.
    if foreground.ansi is not None or background.ansi is not None:
        return Style(dim=True)
    return Style(color=foreground.blend(background, MUTED_BLEND).rich_color)
