"""Identification of the program that started this bridge, and of the place where it lives, by evidence.

Evidence is: the parent processes, the program's own words in the handshake, and the environment it gave us.  Installed
programs are no evidence.  The coordinator verifies every claim made here.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psutil

from xats_tui.clients.programs import client_of, first_word, launches_only, program_names, tells_nothing
from xats_tui.clients.registry import CLIENTS, by_environment, by_handshake, manifest_of
from xats_tui.clients.spec import CODEX_URL_VARIABLE, LAUNCH_VARIABLE
from xats_tui.core.model.labels import CUSTOM

CHECKS = "mcp"
"""The subcommand with which clients check their servers, such as `claude mcp list`: it starts each server once more,
without an agent.
"""

APP_SERVER = "app-server"
"""The subcommand of a Codex that serves windows and may have a terminal itself."""

MAX_NAME_CHARS = 64
"""Longest program name: an argument vector may hold a whole script."""

TMUX, TMUX_PANE = "TMUX", "TMUX_PANE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestor:
    """A process above this one."""

    pid: int
    command: tuple[str, ...]
    """The argument vector; empty if it may not be read."""
    tty: str | None
    executable: str = ""
    """Path of its executable, if the argument vector does not tell the program."""
    folder: str = ""
    """Its working directory, if the argument vector does not tell the program."""

    @property
    def names(self) -> list[str]:
        """The names that the process runs under."""
        return program_names(self.command, self.executable, self.folder)

    @property
    def client(self) -> str | None:
        """The client that the process belongs to; None if to none."""
        return client_of(self.names)

    @property
    def launches_only(self) -> bool:
        """True for a wrapper between the host and this bridge, such as a shell."""
        return launches_only(self.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Claims of this bridge about the program that started it."""

    client: str
    """A client of the registry, or `custom`."""
    evidence: str
    """The evidence for the client, for the log."""
    name: str
    """The program's name, never empty."""
    version: str
    """Empty if the program gives none."""
    ui_pid: int | None
    """The process of its user interface; None for a Codex whose daemon starts the servers."""
    pane: str | None
    """The tmux pane that the environment names."""
    tmux_socket: str | None
    """Path of the tmux server's socket."""
    project_dir: str
    host_session: str | None
    launch: str | None = None
    """The id of the launch, if `xats-tui launch` started the program."""
    codex_url: str | None = None
    """URL of the app-server that was started for this Codex alone."""
    is_check: bool = False
    """True if the program only checks whether its servers start: there is no agent."""

    @property
    def model(self) -> str:
        """A name for people to read when the model does not name itself."""
        return f"{self.name} {self.version}".strip()


def ancestors() -> tuple[Ancestor, ...]:
    """Return the processes above this one, nearest first."""
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
    """Return the host's identity; `client_info` is the host's part of the handshake, empty before it."""
    said = str(client_info.get("name") or "")
    client, evidence = _client(above, said, environment)
    host, ui = _host(above), _user_interface(above, client, said)
    spec = CLIENTS.get(client)
    marked = spec is not None and spec.pane_is_announced
    return Identity(
        client=client,
        evidence=evidence,
        name=said or _program(above, client),
        version=str(client_info.get("version") or ""),
        ui_pid=ui.pid if ui else None,
        pane=environment.get(TMUX_PANE) if environment.get(TMUX) else None,
        tmux_socket=environment.get(TMUX, "").split(",")[0] or None,
        project_dir=(environment.get(spec.project_variable) if spec else None) or cwd,
        host_session=environment.get(spec.session_variable) if spec else None,
        launch=environment.get(LAUNCH_VARIABLE) if marked else None,
        codex_url=environment.get(CODEX_URL_VARIABLE) if marked else None,
        is_check=host is not None and first_word(host.command) == CHECKS,
    )


def _client(above: Sequence[Ancestor], said: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """Return the client and the evidence for it."""
    host = _host(above)
    if host and host.client:
        return host.client, f"parent process {host.pid}, {host.names[-1]}"
    if client := by_handshake(said):
        return client, f"its handshake as {said}"
    marked = None if said else by_environment(environment)
    return (marked[0], f"the variable {marked[1]}") if marked else (CUSTOM, "no sign of a client that is known")


def _host(above: Sequence[Ancestor]) -> Ancestor | None:
    """Return the process that caused this bridge to start: the nearest one that is not a mere wrapper."""
    return next((one for one in above if one.client or not one.launches_only), None)


def _user_interface(above: Sequence[Ancestor], client: str, said: str) -> Ancestor | None:
    """Return the process that the person looks at; a process with a neutral name is believed in the handshake."""
    host = _host(above)
    spec = CLIENTS.get(client)
    if host is None or (spec and spec.has_app_server and not _is_a_window(host)):
        return None
    says_so = spec is None or by_handshake(said) == client
    if host.client == client and (host.tty or manifest_of(client) is None):
        return host
    # A client that only a manifest describes may have one process without a terminal for all its windows, as Cline has.
    return host if host.client is None and host.tty and says_so else None


def _is_a_window(codex: Ancestor) -> bool:
    """Return whether a Codex starts its servers itself, not through the daemon, because it has settings of its own."""
    return codex.tty is not None and APP_SERVER not in codex.command


def _program(above: Sequence[Ancestor], client: str) -> str:
    host = _host(above) if client == CUSTOM else None
    names = [name for name in host.names if name] if host else []
    return names[-1][:MAX_NAME_CHARS] if names else client
