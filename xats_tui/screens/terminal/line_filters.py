"""Line filters that run before Textual's own."""

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter


class Styled(LineFilter):
    """Gives every segment a style."""

    # Textual's filter for NO_COLOR fails on a segment without a style.

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments, each with a style."""
        if all(segment.style for segment in segments):
            return segments
        return [Segment(text, style or Style.null(), control) for text, style, control in segments]


STYLED = Styled()
