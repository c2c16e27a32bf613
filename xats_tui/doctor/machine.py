"""Checks of Python, terminal and tmux."""

import curses
import os
import platform
import re
import resource
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from xats_tui import __version__
from xats_tui.backend.system.open_files import MIN_FILES, RECOMMENDED_FILES, REMEDY
from xats_tui.doctor.finding import Case, Finding, ok, problem, skipped, warning

OLDEST_PYTHON = (3, 11)

# The first tmux whose new-window takes `-e`, which `xats-tui launch` needs.
OLDEST_TMUX = (3, 0)
"""Oldest tmux that is supported."""

SMALLEST = (80, 24)
"""Minimum size of the dashboard in cells."""

TMUX_TIMEOUT_S = 3.0
"""Seconds for a tmux server to answer; it normally takes milliseconds."""


def python(case: Case) -> Iterator[Finding]:
    """Check the interpreter that runs this command."""
    found = f"{platform.python_version()} with xats-tui {__version__}, started as `{' '.join(case.own.program)}`"
    if sys.version_info < OLDEST_PYTHON:
        yield problem("Python", found, "install xats-tui with Python 3.11 or newer")
    else:
        yield ok("Python", found)


def open_files(case: Case) -> Iterator[Finding]:
    """Check how many files a coordinator may open."""
    # A coordinator raises its limit to the hard one by itself.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    found = "no limit" if hard == resource.RLIM_INFINITY else f"{hard} at once"
    if found == "no limit" or hard >= RECOMMENDED_FILES:
        yield ok("open files", found)
    elif hard >= MIN_FILES:
        yield warning("open files", f"{found}, which is little for a large team", REMEDY)
    else:
        yield problem("open files", f"{found}; a coordinator needs {MIN_FILES}", REMEDY)


def terminal(case: Case) -> Iterator[Finding]:
    """Check the terminal that would show the dashboard."""
    descriptor = next((one for one in (1, 2, 0) if os.isatty(one)), None)
    if descriptor is None:
        yield skipped("terminal", "not started in a terminal")
        return
    columns, rows = os.get_terminal_size(descriptor)
    name, encoding = case.environment.get("TERM", ""), (sys.stdout.encoding or "").upper()
    colours = _colours(case, descriptor)
    found = f"{columns}×{rows}, {colours} colours, {encoding}" + (f", {name}" if name else "")
    if not name or name == "dumb":
        yield problem("terminal", found, "set TERM for your terminal: export TERM=xterm-256color")
    elif columns < SMALLEST[0] or rows < SMALLEST[1]:
        yield warning("terminal", found, "make it 80×24 or larger: a smaller one shows no dashboard")
    elif encoding not in ("UTF-8", "UTF8"):
        yield warning("terminal", found, "use a UTF-8 locale, or shapes are missing: export LANG=C.UTF-8")
    elif isinstance(colours, int) and colours < 256:
        yield warning("terminal", found, "use a terminal with 256 colours: export TERM=xterm-256color (tmux-256color)")
    else:
        yield ok("terminal", found)


def _colours(case: Case, descriptor: int) -> int | str:
    if case.environment.get("COLORTERM") in ("truecolor", "24bit"):
        return "16 million"
    with suppress(curses.error):
        curses.setupterm(case.environment.get("TERM", "dumb"), descriptor)
        return max(curses.tigetnum("colors"), 2)
    return 2


def tmux(case: Case) -> Iterator[Finding]:
    """Check the tmux program and its running servers."""
    if shutil.which("tmux", path=case.environment.get("PATH")) is None:
        yield problem(
            "tmux", "not installed", "install it (apt install tmux, brew install tmux): agents are woken in it"
        )
        return
    said = _asked(case, "-V")[1]
    number = re.search(r"(\d+)\.(\d+)", said)
    if number and (int(number[1]), int(number[2])) < OLDEST_TMUX:
        yield problem("tmux", f"{said} is too old", "install tmux 3.0 or newer")
    else:
        yield ok("tmux", said or "it does not say its version")
    yield from _servers(case)


def _servers(case: Case) -> Iterator[Finding]:
    inside = case.environment.get("TMUX", "").split(",")[0]
    folder = Path(case.environment.get("TMUX_TMPDIR") or "/tmp", f"tmux-{os.getuid()}")
    sockets = {str(path) for path in _sockets(folder)} | ({inside} if inside else set())
    panes = {socket: _panes(case, socket) for socket in sorted(sockets)}
    running = {socket: count for socket, count in panes.items() if count}
    if inside and inside not in running:
        yield warning(
            "tmux server", f"$TMUX names {inside}, where no server answers", "start a new one: tmux new-session"
        )
    elif not running:
        yield ok("tmux server", "none runs now; start one for the agents: tmux new-session")
    else:
        place = (
            f"; this is pane {case.environment.get('TMUX_PANE', '?')}"
            if inside
            else "; this shell runs outside of tmux"
        )
        listed = ", ".join(f"{socket} ({count} pane{'s' * (count > 1)})" for socket, count in running.items())
        yield ok("tmux server", listed + place)
    if inside in running and _asked(case, "-S", inside, "display-message", "-p", "#{client_utf8}")[1] == "0":
        yield warning("tmux client", "attached without UTF-8", "attach with `tmux -u attach`, or set LANG=C.UTF-8")


def _sockets(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if stat.S_ISSOCK(path.stat().st_mode)]
    except OSError:
        return []


def _panes(case: Case, socket: str) -> int:
    """Return the number of panes of the server at a socket; 0 if none answers."""
    code, listed = _asked(case, "-S", socket, "list-panes", "-a", "-F", "#{pane_id}")
    return len(listed.split()) if code == 0 else 0


def _asked(case: Case, *arguments: str) -> tuple[int, str]:
    try:
        done = subprocess.run(
            ["tmux", *arguments],
            env=dict(case.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TMUX_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return 1, ""
    return done.returncode, done.stdout.strip()
