"""What the gates of an inbox say is true of their verdict."""

from datetime import timedelta

import pytest

from tests.screens.sample.clock import NOW, ago
from tests.screens.sample.panes import view
from xats_tui.backend.hook_reports import SCREEN_WINS_AFTER, HookReport
from xats_tui.backend.transports.inbox.gates import screen_gates
from xats_tui.core.model.panes import PaneState


@pytest.mark.parametrize(
    ("idle_for", "holds", "said"),
    [
        (timedelta(), False, "the program says busy: Bash"),
        (SCREEN_WINS_AFTER, True, "the program says busy: Bash; its screen has been idle since"),
    ],
)
def test_a_report_that_a_calm_screen_has_settled_does_not_read_like_a_closed_gate(
    idle_for: timedelta, holds: bool, said: str
) -> None:
    report = HookReport(state=PaneState.BUSY, detail="Bash", at=ago(hours=1))
    seen = view("%1", PaneState.IDLE, "empty composer", "> ", seconds=idle_for.total_seconds())

    *_, hooks = screen_gates(seen, report, (), NOW)

    assert (hooks.name, hooks.holds, hooks.detail) == ("hooks", holds, said)
