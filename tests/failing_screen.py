"""`python -m tests.failing_screen N …`: the real program, whose first N screens are handed what no screen can draw."""

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from xats_tui import life
from xats_tui.__main__ import main
from xats_tui.backend.crossing import Coordinator
from xats_tui.backend.model.panes import PaneRef
from xats_tui.screens.coordinator_source import CoordinatorSource
from xats_tui.screens.source import Part

failures = 0
"""Screens that are still to fail."""


class NonsenseSource(CoordinatorSource):
    """Serves nonsense, unless enough of its kind have done so."""

    def __init__(self, coordinator: Coordinator) -> None:
        global failures
        super().__init__(coordinator)
        self._fails = failures > 0
        failures -= 1

    async def load(self, parts: Iterable[Part], panes: Iterable[PaneRef]) -> Mapping[str, Any]:
        """Nonsense, or the picture."""
        return {"health": "nonsense"} if self._fails else await super().load(parts, panes)


if __name__ == "__main__":
    failures = int(sys.argv.pop(1))
    vars(life)["CoordinatorSource"] = NonsenseSource
    sys.exit(main())
