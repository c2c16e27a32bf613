"""The process at the other end of a Unix socket, as the kernel tells it."""

import socket
import struct
import sys
from typing import NamedTuple

import psutil

_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid
_SOL_LOCAL, _LOCAL_PEERPID = 0, 2  # macOS, sys/un.h


class Peer(NamedTuple):
    """A process as it was when it began to listen, or connected."""

    pid: int
    user: int
    """Its user id."""


def peer_of(connection: socket.socket) -> Peer | None:
    """Ask who is at the other end; None where the system does not tell.

    Raises:
        OSError: the connection is gone, or the process.
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
            raise ConnectionError(f"process {pid} listens there no more") from error
    return None
