"""Common fixtures of the screen tests: UTC as local time, and a running coordinator."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

from xats_tui import app
from xats_tui.backend.thread import CoordinatorThread
from xats_tui.runtime.settings import Settings


@pytest.fixture(scope="package", autouse=True)
def stylesheets_are_parsed_once() -> Iterator[None]:
    """Each app parses all of them twice, which is a tenth of a screen test."""
    parsed: dict[tuple[object, ...], list[RuleSet]] = {}
    parse_rules = Stylesheet._parse_rules

    def parse_once(sheet: Stylesheet, css: str, **how: Any) -> list[RuleSet]:
        key = (css, *how.items(), *sheet._variables.items())
        if key not in parsed:
            parsed[key] = parse_rules(sheet, css, **how)
        return parsed[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parse_once)
        yield


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
