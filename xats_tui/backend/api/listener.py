"""The socket that a coordinator listens on; who connects before it is served waits in its queue."""

import errno
import shlex
import socket

import psutil

from xats_tui.core.errors import StartError

NEIGHBOUR_PORTS = 2
"""Ports after the usual one that are tried before any other, as users of cross-agent-teams-mcp know it."""

ANY_PORT = 0

MAX_COMMAND_CHARS = 100
"""What a sentence shows of a command line."""


def listen(host: str, port: int, *, asked_for: bool) -> socket.socket:
    """Listen on a port.

    One that nobody asked for may be taken: then it is one of the next two, or any that is free.

    Raises:
        StartError: the port that was asked for, or any, cannot be had; one sentence says who has it.
    """
    usual = range(port, min(port + NEIGHBOUR_PORTS, 65535) + 1)
    for one in [port] if asked_for or port == ANY_PORT else [*usual, ANY_PORT]:
        try:
            return _listening(host, one)
        except OSError as error:
            refused = error
    raise StartError(_sentence(host, port, refused))


def refusal(host: str, port: int) -> int | None:
    """Return why a port cannot be had, as an errno; None if it can."""
    try:
        _listening(host, port).close()
    except OSError as error:
        return error.errno or errno.EINVAL
    return None


def holder(port: int) -> str:
    """Name the program that listens on a port of this machine: `pid 4 (python -m http.server)`."""
    try:
        found = [one for one in psutil.net_connections(kind="tcp") if one.status == psutil.CONN_LISTEN]
        pids = [one.pid for one in found if one.laddr and one.laddr.port == port]
        pid = next((pid for pid in pids if pid), None)
        if pid is not None:
            return f"pid {pid} ({_shown(psutil.Process(pid).cmdline())})"
    except (psutil.Error, OSError):
        return "another program"
    return "a process of another user" if pids else "another program"


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends answers at once, without the 40 ms of Nagle and delayed ACK, only where the protocol is named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def _sentence(host: str, port: int, refused: OSError) -> str:
    if refused.errno == errno.EADDRINUSE and port != ANY_PORT:
        ways = "name another with --port, or none, and a free one is taken"
        return f"port {port} on {host} is taken by {holder(port)}: {ways}"
    reason = refused.strerror or str(refused)
    return f"port {port} on {host} cannot be used ({reason}): name another with --port or --host"


def _shown(command: list[str]) -> str:
    """Return a command line as a sentence may hold it."""
    line = "".join(sign if sign.isprintable() else "?" for sign in shlex.join(command))
    return line if len(line) <= MAX_COMMAND_CHARS else f"{line[: MAX_COMMAND_CHARS - 1]}…"
