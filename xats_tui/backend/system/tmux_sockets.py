"""Which tmux sockets are connected to, and how a command stays with the one that was checked.

A tmux server may have its client run a program (MSG_SHELL) and write files, and callers name sockets.  So a socket
must lie in this user's tmux folder, or TMUX in the environment of one of this user's processes must name it, and what
listens there must be a tmux of this user.  A genuine tmux server of this user is trusted.
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
"""For a socket on this machine: it answers at once, or its queue is full."""

MAX_SHOWN_CHARS = 120

IS_LINUX = sys.platform.startswith("linux")


class UntrustedSocket(TmuxUnavailable):
    """The socket is not one that is connected to; the text says why and what to do."""


class NoServer(TmuxUnavailable):
    """Nothing listens on the socket."""


class TmuxSockets:
    """The tmux sockets of this machine's user."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._environment = environment
        self._namers: dict[str, psutil.Process] = {}
        """A process that names each socket outside of the tmux folder; psutil knows it again by its start."""
        self._scanning = threading.Lock()
        self._scanned_from = 0.0
        """When the last look at all processes began: whoever has waited since then need not look himself."""
        self._begun: set[str] = set()

    def path(self, socket: str) -> str:
        """The path of a server's socket, also of the server that has no name."""
        return socket or chosen_socket(self._environment)

    def begin(self, socket: str) -> None:
        """Note that a server is started there: its processes name it only when their programs run."""
        self._begun.add(os.path.normpath(self.path(socket)))

    def exists(self, socket: str) -> bool:
        """Say whether there is anything at the socket's path."""
        return os.path.lexists(self.path(socket))

    @contextmanager
    def checked(self, socket: str) -> Iterator[str]:
        """A path to the server's socket for `tmux -S`, which leads to what was checked and to nothing else.

        It blocks, for half a second at the most.

        Raises:
            UntrustedSocket, NoServer, TmuxUnavailable.
        """
        path = os.path.normpath(self.path(socket))
        self._check_place(path)
        with _held(path) as held:
            _check_peer(path, held, self._environment)
            yield held

    def check(self, socket: str) -> None:
        """Refuse a socket that is not connected to.

        Raises:
            UntrustedSocket, NoServer, TmuxUnavailable.
        """
        with self.checked(socket):
            pass

    def _check_place(self, path: str) -> None:
        folder, name = os.path.split(path)
        if name and folder in _folders(self._environment):
            _check_folder(folder)
        elif path not in (chosen_socket(self._environment), *self._begun) and not self._is_named(path):
            raise UntrustedSocket(
                f"{_shown(path)} is no tmux socket of yours: it is not in {tmux_folder(self._environment)}, and no "
                "process of yours has it in its TMUX.  Leave it out, or pass what this prints in the pane: "
                "echo ${TMUX%%,*}"
            )

    def _is_named(self, path: str) -> bool:
        """Look for a process of this user whose environment says that it runs in a tmux with this socket."""
        with suppress(OSError, ValueError):
            found = os.lstat(path)
            if stat.S_ISSOCK(found.st_mode) and found.st_uid == os.getuid():
                return self._is_named_by_a_process(path)
        return False

    def _is_named_by_a_process(self, path: str) -> bool:
        """Look through all processes, at most once for all who wait: callers name any number of sockets at once."""
        came = time.monotonic()
        if self._lives(path):
            return True
        with self._scanning:
            if self._scanned_from < came:
                self._scanned_from = time.monotonic()
                self._namers = dict(_named_sockets())
        return self._lives(path)

    def _lives(self, path: str) -> bool:
        """Whether the process that named a socket still runs."""
        known = self._namers.get(path)
        return known is not None and known.is_running()


def chosen_socket(environment: Mapping[str, str] = os.environ) -> str:
    """The socket that tmux itself would choose."""
    return _named_by(environment) or f"{tmux_folder(environment)}/default"


def tmux_folder(environment: Mapping[str, str] = os.environ) -> str:
    """The folder in which this user's tmux puts its sockets."""
    return _folders(environment)[0]


