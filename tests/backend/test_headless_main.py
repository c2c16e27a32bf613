"""A coordinator without a dashboard, in this process."""

import os
import signal
import threading
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from xats_tui.backend import headless_main
from xats_tui.runtime.settings import load


def test_unused_memory_goes_back_to_the_system_again_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trims: list[str] = []

    def stop() -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    def trim() -> None:
        trims.append("trim")
        if len(trims) == 3:
            stop()

    monkeypatch.setattr(headless_main, "TIDY_INTERVAL_S", 0.0)
    monkeypatch.setattr(headless_main, "trim", trim)
    monkeypatch.setattr(headless_main, "settle", lambda: None)
    at_the_latest = threading.Timer(PATIENCE, stop)
    at_the_latest.start()
    try:
        assert headless_main.serve(load({"home": str(tmp_path / "home"), "port": "0"}, {})) == 0
    finally:
        at_the_latest.cancel()

    assert len(trims) >= 3
