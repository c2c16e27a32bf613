"""`xats-tui export` of 100,000 messages: seconds, and the memory of the command and of the coordinator it asks."""

import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil

from benchmarks.figures import Figure
from benchmarks.mail import SPACING, fill
from benchmarks.programs import cpu_seconds, headless, resident
from tests.commands.processes import clean_environment
from xats_tui.runtime.settings import Settings

MESSAGES, QUICK_MESSAGES = 100_000, 5_000

FORM = "md"

LOOK_INTERVAL_S = 0.05


async def measure_export(*, quick: bool) -> list[Figure]:
    """Export everything that is stored."""
    number = QUICK_MESSAGES if quick else MESSAGES
    with tempfile.TemporaryDirectory(prefix="xats-bench-") as folder:
        home = Path(folder)
        fill(Settings(home=home).db_path, number)
        with headless(home) as coordinator:
            return _export(home, number, coordinator.pid)


def _export(home: Path, number: int, coordinator: int) -> list[Figure]:
    since, file = f"{number * SPACING // 3600 + 1}h", home / f"report.{FORM}"
    command = [sys.executable, "-m", "xats_tui", "export", "--home", str(home), "--since", since, "-o", str(file)]
    before, worked, began = resident(coordinator), cpu_seconds(coordinator), time.monotonic()
    process = subprocess.Popen(command, env=clean_environment(), stderr=subprocess.DEVNULL)
    peak = grown = own = 0.0
    with suppress(psutil.NoSuchProcess):
        while process.poll() is None:
            peak, own = max(peak, resident(process.pid)), cpu_seconds(process.pid)
            grown = max(grown, resident(coordinator) - before)
            time.sleep(LOOK_INTERVAL_S)
    took = time.monotonic() - began
    assert process.wait() == 0
    beside = {
        "processor s": own,
        "the coordinator's": cpu_seconds(coordinator) - worked,
        "MB written": file.stat().st_size / 1e6,
    }
    return [
        Figure(name=f"export of {number:,} messages", value=took, unit="s", samples=1, beside=beside),
        Figure(name="export, most memory of the command", value=peak, unit="MB", samples=1),
        Figure(name="export, growth of the coordinator", value=grown, unit="MB", samples=1),
    ]
