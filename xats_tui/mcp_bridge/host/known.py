"""Facts about the coordinator that hold before the bridge is ready: they allow its first answers.

They are looked for in the plain case only: a command line and an environment that name little more than the home, and
a coordinator of our version, or none.  Everything else is left to the bridge, which knows the rules.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xats_tui import __version__
from xats_tui.mcp_bridge.host import kept_tools
from xats_tui.runtime import pid_file

HOME, PID_FILE = "--home", "--pid-file"
FLAGS = {HOME: "XATS_HOME", PID_FILE: "XATS_PID_FILE", "--team": "XATS_TEAM", "--role": "XATS_ROLE"}
"""Flags with a value that leave the answers as they are, each with its variable; `--name` changes them."""

FOR_A_START = {"--port": "XATS_PORT", "--db": "XATS_DB"}
"""Flags with a value that matter only as long as no coordinator runs, each with its variable."""

WORDS = frozenset({"mcp", "--channel"})

OURS = "XATS_"
HARMLESS = frozenset({*FLAGS.values(), *FOR_A_START.values(), "XATS_LAUNCH", "XATS_CODEX_URL"})

MAX_PORT = 65_535

CHANGING = (b"token", b"pid_file")
"""Settings of the config file that change where the coordinator is, or who may ask it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The coordinator has our version, or will have it when it was started."""

    runs: bool
    tools: Mapping[str, Any] | None
    """The result of `tools/list`; None if nobody has asked this coordinator for it before."""


def look(command_line: Sequence[str], environment: Mapping[str, str]) -> Known | None:
    """Return what is known of the coordinator of a bridge; None if the bridge itself has to find out."""
    flags = _flags(command_line[1:])
    if flags is None or any(name.startswith(OURS) and name not in HARMLESS for name in environment):
        return None
    starting = {flag: flags.get(flag) or environment.get(name) for flag, name in FOR_A_START.items()}
    if not _is_port(starting["--port"] or "0"):
        return None
    home = Path(flags.get(HOME) or environment.get(FLAGS[HOME]) or "~/.xats-tui").expanduser()
    named = flags.get(PID_FILE) or environment.get(FLAGS[PID_FILE])
    try:
        found = _at(Path(named).expanduser() if named else home / "daemon.pid", _config(home))
    except OSError:
        return None
    return None if found and not found.runs and any(starting.values()) else found


def _at(pid_path: Path, config: bytes | None) -> Known | None:
    record = pid_file.running(pid_path)
    if record is None:
        is_clean = config is None and not pid_path.exists() and not pid_file.contradiction(pid_path)
        # None runs, and none is about to: the bridge will start one of our version.
        return Known(runs=False, tools=None) if is_clean and not pid_file.is_running(pid_path) else None
    if record.version != __version__ or any(setting in (config or b"") for setting in CHANGING):
        return None
    return Known(runs=True, tools=kept_tools.read(pid_path, record))


def _config(home: Path) -> bytes | None:
    """Return the config file; None if there is none."""
    try:
        return (home / "config.toml").read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_PORT)) and int(text) <= MAX_PORT


def _flags(words: Sequence[str]) -> dict[str, str] | None:
    """Return the given flags with their values; None if there is any other word."""
    given: dict[str, str] = {}
    rest: Iterator[str] = iter(words)
    for word in rest:
        name, has_value, value = word.partition("=")
        if name in FLAGS or name in FOR_A_START:
            given[name] = value if has_value else next(rest, "")
        elif word not in WORDS:
            return None
    return given
