"""A coordinator leaves its place to one without a screen, or keeps it if there is none that could."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboard import gone
from xats_tui.backend.thread import CoordinatorThread
from xats_tui.core.records import replace
from xats_tui.dashboard.shutdown import Shutdown
from xats_tui.runtime import pid_file
from xats_tui.runtime.handover import NoSuccessor
from xats_tui.runtime.pid_file import PidRecord
from xats_tui.runtime.settings import Loaded, load


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    return load({"home": tmp_path / "home", "port": 0, "token": "hush"}, {})


@pytest.fixture
def coordinator(loaded: Loaded) -> Iterator[CoordinatorThread]:
    running = CoordinatorThread(loaded.settings, "a terminal")
    running.start()
    yield running
    running.stop()


def incumbent(loaded: Loaded) -> PidRecord:
    record = pid_file.running(loaded.settings.pid_path)
    assert record is not None
    return record


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # an heir is not waited for
async def test_the_heir_has_the_port_the_home_and_the_token(loaded: Loaded, coordinator: CoordinatorThread) -> None:
    before = incumbent(loaded)
    sentence = Shutdown(loaded, coordinator).hand_over()
    after = incumbent(loaded)
    try:
        assert sentence == f"the coordinator keeps running without a dashboard: pid {after.pid}, port {before.port}"
        assert (before.pid, before.screen, after.screen) == (os.getpid(), True, False)
        assert b"hush" not in Path(f"/proc/{after.pid}/cmdline").read_bytes()
        assert b"XATS_TOKEN=hush" in Path(f"/proc/{after.pid}/environ").read_bytes()
    finally:
        os.kill(after.pid, signal.SIGTERM)
        await gone(loaded.settings.home)


def test_an_heir_that_cannot_start_changes_nothing(loaded: Loaded, coordinator: CoordinatorThread) -> None:
    before = incumbent(loaded)
    bad = replace(loaded, settings=replace(loaded.settings, log_level="LOUD"))
    bad = replace(bad, sources={**loaded.sources, "log_level": "flag"})
    with pytest.raises(NoSuccessor, match="log_level"):
        Shutdown(bad, coordinator).hand_over()
    assert incumbent(loaded) == before


def test_whoever_takes_over_meanwhile_is_the_heir(loaded: Loaded, coordinator: CoordinatorThread) -> None:
    with pid_file.starting(loaded.settings.pid_path):
        sentence = Shutdown(loaded, coordinator).hand_over()
    assert sentence == f"pid {os.getpid()} takes the coordinator's place"
    assert not pid_file.is_running(loaded.settings.pid_path)
