"""Common fixtures of the screen tests: UTC as local time, and a running coordinator."""

import time
from collections.abc import Iterator

import pytest

from xats_tui import app
from xats_tui.backend.thread import CoordinatorThread
from xats_tui.runtime.settings import Settings


@pytest.fixture(autouse=True)
def local_time_is_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times of day are the same wherever the tests run."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(autouse=True)
def modes_are_made_when_they_are_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test pays for modes that it does not open."""
    monkeypatch.setattr(app, "PREPARE_AFTER_S", 3600.0)


@pytest.fixture
def coordinator(settings: Settings) -> Iterator[CoordinatorThread]:
    """A coordinator on its own thread, as the dashboard has it."""
    running = CoordinatorThread(settings)
    running.start()
    yield running
    running.stop()
