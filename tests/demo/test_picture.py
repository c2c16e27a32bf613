"""Screens of the stand-ins, as read by the reader of the imitated program."""

import re

import pytest

from xats_tui.backend.panes import read_pane
from xats_tui.clients.dialogs import read_prompt
from xats_tui.core.model.panes import PaneReading, PaneState
from xats_tui.demo.picture import DemoQuestion, StandInScreen, draw

SIZES = pytest.mark.parametrize(("columns", "rows"), [(60, 20), (80, 24), (120, 36), (200, 60)])

ROW = re.compile(r"\x1b\[(\d+);1H(.*?)\x1b\[K", re.DOTALL)
CURSOR = re.compile(r"\x1b\[(\d+);(\d+)H\x1b\[\?25h")

TALK = ("●Registered as qa.", "❯[xats] 1 new message", "└xats - get_inbox", "●" + "a long answer " * 30) * 5

QUESTION = DemoQuestion(tool="Bash command", command="pytest -q", reason="Run the tests")


def shown(picture: StandInScreen, columns: int, rows: int) -> tuple[str, dict[str, int | str]]:
    """The screen after a picture was drawn, as tmux would tell it."""
    drawn = draw(picture, columns, rows)
    screen = dict(ROW.findall(drawn))
    assert len(screen) <= rows
    cursor = CURSOR.search(drawn)
    assert cursor
    formats: dict[str, int | str] = {"cursor_x": int(cursor[2]) - 1, "cursor_y": int(cursor[1]) - 1}
    formats |= {"pane_width": columns, "pane_current_command": "claude"}
    return "\n".join(screen[str(number + 1)] for number in range(len(screen))), formats


def reading(picture: StandInScreen, columns: int, rows: int) -> PaneReading:
    """Return the reading of a stand-in's screen."""
    return read_pane("claude-code", *shown(picture, columns, rows))


@SIZES
@pytest.mark.parametrize("transcript", [(), TALK])
def test_an_idle_stand_in_is_read_as_idle(transcript: tuple[str, ...], columns: int, rows: int) -> None:
    assert reading(StandInScreen(title="qa", transcript=transcript), columns, rows).state is PaneState.IDLE


@SIZES
def test_one_at_work_is_read_as_busy(columns: int, rows: int) -> None:
    for beat in range(6):
        picture = StandInScreen(title="qa", transcript=TALK, doing="Reading my mail", beat=beat)
        assert reading(picture, columns, rows).state is PaneState.BUSY


@SIZES
@pytest.mark.parametrize("draft", ["half a sentence", "[xats] 3 new messages from backend, qa: call get_inbox" * 3])
def test_a_draft_is_read_to_the_letter_however_it_wraps(draft: str, columns: int, rows: int) -> None:
    read = reading(StandInScreen(title="qa", transcript=TALK, draft=draft), columns, rows)

    assert read.state is PaneState.DRAFT
    assert "".join((read.composer or "").split()) == draft.replace(" ", "")


@SIZES
@pytest.mark.parametrize("chosen", [1, 2, 3])
def test_a_question_is_read_with_its_options(chosen: int, columns: int, rows: int) -> None:
    picture = StandInScreen(
        title="qa", transcript=TALK, question=DemoQuestion(tool="Bash", command="ls", reason="", chosen=chosen)
    )
    screen, formats = shown(picture, columns, rows)
    prompt = read_prompt("claude-code", screen, formats)

    assert read_pane("claude-code", screen, formats).state is PaneState.DIALOG
    assert tuple(option.label for option in prompt.options) == QUESTION.options
    assert (prompt.chosen, prompt.why_not) == (chosen, "")
