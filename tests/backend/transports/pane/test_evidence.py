"""Evidence for a submitted hint: a changed line is none."""

from datetime import UTC, datetime, timedelta

import pytest

from xats_tui.backend.hook_reports import HookReport
from xats_tui.backend.transports.pane.evidence import evidence_of
from xats_tui.core.model.panes import PaneLook, PaneReading, PaneRef, PaneState, PaneView
from xats_tui.core.model.pastes import Paste

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
PANE = PaneRef("", "%1")
HINT = "[xats] 1 new message from alice, bob: call get_inbox"
PASTE = Paste(pane=PANE, text=HINT, occupant="1/2", line_before="❯", pasted_at=NOW, entered_at=NOW, screen="", enters=1)

BEFORE = ("hello", "● hi", "", f"❯ {HINT}", "? for shortcuts")
CLEARED = "hello\n● hi\n\n❯ \n? for shortcuts"
IN_CONVERSATION = "the hint is in the conversation"
TURN = "a turn has begun"


def a_view(
    screen: str = CLEARED, state: PaneState = PaneState.IDLE, composer: str | None = "❯ ", after: float = 1
) -> PaneView:
    """A pane that has shown this since so many seconds after Enter."""
    at = NOW + timedelta(seconds=after)
    look = PaneLook(pane=PANE, at=at, formats={}, screen=screen)
    reading = PaneReading(state=state, reason="", composer=composer)
    return PaneView(look=look, reading=reading, unchanged_since=at, state_since=at)


def proof(
    view: PaneView, report: HookReport | None = None, prompt: str = "", before: tuple[str, ...] = BEFORE
) -> str | None:
    """Return the evidence for a submission."""
    return evidence_of(PASTE, before, view, report, prompt, timedelta(0))


@pytest.mark.parametrize(
    ("what", "view"),
    [
        ("the line was cleared", a_view()),
        ("a word was completed", a_view(f"hello\n● hi\n\n❯ {HINT} @src\n", PaneState.DRAFT, f"❯ {HINT} @src")),
        ("a letter was typed", a_view(f"hello\n● hi\n\n❯ u{HINT}\n", PaneState.DRAFT, f"❯ u{HINT}")),
        ("a dialog opened that quotes it", a_view(f"Send “{HINT}”?\n❯ 1. Yes", PaneState.DIALOG, None)),
        ("a dialog opened", a_view("Delete everything?\n❯ 1. Yes", PaneState.DIALOG, None)),
        ("nothing that is known is shown", a_view("loading", PaneState.UNKNOWN, None)),
        ("a turn began much later", a_view(state=PaneState.BUSY, after=60)),
        ("it works with the hint still in the line", a_view(f"❯ {HINT}", PaneState.BUSY, f"❯ {HINT}")),
        ("an older hint is in the conversation", a_view("hello\n● hi\n\n❯ \n? for shortcuts")),
    ],
)
def test_what_may_as_well_mean_something_else_is_no_proof(what: str, view: PaneView) -> None:
    assert proof(view) is None, what


def test_an_older_hint_that_was_there_before_is_no_proof() -> None:
    before = (f"❯ {HINT}", "● read", f"❯ {HINT}", "? for shortcuts")

    assert proof(a_view(f"❯ {HINT}\n● read\n❯ \n? for shortcuts"), before=before) is None
    assert proof(a_view(f"❯ {HINT}\n● read\n❯ {HINT}\n❯ \n? for shortcuts"), before=before) == IN_CONVERSATION


@pytest.mark.parametrize(
    "screen",
    [
        f"hello\n● hi\n❯ {HINT}\n\n❯ \n? for shortcuts",
        "hello\n● hi\n> [xats] 1 new message\n  from alice, bob: call\n  get_inbox\n\n❯ \n",
        "● hi\n┃  [xats] 1 new message from    \n┃  alice, bob: call get_inbox\n\n❯ \n",
    ],
)
def test_a_hint_in_the_conversation_is_proof_however_it_is_drawn(screen: str) -> None:
    assert proof(a_view(screen)) == IN_CONVERSATION


def test_a_turn_that_begins_is_proof_if_the_line_is_empty() -> None:
    assert proof(a_view(state=PaneState.BUSY)) == TURN
    assert proof(a_view(state=PaneState.BUSY, composer="")) == TURN


@pytest.mark.parametrize(("ago", "expected"), [(-1, TURN), (1, None), (-60, None)])
def test_the_programs_own_word_of_a_turn_counts_if_it_came_after_enter(ago: int, expected: str | None) -> None:
    report = HookReport(state=PaneState.BUSY, detail="UserPromptSubmit", at=NOW - timedelta(seconds=ago))

    assert proof(a_view(), report) == expected


def test_the_client_that_says_what_it_was_prompted_with_is_believed_whatever_is_shown() -> None:
    dialog = a_view("Allow get_inbox?", PaneState.DIALOG, None)

    assert proof(dialog, prompt=HINT) == "the client says that it was prompted with the hint"
    assert proof(dialog, prompt="something else") is None


def test_nothing_is_proof_before_enter_or_of_a_text_without_letters() -> None:
    unentered = Paste(pane=PANE, text=HINT, occupant="", line_before="❯", pasted_at=NOW, screen="")
    signs = Paste(pane=PANE, text="?!", occupant="", line_before="❯", pasted_at=NOW, entered_at=NOW, screen="")

    assert evidence_of(unentered, BEFORE, a_view(state=PaneState.BUSY), None, HINT, timedelta(0)) is None
    assert evidence_of(signs, BEFORE, a_view("anything\n❯ "), None, "anything", timedelta(0)) is None
