"""Limit of open files: checked when a coordinator starts, and raised as far as the system allows."""

import resource
from contextlib import suppress

from xats_tui.core.errors import StartError

MIN_FILES = 128
"""Minimum to start: 25 files are open before the first agent, and each look at tmux takes more."""

RECOMMENDED_FILES = 1024
"""The operator is warned about a lower limit."""

FILES_PER_AGENT = 3
"""A bridge's standing stream, its calls, and files opened by a wake."""

MAX_FILES = 2**20
"""Linux's default maximum; also used if the hard limit is infinite."""

MAX_FILES_ON_MACOS = 10_240
"""Maximum that macOS accepts, although its hard limit is infinite."""

REMEDY = "allow more: `ulimit -n 4096` in the shell that starts it, or nofile in /etc/security/limits.conf"


def raise_limit() -> str:
    """Raise the limit; return a sentence if it stays low, else an empty string.

    Raises:
        StartError: the limit is too low to work with.
    """
    _raise()
    allowed = most_files()
    if allowed < MIN_FILES:
        raise StartError(
            f"this process may have {allowed} files open at once, and a coordinator needs {MIN_FILES}: {REMEDY}"
        )
    if allowed < RECOMMENDED_FILES:
        return f"{allowed} at once, enough for some {allowed // 2 // FILES_PER_AGENT} agents: {REMEDY}"
    return ""


def most_files() -> int:
    """Return how many files this process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_FILES if soft == resource.RLIM_INFINITY else soft


def _raise() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for most in (MAX_FILES, MAX_FILES_ON_MACOS):
        reachable = most if hard == resource.RLIM_INFINITY else min(most, hard)
        if most_files() >= reachable:
            return
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (reachable, hard))
