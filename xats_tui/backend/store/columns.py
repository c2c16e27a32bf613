"""How values lie in the columns that several nouns share: instants as text, empty ones as NULL."""

from datetime import datetime

from xats_tui.backend.clock import from_wire, to_wire


def instant(text: str | None) -> datetime | None:
    """The instant in a column that may be NULL."""
    return from_wire(text) if text is not None else None


def column(moment: datetime | None) -> str | None:
    """The column's value for an instant that may be missing."""
    return to_wire(moment) if moment is not None else None
