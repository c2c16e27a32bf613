"""Moments and durations as a person types them."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from xats_tui.core.moments import read_duration, read_moment

NOW = datetime(2026, 11, 30, 13, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("typed", "seconds"), [("90s", 90), ("10m", 600), ("1h30m", 5400), ("2d", 172_800), ("1W", 604_800), (" 5m ", 300)]
)
def test_a_duration_is_a_number_with_a_unit_or_several_of_them(typed: str, seconds: int) -> None:
    assert read_duration(typed) == timedelta(seconds=seconds)


@pytest.mark.parametrize("typed", ["", "10", "m", "-5m", "10 m", "1.5h", "10x", "99999999w", "٣m"])
def test_anything_else_is_no_duration_and_a_sentence_says_so(typed: str) -> None:
    with pytest.raises(ValueError, match=r"is no duration: write one such as|is too long"):
        read_duration(typed)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("10m", "2026-11-30T13:50:00+01:00"),
        ("13:30", "2026-11-30T13:30:00+01:00"),
        ("13:30:15", "2026-11-30T13:30:15+01:00"),
        ("14:05", "2026-11-29T14:05:00+01:00"),
        ("today", "2026-11-30T00:00:00+01:00"),
        ("yesterday 9:15", "2026-11-29T09:15:00+01:00"),
        ("2026-11-28", "2026-11-28T00:00:00+01:00"),
        ("2026-11-28 08:00", "2026-11-28T08:00:00+01:00"),
        ("2026-11-28T08:00", "2026-11-28T08:00:00+01:00"),
        ("2026-07-01 08:00", "2026-07-01T08:00:00+02:00"),
        ("2026-11-28T08:00:00.000Z", "2026-11-28T09:00:00+01:00"),
    ],
)
def test_a_moment_is_local_and_lies_in_the_past(typed: str, meant: str) -> None:
    assert read_moment(typed, NOW).isoformat() == meant


@pytest.mark.parametrize(
    "typed", ["", "soon", "25:00", "14:5", "2026-13-01", "2026-11-31 10:00", "today now", "0001-01-01T00:00Z-"]
)
def test_anything_else_is_no_moment_and_a_sentence_lists_the_forms(typed: str) -> None:
    with pytest.raises(ValueError, match="is no moment: write a duration such as 10m"):
        read_moment(typed, NOW)
