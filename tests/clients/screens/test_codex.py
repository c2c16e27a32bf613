"""Codex's screen where no capture shows it: answers that imitate the line that it shows while it works."""

import pytest

from xats_tui.backend.panes import read_pane
from xats_tui.core.model.panes import PaneState

INPUT = "\x1b[1m›\x1b[0m \x1b[2mAsk Codex to do anything\x1b[0m"
FOOTER = "  gpt-5 default · ~/proj\n  ← for agents · ? for shortcuts\n"
FORMATS = {"cursor_x": 2, "cursor_y": 3, "cursor_flag": 1, "pane_width": 80, "pane_title": "proj"}

AT_WORK = "\x1b[2m◦\x1b[0m \x1b[2mWorking\x1b[0m \x1b[2m(4s • \x1b[0;1mesc\x1b[0;2m to interrupt)\x1b[0m"
ANSWER = "\x1b[2m• \x1b[0mWorking (4s • esc to interrupt)"
TOOL_OUTPUT = "    \x1b[2m• Working (4s • esc to interrupt)\x1b[0m"


@pytest.mark.parametrize(
    ("above", "state"), [(AT_WORK, PaneState.BUSY), (ANSWER, PaneState.IDLE), (TOOL_OUTPUT, PaneState.IDLE)]
)
def test_only_the_programs_own_line_says_that_it_works(above: str, state: PaneState) -> None:
    assert read_pane("codex", f"{above}\n\n\n{INPUT}\n\n{FOOTER}", FORMATS).state is state
