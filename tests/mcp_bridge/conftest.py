"""Common fixtures of the bridge tests."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.patience import PATIENCE


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home; the coordinator that a bridge started in it is stopped at the end."""
    yield tmp_path
    log = tmp_path / "xats-tui.log"
    started = re.findall(r"started a coordinator, pid (\d+)", log.read_text()) if log.exists() else []
    for pid in map(int, started):
        with suppress(psutil.NoSuchProcess):
            coordinator = psutil.Process(pid)
            if str(tmp_path) in coordinator.cmdline():  # and not another program to which the pid has gone
                coordinator.terminate()
                coordinator.wait(PATIENCE)
