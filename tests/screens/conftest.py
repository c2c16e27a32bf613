"""What the screen tests share: local time is UTC, and a way to wait until a screen shows something."""

import time
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def local_time_is_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times of day are the same wherever the tests run."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
