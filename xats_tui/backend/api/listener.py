"""The coordinator's listening socket; early connections wait in its queue."""

import errno
import shlex
import socket

import psutil

from xats_tui.core.errors import StartError

NEIGHBOUR_PORTS = 2
"""Number of ports after the usual one to try first, as cross-agent-teams-mcp does."""

ANY_PORT = 0

MAX_COMMAND_CHARS = 100
"""Maximum characters of a command line in an error sentence."""


def listen(host: str, port: int, *, asked_for: bool) -> socket.socket:
    """Listen on a port.

    If the usual port is taken and the user did not ask for it, use one of the next two, or any free one.

    Raises:
        StartError: no port is available; one sentence names the program that holds it.
    """
    usual = range(port, min(port + NEIGHBOUR_PORTS, 65535) + 1)
    for one in [port] if asked_for or port == ANY_PORT else [*usual, ANY_PORT]:
        try:
            return _listening(host, one)
        except OSError as error:
            refused = error
    raise StartError(_sentence(host, port, refused))


def refusal(host: str, port: int) -> int | None:
    """Return the errno that prevents listening on a port, or None if the port is free."""
    try:
        _listening(host, port).close()
    except OSError as error:
        return error.errno or errno.EINVAL
    return None


def holder(port: int) -> str:
    """Name the program that listens on a local port: `pid 4 (python -m http.server)`."""
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
    # Name the protocol: only then asyncio sets TCP_NODELAY, which saves 40 ms of Nagle and delayed ACK per answer.
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
        ways = "name another with --port, or leave --port out to use a free one"
        return f"port {port} on {host} is taken by {holder(port)}: {ways}"
    reason = refused.strerror or str(refused)
    return f"port {port} on {host} cannot be used ({reason}): name another with --port or --host"


def _shown(command: list[str]) -> str:
    """Return a command line in a form that fits into a sentence."""
    line = "".join(sign if sign.isprintable() else "?" for sign in shlex.join(command))
    return line if len(line) <= MAX_COMMAND_CHARS else f"{line[: MAX_COMMAND_CHARS - 1]}…"
