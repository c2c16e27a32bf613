"""Moments and durations as a person types them: `10m`, `1h30m`, `14:05`, `yesterday`, `2026-11-30 14:05`.

Times and dates are local.  Every command, filter and dialog that takes a moment reads it here.
"""

import re
from datetime import date, datetime, time, timedelta

UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
"""Units of a duration in seconds, by their letter."""

MAX_DURATION = timedelta(days=3660)
"""Longest duration: what is older is not in any store."""

DURATION = re.compile(r"(\d{1,9}[smhdw])+", re.IGNORECASE | re.ASCII)
PART = re.compile(r"(\d+)([smhdw])", re.IGNORECASE | re.ASCII)
TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

DAYS_AGO = {"today": 0, "yesterday": 1}
"""Names of days."""

FORMS = "a duration such as 10m, 2h or 1d, a time such as 14:05, or a date such as 2026-11-30, with a time or without"
"""The accepted forms, for sentences about another text."""


def read_duration(text: str) -> timedelta:
    """Return a duration such as `10m`, `90s` or `1h30m`.

    Raises:
        ValueError: the text is no duration, or a very long one; the message is a sentence.
    """
    typed = text.strip()
    if not DURATION.fullmatch(typed):
        raise ValueError(f"{typed!r} is no duration: write one such as 90s, 10m, 1h30m or 2d")
    seconds = sum(int(count) * UNITS_S[unit.lower()] for count, unit in PART.findall(typed))
    if seconds > MAX_DURATION.total_seconds():
        raise ValueError(f"{typed!r} is too long: a duration is at most ten years")
    return timedelta(seconds=seconds)


def read_moment(text: str, now: datetime) -> datetime:
    """Return the past moment that a text means, in the local time zone.

    A duration is counted back from now; a time without a date is the last one, today or yesterday; a date without a
    time is the beginning of that day.

    Raises:
        ValueError: the text is no moment; the message is a sentence.
    """
    typed, here = text.strip(), now.astimezone()
    if DURATION.fullmatch(typed):
        return here - read_duration(typed)
    day, _, clock = typed.replace("T", " ", 1).partition(" ")
    try:
        if TIME.fullmatch(day) and not clock:
            today = _at(here.date(), _time(day))
            return today if today <= here else _at(here.date() - timedelta(days=1), _time(day))
        if day.lower() in DAYS_AGO:
            return _at(here.date() - timedelta(days=DAYS_AGO[day.lower()]), _time(clock))
        if DAY.fullmatch(day) and (not clock or TIME.fullmatch(clock.strip())):
            return _at(date.fromisoformat(day), _time(clock))
        if DAY.match(day):  # with a time zone, as programs write it
            return datetime.fromisoformat(typed).astimezone()
    except (ValueError, OverflowError):  # there is no such time or day
        pass
    raise ValueError(f"{typed!r} is no moment: write {FORMS}")


def _time(text: str) -> time:
    if not text.strip():
        return time()
    found = TIME.fullmatch(text.strip())
    if not found:
        raise ValueError(text)
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return time(hours, minutes, seconds)


def _at(day: date, clock: time) -> datetime:
    """Return a local time with its zone, which may change between two days."""
    return datetime.combine(day, clock).astimezone()
