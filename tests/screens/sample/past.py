"""The sample as a moment of the past, of which only what is stored is known."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from tests.screens.sample.clock import NOW
from tests.screens.sample.filled import FILLED
from tests.screens.sample.source import FixedSource
from xats_tui.core.model.activity import Moment
from xats_tui.core.model.client_states import PastFacts
from xats_tui.core.model.panes import PaneRef
from xats_tui.core.records import replace
from xats_tui.screens.data.snapshot import Slice, Snapshot
from xats_tui.screens.past.source import UNKNOWN
from xats_tui.screens.past.travel import Travel

THEN = Moment(number=7, at=NOW - timedelta(minutes=2), event_id=3)


class PastSample(FixedSource):
    """The sample as a moment of the past of which only the store's part is known."""

    async def load(self, parts: Iterable[Slice], panes: Iterable[PaneRef]) -> Mapping[str, Any]:
        """Return the slices, with the moment."""
        loaded = dict(await super().load(parts, panes))
        unknown = {**UNKNOWN, Slice.VIEWS: {}}
        return {**loaded, **{part.value: unknown[part] for part in parts if part in unknown}, "moment": THEN}


def past_sample() -> Snapshot:
    """The sample without what only memory held."""
    nothing: dict[str, Any] = {"pane": None, "told": None, "dialogs": (), "work": None, "called": None}
    roster = (replace(one, online=False, connected=False, past=PastFacts(), **nothing) for one in FILLED.roster)
    stream = tuple(message for message in FILLED.stream if message.sent_at <= THEN.at)
    return replace(FILLED, roster=tuple(roster), stream=stream)


def away() -> Travel:
    """The operator is in the past."""
    travel = Travel()
    travel.go(THEN, NOW - timedelta(hours=2))
    return travel
