"""Connections to the coordinator; where there is a secret, nothing is sent on one before the coordinator's proof."""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import httpcore2

from xats_tui.runtime.coordinator_proof import MAX_ANSWER_BYTES, TIMEOUT_S, Challenge, keys

SocketOptions = Iterable[Any] | None

MOST_CONNECTIONS, MOST_IDLE, IDLE_S = 100, 20, 5.0
"""Limits: open connections, idle ones among them, and how long one may be idle."""


def connections(url: str, key_path: Path | None, token: str | None) -> httpcore2.AsyncConnectionPool:
    """Return the connections to a coordinator; they use no proxy of the environment.

    Args:
        url: the coordinator's endpoint.
        key_path: the file with a key that the coordinator may prove itself with, besides the token.
        token: the secret that is sent; None if there is none, and so nothing to prove.
    """
    is_plain = url.startswith("http:")  # else its certificate is the proof
    return httpcore2.AsyncConnectionPool(
        max_connections=MOST_CONNECTIONS,
        max_keepalive_connections=MOST_IDLE,
        keepalive_expiry=IDLE_S,
        network_backend=_ProvingNetwork(key_path, token) if token and is_plain else None,
    )


class _ProvingNetwork(httpcore2.AsyncNetworkBackend):
    def __init__(self, key_path: Path | None, token: str) -> None:
        self._key_path = key_path
        self._token = token
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect, and send nothing before the other end has proved itself.

        Raises:
            NotProven: it has not.
        """
        # In a thread, at each connection: a starting coordinator writes its key only now, and stretching a token takes
        # a while.
        known = await asyncio.to_thread(keys, self._key_path, self._token)
        stream = await self._network.connect_tcp(host, port, timeout, local_address, socket_options)
        try:
            await _see_proof(stream, known)
        except BaseException:
            await stream.aclose()
            raise
        return stream


async def _see_proof(stream: httpcore2.AsyncNetworkStream, known: Sequence[bytes]) -> None:
    challenge = Challenge(stream.get_extra_info("socket"), known)
    try:
        await stream.write(challenge.question, TIMEOUT_S)
        while not challenge.hear(await stream.read(MAX_ANSWER_BYTES, TIMEOUT_S)):
            pass
    except (httpcore2.NetworkError, httpcore2.TimeoutException, ConnectionResetError) as error:
        raise httpcore2.ConnectError(str(error)) from error  # nothing was asked yet
    challenge.judge()
