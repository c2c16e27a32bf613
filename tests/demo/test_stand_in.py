"""The program in an agent's pane."""

import subprocess
import sys
from pathlib import Path

import xats_tui
from tests.patience import PATIENCE


def test_it_needs_the_standard_library_alone() -> None:
    root = str(Path(xats_tui.__file__).parent.parent)
    program = f"import sys; sys.path.append({root!r}); import xats_tui.demo.stand_in"

    without_packages = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, timeout=PATIENCE
    )

    assert without_packages.stderr == b""
