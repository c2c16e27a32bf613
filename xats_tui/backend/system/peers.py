"""Identification of the process at the other end of a Unix socket by the kernel."""

import socket
import struct
import sys
from typing import NamedTuple

import psutil

_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid
_SOL_LOCAL, _LOCAL_PEERPID = 0, 2  # macOS, sys/un.h


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
