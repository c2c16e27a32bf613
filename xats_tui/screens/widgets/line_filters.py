"""What the lines of the screen go through before they are drawn, beside Textual's own filters."""

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter


class Styled(LineFilter):
    """Give every segment a style: Textual's filter for NO_COLOR fails on one that has none."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments, each with a style."""
        if all(segment.style for segment in segments):
            return segments
        return [Segment(text, style or Style.null(), control) for text, style, control in segments]


STYLED = Styled()
