"""Connections to Unix sockets of this user's programs; the kernel tells which process is at the other end."""

import asyncio
import os
import socket
import stat
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import psutil

from xats_tui.core.errors import XatsError

CONNECT_TIMEOUT_S = 1.0
"""Time for a socket to take a connection; a living program takes it at once."""

FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO
"""Permissions of anyone but the owner."""

_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid
_SOL_LOCAL, _LOCAL_PEERPID = 0, 2  # macOS, sys/un.h


class NotTheirSocket(XatsError):
    """A program does not listen at a socket; the text is the reason, and reads on behind the socket's name."""


class Peer(NamedTuple):
    """A process at the time when it connected or began to listen."""

    pid: int
    user: int
    """User id of the process."""


def peer_of(connection: socket.socket) -> Peer | None:
    """Return the process at the other end; None if the system does not tell.

    Raises:
        OSError: the connection or the process is gone.
    """
    if hasattr(socket, "SO_PEERCRED"):
        answer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        pid, user, _ = _CREDENTIALS.unpack(answer)
        return Peer(pid, user)
    if sys.platform == "darwin":
        pid = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID)
        try:
            return Peer(pid, psutil.Process(pid).uids().real)
        except psutil.Error as error:
            raise ConnectionError(f"process {pid} no longer listens there") from error
    return None


@asynccontextmanager
async def connected_to(path: str, pid: int, *, private: bool = False) -> AsyncIterator[socket.socket]:
    """Connect to a socket of this user behind which that very process listens.

    Args:
        path: the socket.
        pid: the process.
        private: whether nobody else may have access to the socket and its folder.

    Raises:
        NotTheirSocket: there is none.
    """
    await asyncio.to_thread(_check_file, Path(path), private=private)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.setblocking(False)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await asyncio.get_running_loop().sock_connect(connection, path)
            peer = peer_of(connection)
        except (OSError, TimeoutError) as error:
            raise NotTheirSocket(f"takes no connection ({type(error).__name__})") from error
        if peer is None or peer.user != os.getuid() or peer.pid != pid:
            raise NotTheirSocket("belongs to another program")
        yield connection


def _check_file(path: Path, *, private: bool) -> None:
    try:
        status, folder = path.lstat(), path.parent.lstat()
    except (OSError, ValueError) as error:
        raise NotTheirSocket("is gone") from error
    if not stat.S_ISSOCK(status.st_mode) or status.st_uid != os.getuid():
        raise NotTheirSocket("is no socket of this user")
    if private and any(one.st_uid != os.getuid() or one.st_mode & FOR_OTHERS for one in (status, folder)):
        raise NotTheirSocket("is open to other users")
