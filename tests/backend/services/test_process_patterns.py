"""A caller's own pattern is searched for, and bounded in length and in time."""

import pytest
import regex

from xats_tui.backend.services.process_patterns import LONGEST_PATTERN, compiled, is_found


def test_a_pattern_is_found_wherever_it_is_and_however_it_is_written() -> None:
    assert is_found(compiled(" my-[a-z]+ "), "/opt/MY-AGENT --serve")
    assert not is_found(compiled("my-[a-z]+$"), "/opt/my-agent --serve")


def test_a_pattern_that_is_too_long_is_none() -> None:
    with pytest.raises(regex.error, match="longer than"):
        compiled("x" * (LONGEST_PATTERN + 1))


def test_a_pattern_that_would_take_years_is_given_up() -> None:
    with pytest.raises(regex.error, match="too long to search"):
        is_found(compiled(r"(\w|\w\w|\w+)+(\w|\d)+$"), "a" * 5_000 + "!")
