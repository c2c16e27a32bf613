"""The socket that a coordinator listens on; who connects before it is served waits in its queue."""

import socket

from xats_tui.backend.errors import StartError

PORTS_TRIED = 3
"""The port that is asked for and the next two, as users of cross-agent-teams-mcp know it."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on `port`, or on one of the next two if it is taken; 0 takes any.

    Raises:
        StartError: none of them is free, or the host is no address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    ports = [port] if port == 0 else [one for one in range(port, port + PORTS_TRIED) if one <= 65535]
    problem = ""
    for one in ports:
        # asyncio sends answers at once, without the 40 ms of Nagle and delayed ACK, only where the protocol is named.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, one))
            listener.listen(1024)
        except OSError as error:
            listener.close()
            problem = error.strerror or str(error)
            continue
        listener.setblocking(False)
        return listener
    raise StartError(f"ports {ports[0]}-{ports[-1]} unavailable on {host} ({problem}): name another with --port")
