"""The real program, whose first N screens cannot be drawn: `python -m tests.stand_ins.failing_screen N …`."""

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from xats_tui.__main__ import main
from xats_tui.backend.thread import CoordinatorThread
from xats_tui.core.model.panes import PaneRef
from xats_tui.dashboard import run
from xats_tui.screens.data.coordinator import CoordinatorSource
from xats_tui.screens.data.snapshot import Slice

failures = 0
"""Screens that are still to fail."""


class NonsenseSource(CoordinatorSource):
    """Serves nonsense, unless enough of its kind have done so."""

    def __init__(self, coordinator: CoordinatorThread) -> None:
        global failures
        super().__init__(coordinator)
        self._fails = failures > 0
        failures -= 1

    async def load(self, parts: Iterable[Slice], panes: Iterable[PaneRef]) -> Mapping[str, Any]:
        """Nonsense, or the picture."""
        return {"health": "nonsense"} if self._fails else await super().load(parts, panes)


if __name__ == "__main__":
    failures = int(sys.argv.pop(1))
    vars(run)["CoordinatorSource"] = NonsenseSource
    sys.exit(main())
