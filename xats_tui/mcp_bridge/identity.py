"""Who started this bridge and where that program lives, by evidence: its parent processes, what it says of itself in
the handshake, the environment that it gave us.  What happens to be installed is none.

It knows neither the coordinator, which verifies what is claimed here, nor what a model says of itself.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psutil

from xats_tui.clients.launch import CODEX_URL_VARIABLE, LAUNCH_VARIABLE
from xats_tui.clients.programs import client_of, first_word, launches_only, program_names, tells_nothing

CODEX, CLAUDE_CODE, OPENCODE, CUSTOM = "codex", "claude-code", "opencode", "custom"

MARKERS = {"CLAUDECODE": CLAUDE_CODE, "OPENCODE": OPENCODE, "CODEX_THREAD_ID": CODEX}
"""Variables that a client sets for what it starts.  Grandchildren inherit them, so they count only where nothing else
speaks."""

CHECKS = "mcp"
"""The subcommand by which clients look after their servers, `claude mcp list` for one: it starts each of them once
more, and no agent stands behind it."""

APP_SERVER = "app-server"
"""The subcommand of a Codex that serves windows, and may have a terminal itself."""

MAX_NAME_CHARS = 64
"""Characters of a program's name at most: what stands in an argument vector may be a whole script."""

TMUX, TMUX_PANE = "TMUX", "TMUX_PANE"
PROJECT_DIR = "CLAUDE_PROJECT_DIR"
HOST_SESSION = "CLAUDE_CODE_SESSION_ID"
"""Where Claude Code names its session to its MCP servers; its hooks speak by the same name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestor:
    """A process above this one."""

    pid: int
    command: tuple[str, ...]
    """The argument vector; empty if it may not be read."""
    tty: str | None
    executable: str = ""
    """The file that it runs, where the argument vector does not tell what that is."""
    folder: str = ""
    """Its working directory, likewise."""

    @property
    def names(self) -> list[str]:
        """The names that it runs under."""
        return program_names(self.command, self.executable, self.folder)

    @property
    def client(self) -> str | None:
        """The client that it is a process of, if it is one."""
        return client_of(self.names)

    @property
    def launches_only(self) -> bool:
        """Whether it is nobody's program, but stands between the host and this bridge."""
        return launches_only(self.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What this bridge claims of the program that started it."""

    client: str
    """`codex`, `claude-code`, `opencode` or `custom`."""
    evidence: str
    """What tells the client, for the log."""
    name: str
    """What the program is called, never empty."""
    version: str
    """Empty if it does not say."""
    ui_pid: int | None
    """The process of its user interface; None for a Codex whose servers are started by its daemon."""
    pane: str | None
    """The tmux pane that the environment names."""
    tmux_socket: str | None
    """Path of the tmux server's socket."""
    project_dir: str
    host_session: str | None
    launch: str | None = None
    """The mark of the launch that started the program, if `xats-tui launch` did."""
    codex_url: str | None = None
    """The URL of the app-server that was started for this Codex alone."""
    is_check: bool = False
    """The program only looks whether its servers start: it is nobody's agent."""

    @property
    def model(self) -> str:
        """For people to read, when the model does not say what it is."""
        return f"{self.name} {self.version}".strip()


def ancestors() -> tuple[Ancestor, ...]:
    """The processes above this one, the nearest first."""
    found = []
    with suppress(psutil.Error, OSError):
        for process in psutil.Process().parents():
            with suppress(psutil.Error, OSError):
                found.append(_ancestor(process))
    return tuple(found)


def _ancestor(process: psutil.Process) -> Ancestor:
    command = tuple(process.cmdline())
    executable = folder = ""
    with suppress(psutil.Error, OSError):
        if tells_nothing(program_names(command)):
            executable, folder = process.exe(), process.cwd()
    return Ancestor(
        pid=process.pid, command=command, tty=process.terminal() or None, executable=executable, folder=folder
    )


def identify(
    above: Sequence[Ancestor], client_info: Mapping[str, Any], environment: Mapping[str, str], cwd: str
) -> Identity:
    """Who the host is; `client_info` is what it says of itself in the handshake, empty if it has not said anything."""
    said = str(client_info.get("name") or "")
    client, evidence = _client(above, said, environment)
    host, ui = _host(above), _user_interface(above, client, said)
    is_claude = client == CLAUDE_CODE
    return Identity(
        client=client,
        evidence=evidence,
        name=said or _program(above, client),
        version=str(client_info.get("version") or ""),
        ui_pid=ui.pid if ui else None,
        pane=environment.get(TMUX_PANE) if environment.get(TMUX) else None,
        tmux_socket=environment.get(TMUX, "").split(",")[0] or None,
        project_dir=(environment.get(PROJECT_DIR) if is_claude else None) or cwd,
        host_session=environment.get(HOST_SESSION) if is_claude else None,
        launch=environment.get(LAUNCH_VARIABLE) if client == CODEX else None,
        codex_url=environment.get(CODEX_URL_VARIABLE) if client == CODEX else None,
        is_check=host is not None and first_word(host.command) == CHECKS,
    )


def _client(above: Sequence[Ancestor], said: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """The client, and what tells it."""
    host = _host(above)
    if host and host.client:
        return host.client, f"parent process {host.pid}, {host.names[-1]}"
    for client in (CLAUDE_CODE, CODEX, OPENCODE):
        if said.lower().startswith(client):
            return client, f"its handshake as {said}"
    marker = None if said else next((variable for variable in MARKERS if environment.get(variable)), None)
    return (MARKERS[marker], f"the variable {marker}") if marker else (CUSTOM, "no sign of a client that is known")


def _host(above: Sequence[Ancestor]) -> Ancestor | None:
    """The process that wanted this bridge started."""
    return next((one for one in above if one.client or not one.launches_only), None)


def _user_interface(above: Sequence[Ancestor], client: str, said: str) -> Ancestor | None:
    """The process that the person looks at; one whose name does not tell is believed what it said of itself."""
    host = _host(above)
    if host is None or (client == CODEX and not _is_a_window(host)):
        return None
    says_so = client == CUSTOM or said.lower().startswith(client)
    return host if host.client == client or (host.client is None and host.tty and says_so) else None


def _is_a_window(codex: Ancestor) -> bool:
    """Whether a Codex runs its servers itself, without the daemon, as one does that was given settings of its own."""
    return codex.tty is not None and APP_SERVER not in codex.command


def _program(above: Sequence[Ancestor], client: str) -> str:
    host = _host(above) if client == CUSTOM else None
    names = [name for name in host.names if name] if host else []
    return names[-1][:MAX_NAME_CHARS] if names else client
