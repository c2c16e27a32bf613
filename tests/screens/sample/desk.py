"""What a screen under test stands on."""

from typing import Any

from tests.screens.sample.clock import FrozenClock
from tests.screens.sample.filled import FILLED
from tests.screens.sample.source import FixedSource
from tests.screens.sample.verbs import FixedVerbs
from xats_tui.core.clock import Clock
from xats_tui.screens.data.desk import ModeContext
from xats_tui.screens.data.snapshot import Snapshot, SnapshotSource


def desk(snapshot: Snapshot | SnapshotSource = FILLED, *, clock: Clock | None = None, **fields: Any) -> ModeContext:
    """A desk at which this picture is shown, at the frozen instant; `fields` are those of a `ModeContext`."""
    source = FixedSource(snapshot) if isinstance(snapshot, Snapshot) else snapshot
    return ModeContext(**{"source": source, "verbs": FixedVerbs(), "clock": clock or FrozenClock(), **fields})
