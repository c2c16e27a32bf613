"""The limit of open files: looked at when a coordinator starts, and raised as far as the system allows."""

import resource
from contextlib import suppress

from xats_tui.core.errors import StartError

MIN_FILES = 128
"""A coordinator does not start with fewer: it has 25 open before the first agent, and each look at tmux takes more."""

RECOMMENDED_FILES = 1024
"""The operator is told of fewer."""

FILES_PER_AGENT = 3
"""A bridge's standing stream, its calls, and what a wake opens."""

MAX_FILES = 2**20
"""As many as Linux allows unless told otherwise.  Where the hard limit is endless a limit is still needed."""

MAX_FILES_ON_MACOS = 10_240
"""macOS calls its hard limit endless, and refuses more than this."""

REMEDY = "allow more: `ulimit -n 4096` in the shell that starts it, or nofile in /etc/security/limits.conf"


def raise_limit() -> str:
    """Raise the limit; return the sentence about it where it stays low, else nothing.

    Raises:
        StartError: it is too low to work with.
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