def server_name(socket: str, environment: Mapping[str, str] = os.environ) -> str:
    """Name a server: by its socket's path, or by nothing if it is the one that tmux itself would choose.

    One server must have one name: two agents could be bound to one pane under two.
    """
    name = _canonical(socket, environment)
    return "" if name == _canonical(chosen_socket(environment), environment) else name


def _canonical(socket: str, environment: Mapping[str, str]) -> str:
    # The path is a caller's: it is not looked up, only what is known to be one folder is called by one name.
    folder, name = os.path.split(os.path.normpath(socket))
    return f"{tmux_folder(environment)}/{name}" if folder in _folders(environment) else os.path.normpath(socket)


def _folders(environment: Mapping[str, str]) -> tuple[str, str]:
    """The tmux folder, as it is named and as its name resolves (/tmp is a link on macOS)."""
    base = os.path.normpath(environment.get("TMUX_TMPDIR") or "/tmp")
    return f"{base}/tmux-{os.getuid()}", f"{os.path.realpath(base)}/tmux-{os.getuid()}"


def _named_by(environment: Mapping[str, str]) -> str:
    """The socket in TMUX (`PATH,PID,SESSION`); empty if there is none."""
    named = environment.get("TMUX", "").rsplit(",", 2)[0]
    return os.path.normpath(named) if named else ""


def _check_folder(folder: str) -> None:
    """Ask of the folder what tmux itself asks of it: that nobody else can put a socket there."""
    try:
        found = os.lstat(folder)
    except OSError as error:
        raise NoServer(f"no server running: there is no folder {folder}") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & stat.S_IRWXO:
        raise UntrustedSocket(f"other users may reach {folder}, where your tmux sockets are: run chmod 700 {folder}")


def _named_sockets() -> Iterator[tuple[str, psutil.Process]]:
    """The sockets in the TMUX of this user's processes, each with one that has it there."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.uids().real == os.getuid() and (path := _named_by(process.environ())):
                yield path, process


@contextmanager
def _held(path: str) -> Iterator[str]:
    """Hold on to the socket itself: between check and use another one may be put under its name.

    Only Linux can open a socket without connecting; elsewhere the name has to do.
    """
    try:
        if not IS_LINUX:
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
        raise UntrustedSocket(f"{_shown(path)} is no socket: pass the path of the socket itself, not of a link to it")
    if found.st_uid != os.getuid():
        raise UntrustedSocket(f"{_shown(path)} belongs to another user: name a tmux server of your own")


def _check_peer(path: str, held: str, environment: Mapping[str, str]) -> None:
    """Ask the kernel who listens.  A socket that was bound has one listener for ever, so the answer stays true."""
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
        raise UntrustedSocket(f"what listens on {_shown(path)} belongs to another user: name a tmux server of your own")
    if not _is_tmux(peer.pid, environment):
        raise UntrustedSocket(
            f"what listens on {_shown(path)}, process {peer.pid}, is no tmux on the coordinator's PATH: if it is a "
            "tmux, start it anew, or start the coordinator with that tmux on PATH"
        )


def _is_tmux(pid: int, environment: Mapping[str, str]) -> bool:
    """Compare the program that a process runs with each tmux on PATH; a name can be given to any program."""
    try:
        program = psutil.Process(pid).exe()
        running = Path(f"/proc/{pid}/exe" if IS_LINUX else program)
        found = running.stat() if running.exists() else None
    except (psutil.Error, OSError, ValueError):
        return False
    if found is None or not found.st_nlink:  # it was upgraded while its server runs, and is known by its path
        return program in map(os.path.realpath, _tmuxes(environment))
    return any(os.path.samestat(found, tmux.stat()) for tmux in _tmuxes(environment))


def _tmuxes(environment: Mapping[str, str]) -> Iterator[Path]:
    for folder in (*environment.get("PATH", "").split(os.pathsep), *os.defpath.split(os.pathsep)):
        if folder and (found := shutil.which("tmux", path=folder)):
            yield Path(found)


def _shown(path: str) -> str:
    """A path as an error tells of it."""
    return path if len(path) <= MAX_SHOWN_CHARS else f"{path[:MAX_SHOWN_CHARS]}…"
