"""Check of tmux sockets before a connection, and use of exactly the checked socket.

A tmux server can make its client run a program (MSG_SHELL) and write files, and callers name sockets.  So a socket must
be in this user's tmux folder, or be named in TMUX by the environment of one of this user's processes, and its listener
must be a tmux of this user.  Such a server is trusted.
"""

import os
import shutil
import socket as sockets
import stat
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from xats_tui.backend.system.peers import peer_of
from xats_tui.core.errors import TmuxUnavailable

CONNECT_TIMEOUT_S = 0.5
"""Connection timeout; a local socket answers at once, or its queue is full."""

MAX_SHOWN_CHARS = 120

IS_LINUX = sys.platform.startswith("linux")


class UntrustedSocket(TmuxUnavailable):
    """The socket must not be contacted; the message says why and what to do."""


class NoServer(TmuxUnavailable):
    """Nothing listens on the socket."""


class TmuxSockets:
    """The tmux sockets of this user."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._environment = environment
        self._namers: dict[str, psutil.Process] = {}
        """A process that names each socket outside of the tmux folder; psutil recognises it by its start time."""
        self._scanning = threading.Lock()
        self._scanned_from = 0.0
        """Start time of the latest scan of all processes; a caller that came earlier needs no scan of its own."""
        self._begun: set[str] = set()

    def path(self, socket: str) -> str:
        """Return the path of a server's socket; an empty name means tmux's own choice."""
        return socket or chosen_socket(self._environment)

    def begin(self, socket: str) -> None:
        """Accept the socket of a server that is being started: no process names it before its programs run."""
        self._begun.add(os.path.normpath(self.path(socket)))

    def exists(self, socket: str) -> bool:
        """Return whether anything exists at the socket's path."""
        return os.path.lexists(self.path(socket))

    @contextmanager
    def checked(self, socket: str) -> Iterator[str]:
        """Yield a path for `tmux -S` that leads to exactly the checked socket.

        This blocks for at most half a second.

        Raises:
            UntrustedSocket, NoServer, TmuxUnavailable: the socket must not or cannot be contacted.
        """
        path = os.path.normpath(self.path(socket))
        self._check_place(path)
        with _held(path) as held:
            _check_peer(path, held, self._environment)
            yield held

    def check(self, socket: str) -> None:
        """Refuse a socket that must not be contacted.

        Raises:
            UntrustedSocket, NoServer, TmuxUnavailable: the socket must not or cannot be contacted.
        """
        with self.checked(socket):
            pass

    def _check_place(self, path: str) -> None:
        folder, name = os.path.split(path)
        if name and folder in _folders(self._environment):
            _check_folder(folder)
        elif path not in (chosen_socket(self._environment), *self._begun) and not self._is_named(path):
            raise UntrustedSocket(
                f"{_shown(path)} is not one of your tmux sockets: it is not in {tmux_folder(self._environment)}, and "
                "no process of yours has it in its TMUX.  Leave it out, or pass what this command prints in the pane: "
                "echo ${TMUX%%,*}"
            )

    def _is_named(self, path: str) -> bool:
        """Return whether a process of this user has this socket in its TMUX."""
        with suppress(OSError, ValueError):
            found = os.lstat(path)
            if stat.S_ISSOCK(found.st_mode) and found.st_uid == os.getuid():
                return self._is_named_by_a_process(path)
        return False

    def _is_named_by_a_process(self, path: str) -> bool:
        """Search all processes, with one scan for all waiting callers, as callers can name many sockets at once."""
        came = time.monotonic()
        if self._lives(path):
            return True
        with self._scanning:
            if self._scanned_from < came:
                self._scanned_from = time.monotonic()
                self._namers = dict(_named_sockets())
        return self._lives(path)

    def _lives(self, path: str) -> bool:
        """Return whether the process that named a socket is still running."""
        known = self._namers.get(path)
        return known is not None and known.is_running()


def chosen_socket(environment: Mapping[str, str] = os.environ) -> str:
    """Return the socket that tmux itself would choose."""
    return _named_by(environment) or f"{tmux_folder(environment)}/default"


def tmux_folder(environment: Mapping[str, str] = os.environ) -> str:
    """Return the folder of this user's tmux sockets."""
    return _folders(environment)[0]


