"""Patterns of manifests: what they may be made of, and how long a search can take."""

import time

import pytest

from xats_tui.clients.manifests.patterns import MAX_ROW_CHARS, BadPattern, compiled


@pytest.mark.parametrize(
    ("pattern", "row"),
    [
        (r"^─{2} [⠁-⣿] ", "── ⠧ Working ────"),
        (r"\(esc to cancel, \d{1,4}s\)", " ⠧ Thinking... (esc to cancel, 12s)"),
        (r"^(?:Yes|No), \w+", "No, cancel"),
        (r"[^\s\]]+ again", "Ctrl+C again"),
        (r"colou?r", "color"),
    ],
)
def test_what_screens_need_can_be_said(pattern: str, row: str) -> None:
    assert compiled(pattern).search(row)


@pytest.mark.parametrize(
    "pattern",
    [r"(a+)+$", r"(a|aa)*$", r"(?:a*)*b", r"(a)\1", r"(?=a)", r"(?i)a", r"a.*b.*c", r"[a-z&&x]", r"[", r"(", r"\p", ""],
)
def test_a_pattern_that_could_take_long_or_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(BadPattern):
        compiled(pattern)


def test_a_pattern_has_a_greatest_length() -> None:
    with pytest.raises(BadPattern, match="200 characters"):
        compiled("a" * 201)


@pytest.mark.parametrize("pattern", [r"a*b", r"^a*a*b", r"a{0,20}a{0,20}b", r"^a*b|^a*c|^a*d"])
def test_the_slowest_search_that_is_allowed_is_over_at_once(pattern: str) -> None:
    search, row = compiled(pattern), "a" * MAX_ROW_CHARS
    begun = time.process_time()

    assert search.search(row) is None

    assert time.process_time() - begun < 0.2
