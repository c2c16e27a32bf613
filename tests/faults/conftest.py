"""A tmux that does what a test wants."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

PutTmux = Callable[[str], None]


@pytest.fixture
def put_tmux(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> PutTmux:
    """Has the coordinator find this shell script as its tmux; `$REAL` is the true one."""
    real = shutil.which("tmux")
    folder = tmp_path / "bin"
    folder.mkdir()

    def put(script: str) -> None:
        program = folder / "tmux"
        program.write_text(f"#!/bin/sh\nREAL={real}\n{script}\n")
        program.chmod(0o700)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    return put