def server_name(socket: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return a server's name: its socket path, or an empty string for the server that tmux would choose.

    One server must have only one name, or two agents could be bound to the same pane.
    """
    name = _canonical(socket, environment)
    return "" if name == _canonical(chosen_socket(environment), environment) else name


def _canonical(socket: str, environment: Mapping[str, str]) -> str:
    # A caller chose this path, so it is not resolved; only the known names of the tmux folder are unified.
    folder, name = os.path.split(os.path.normpath(socket))
    return f"{tmux_folder(environment)}/{name}" if folder in _folders(environment) else os.path.normpath(socket)


def _folders(environment: Mapping[str, str]) -> tuple[str, str]:
    """Return the tmux folder as configured and as resolved (/tmp is a link on macOS)."""
    base = os.path.normpath(environment.get("TMUX_TMPDIR") or "/tmp")
    return f"{base}/tmux-{os.getuid()}", f"{os.path.realpath(base)}/tmux-{os.getuid()}"


def _named_by(environment: Mapping[str, str]) -> str:
    """Return the socket in TMUX (`PATH,PID,SESSION`), or an empty string."""
    named = environment.get("TMUX", "").rsplit(",", 2)[0]
    return os.path.normpath(named) if named else ""


def _check_folder(folder: str) -> None:
    """Check, as tmux does, that no other user can put a socket into the folder."""
    try:
        found = os.lstat(folder)
    except OSError as error:
        raise NoServer(f"no server running: there is no folder {folder}") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & stat.S_IRWXO:
        raise UntrustedSocket(f"other users may reach {folder}, where your tmux sockets are: run chmod 700 {folder}")


def _named_sockets() -> Iterator[tuple[str, psutil.Process]]:
    """Yield the sockets in TMUX of this user's processes, each with its process."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.uids().real == os.getuid() and (path := _named_by(process.environ())):
                yield path, process


@contextmanager
def _held(path: str) -> Iterator[str]:
    """Hold the socket itself open, because another one could take its name between check and use."""
    try:
        if not IS_LINUX:  # only Linux can open a socket without connecting to it
            _check_kind(path, os.lstat(path))
            yield path
            return
        descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise NoServer(f"no server running on {_shown(path)}") from error
    try:
        _check_kind(path, os.fstat(descriptor))
        yield f"/proc/{os.getpid()}/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _check_kind(path: str, found: os.stat_result) -> None:
    if not stat.S_ISSOCK(found.st_mode):
        raise UntrustedSocket(f"{_shown(path)} is not a socket: pass the path of the socket itself, not of a link")
    if found.st_uid != os.getuid():
        raise UntrustedSocket(f"{_shown(path)} belongs to another user: name a tmux server of your own")


def _check_peer(path: str, held: str, environment: Mapping[str, str]) -> None:
    """Ask the kernel for the listener; a bound socket keeps its listener, so the answer stays valid."""
    with sockets.socket(sockets.AF_UNIX) as probe:
        probe.settimeout(CONNECT_TIMEOUT_S)
        try:
            probe.connect(held)
        except (TimeoutError, BlockingIOError) as error:
            raise TmuxUnavailable(f"tmux did not answer on {_shown(path)}: its queue is full") from error
        except OSError as error:
            raise NoServer(f"no server running on {_shown(path)}") from error
        peer = peer_of(probe)
    if peer is None:
        return
    if peer.user != os.getuid():
        raise UntrustedSocket(f"the program on {_shown(path)} belongs to another user: name a tmux server of your own")
    if not _is_tmux(peer.pid, environment):
        raise UntrustedSocket(
            f"process {peer.pid} on {_shown(path)} is not a tmux on the coordinator's PATH: if it is a "
            "tmux, restart it, or start the coordinator with that tmux on PATH"
        )


def _is_tmux(pid: int, environment: Mapping[str, str]) -> bool:
    """Compare a process's program with each tmux on PATH, because any program can be called tmux."""
    try:
        program = psutil.Process(pid).exe()
        running = Path(f"/proc/{pid}/exe" if IS_LINUX else program)
        found = running.stat() if running.exists() else None
    except (psutil.Error, OSError, ValueError):
        return False
    if found is None or not found.st_nlink:  # the program was upgraded while its server runs: compare the path
        return program in map(os.path.realpath, _tmuxes(environment))
    return any(os.path.samestat(found, tmux.stat()) for tmux in _tmuxes(environment))


def _tmuxes(environment: Mapping[str, str]) -> Iterator[Path]:
    for folder in (*environment.get("PATH", "").split(os.pathsep), *os.defpath.split(os.pathsep)):
        if folder and (found := shutil.which("tmux", path=folder)):
            yield Path(found)


def _shown(path: str) -> str:
    """Shorten a path for an error message."""
    return path if len(path) <= MAX_SHOWN_CHARS else f"{path[:MAX_SHOWN_CHARS]}…"
