"""Concern: a single thing that needs a person, as the attention list shows it."""

from msgspec import Struct

from xats_tui.screens.modes.places import Mode
from xats_tui.screens.widgets.format import Tone


class Concern(Struct, frozen=True, kw_only=True):
    """A single item that needs the operator."""

    key: str
    """Key that stays the same as long as the concern exists."""
    shape: str
    tone: Tone
    subject: str
    reason: str
    mode: Mode | None = None
    """Mode that shows the cause; None if no mode does."""
    rows: tuple[str, ...] = ()
    """Keys of the causing rows in that mode; the first is the one to look at first."""
    remedy: str = ""
    """Id of the action that helps."""
    about: frozenset[str] = frozenset()
    """Facts besides its rows; a new one makes the concern worse."""
    weight: int = 0
    """Count behind it; a higher one makes the concern worse."""

    @property
    def facts(self) -> frozenset[str]:
        """All facts behind it."""
        return self.about.union(self.rows)

    @property
    def row(self) -> str:
        """Key of the cause to look at first."""
        return self.rows[0] if self.rows else ""
