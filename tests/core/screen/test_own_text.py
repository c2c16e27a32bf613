"""Our own hint in an input line: recognised however a program draws it, and told from what a person types."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xats_tui.backend.services.wakes.policy import hint
from xats_tui.core.model.panes import OwnText, PaneRef
from xats_tui.core.model.pastes import Paste
from xats_tui.core.records import replace
from xats_tui.core.screen.own_text import holds, own_text

HINT = "[xats] 1 new message from alice: call get_inbox"

PASTE = Paste(
    pane=PaneRef("", "%1"),
    text=HINT,
    occupant="1/2",
    line_before="",
    pasted_at=datetime(2026, 1, 1, tzinfo=UTC),
    screen="",
)
PROMPTED = replace(PASTE, line_before="bob>")

ALONE, MIXED, PIECE = OwnText.ALONE, OwnText.MIXED, OwnText.PIECE


@pytest.mark.parametrize(
    ("composer", "expected"),
    [
        (HINT, ALONE),
        (f"  {HINT}  ", ALONE),
        ("[xats] 1 new message\nfrom alice: call\n  get_inbox", ALONE),
        ("│ [xats] 1 new message from │\n│ alice: call get_inbox      │", ALONE),
        (HINT + "\N{ZERO WIDTH SPACE}", ALONE),
        (HINT + HINT, ALONE),
        (HINT + "[xats] 12 new messages from bob, qa and 3 more: call mcp__xats__get_inbox", MIXED),
        ("", None),
        (None, None),
        ("half a thought", None),
        ("[", None),
        (f"half a thought {HINT}", MIXED),
        (f"u{HINT}", MIXED),
        (f"{HINT} @src/completed.py", MIXED),
        ("[xats] 1 new mesUPSsage from alice: call get_inbox", MIXED),
        ("age from alice: call get_inbox", MIXED),
        ("[xats] 1 new mess", PIECE),
        ("[xats] 1 new mess and more", MIXED),
    ],
)
def test_a_hint_is_known_whole_repeated_wrapped_and_inside_a_draft(
    composer: str | None, expected: OwnText | None
) -> None:
    assert own_text(composer, PASTE) is expected


@pytest.mark.parametrize(
    ("composer", "expected"),
    [
        (f"bob> {HINT}", ALONE),
        (f"bob> {HINT}{HINT}", ALONE),
        ("bob> ", None),
        ("bob> [xats] 1 new", PIECE),
        (f"bob> x{HINT}", MIXED),
        (HINT, MIXED),
    ],
)
def test_a_prompt_that_stood_there_before_the_hint_is_no_draft(composer: str, expected: OwnText | None) -> None:
    assert own_text(composer, PROMPTED) is expected


def test_a_hint_that_was_pasted_behind_a_draft_is_never_alone() -> None:
    behind_a_draft = replace(PASTE, line_before=None)

    assert own_text(HINT, behind_a_draft) is MIXED
    assert own_text(f"a draft {HINT}", behind_a_draft) is MIXED


def test_a_line_of_the_operators_own_is_a_draft_like_any_other() -> None:
    assert own_text("please stop", replace(PASTE, text="please stop")) is None
    assert holds("please\nstop now", "please stop")


names = st.text(min_size=1, max_size=30)


@given(senders=st.lists(names, min_size=1, max_size=5), count=st.integers(1, 200), wrap=st.integers(5, 60))
def test_every_hint_is_known_in_a_pane_of_any_width(senders: list[str], count: int, wrap: int) -> None:
    text = hint(senders, count)
    rows = "\n".join(text[start : start + wrap] for start in range(0, len(text), wrap))

    assert own_text(rows, replace(PASTE, text=text)) is ALONE
    assert own_text(rows + "x", replace(PASTE, text=text)) is MIXED
