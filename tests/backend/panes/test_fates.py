"""Only a prompt that is gone or has given way to another one has been answered."""

import pytest

from xats_tui.backend.panes.fates import Fate, fate_of
from xats_tui.clients.dialogs import NOT_KNOWN
from xats_tui.core.model.panes import Option, PaneState, Prompt
from xats_tui.core.records import replace
from xats_tui.core.screen.options import EDITING

ASKED = Prompt(
    text="Bash command\ntouch x",
    options=(Option(number=1, label="Yes"), Option(number=2, label="No")),
    chosen=1,
    question="Bash command · touch x",
)
AMENDED = replace(ASKED, options=(), text="Bash command\ntouch x\n1. Yes, 2", why_not=EDITING)
RELABELLED = replace(ASKED, options=(Option(number=1, label="Yes, 2"), Option(number=2, label="No")))
HALF_DRAWN = Prompt(text="Bash command", options=(), why_not=NOT_KNOWN)
NEXT = replace(ASKED, question="Bash command · rm x")


@pytest.mark.parametrize(
    ("state", "now", "fate"),
    [
        (PaneState.DIALOG, ASKED, Fate.STAYS),
        (PaneState.DIALOG, replace(ASKED, chosen=2), Fate.STAYS),
        (PaneState.DIALOG, RELABELLED, Fate.STAYS),
        (PaneState.DIALOG, AMENDED, Fate.EDITED),
        (PaneState.DIALOG, NEXT, Fate.ANOTHER),
        (PaneState.DIALOG, HALF_DRAWN, Fate.MISSING),
        (PaneState.UNKNOWN, None, Fate.MISSING),
        (PaneState.COPY_MODE, None, Fate.HIDDEN),
        (PaneState.TMUX_MODE, None, Fate.HIDDEN),
        (PaneState.IDLE, None, Fate.GONE),
        (PaneState.BUSY, None, Fate.GONE),
        (PaneState.DRAFT, None, Fate.GONE),
        (PaneState.SHELL, None, Fate.GONE),
    ],
)
def test_what_a_look_tells_of_a_prompt(state: PaneState, now: Prompt | None, fate: Fate) -> None:
    assert fate_of(ASKED, state, now) is fate
