"""The program as a process, in a home of its own, and its end."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.patience import PATIENCE

XATS = (sys.executable, "-m", "xats_tui")

UNCOUNTED = {"COVERAGE_PROCESS_CONFIG": "", "COVERAGE_PROCESS_START": ""}
"""For a program that coverage is to leave alone: its start swallows interrupts and takes long, its end wants room."""

LISTENING = re.compile(r"^listening on 127\.0\.0\.1:(\d+)\n$")


def clean_environment() -> dict[str, str]:
    """This environment without what would lead to the coordinator or the tmux server of whoever runs the tests."""
    ours = ("XATS_", "TMUX", "POKE_", "HEARTBEAT_", "CLEANUP_", "KEEP_ALIVE_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def xats(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, without a terminal."""
    return subprocess.run(
        [*XATS, *arguments],
        env=clean_environment() | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@contextmanager
def daemon(home: Path, *arguments: str, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A coordinator that listens, with its port; at the end of the block it is told to end, if it is still there."""
    process = subprocess.Popen(
        [*XATS, "daemon", "--home", str(home), "--port", str(port), *arguments],
        env=clean_environment() | {"TMUX_TMPDIR": str(home)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        listening = LISTENING.match(line)
        assert listening, f"the daemon said {line!r}"
        yield process, int(listening[1])
    finally:
        end(process)


def end(process: subprocess.Popen[str]) -> int:
    """Tell a process that is still there to end, and kill it if it does not; its exit code."""
    process.terminate()
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        return kill(process)
    finally:
        if process.stdout is not None:
            process.stdout.close()


def kill(process: subprocess.Popen[str]) -> int:
    """Give a process that is still there no time for anything; its exit code."""
    process.kill()
    if process.stdout is not None:
        process.stdout.close()
    return process.wait(PATIENCE)
