"""A coordinator's proof of who it is, which whoever has a secret asks for before the secret leaves.

The proof is an HMAC of a nonce and of both ends of the connection that it is asked on, by a key that other users do not
have: one in a file of the home, or one derived from the token.  Both ends belong to it so that a program in between,
which passes question and answer on, proves nothing.  The secret then goes over that very connection.
"""

import hashlib
import hmac
import json
import secrets
import socket
from collections.abc import Mapping, Sequence
from functools import cache
from http.client import HTTPConnection
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.request import HTTPHandler, OpenerDirector, ProxyHandler, Request, build_opener

from xats_tui.runtime import operator_token

PATH, QUESTION, ANSWER = "/health", "challenge", "proofs"

NONCE_BYTES = 16
MAX_NONCE_CHARS = 128

MAX_ANSWER_BYTES = 8192
"""A coordinator's is a tenth of it."""

TIMEOUT_S = 5.0
"""Time for the proof; a coordinator that runs takes milliseconds."""

SALT = b"xats-tui coordinator"
STRETCHING: Mapping[str, int] = {"n": 2**14, "r": 8, "p": 1}
"""What a guess at a token costs whoever has asked for a proof: some 40 ms."""

End = tuple[str, int]
"""Address and port of one end of a connection."""


class NotProven(ConnectionError):
    """What listens there is no coordinator of ours, as far as it can show; it was told no secret."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"what listens at {where} does not prove that it is the coordinator, so it was not given the token: end it "
            "or name another port with --port; a coordinator of an older version has to be started again"
        )


def keys(path: Path | None, token: str | None) -> tuple[bytes, ...]:
    """Return the keys that a coordinator may prove itself by: that of its home, and that of its token."""
    home = operator_token.read(path) if path else None
    return tuple(key for key in (home.encode() if home else b"", _stretched(token) if token else b"") if key)


def proof(key: bytes, nonce: str, client: End, server: End) -> str:
    """Return what proves that whoever answers on this connection has the key."""
    told = "\n".join((nonce, *_canonical(client), *_canonical(server)))
    return hmac.new(key, SALT + b"\n" + told.encode(), hashlib.sha256).hexdigest()


class Challenge:
    """The question on one connection, and the judgement of its answer."""

    def __init__(self, connection: socket.socket, known: Sequence[bytes]) -> None:
        self._client, self._server = connection.getsockname()[:2], connection.getpeername()[:2]
        self._known = known
        self._nonce = secrets.token_hex(NONCE_BYTES)
        self._heard = b""

    @property
    def question(self) -> bytes:
        """The request that asks it."""
        host, port = self._server
        named = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return f"GET {PATH}?{QUESTION}={self._nonce} HTTP/1.1\r\nHost: {named}\r\n\r\n".encode()

    def hear(self, data: bytes) -> bool:
        """Take a piece of the answer; whether it is complete.

        Raises:
            ConnectionResetError: there is none; who is about to end hangs up, too.
            NotProven: it goes on for too long.
        """
        if not data:
            raise ConnectionResetError("it hung up")
        self._heard += data
        if len(self._heard) > MAX_ANSWER_BYTES:
            raise self.failed()
        head, separator, body = self._heard.partition(b"\r\n\r\n")
        return bool(separator) and len(body) >= self._length(head)

    def judge(self) -> None:
        """See that the answer is a proof.

        Raises:
            NotProven: it is none.
        """
        try:
            given = json.loads(self._heard.partition(b"\r\n\r\n")[2])[ANSWER]
            proofs = [text.encode() for text in given]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise self.failed() from None
        expected = [proof(key, self._nonce, self._client, self._server).encode() for key in self._known]
        if not any(hmac.compare_digest(one, other) for one in expected for other in proofs):
            raise self.failed()

    def failed(self) -> NotProven:
        """Return the error that names this connection."""
        host, port = self._server
        return NotProven(f"{host}:{port}")

    def _length(self, head: bytes) -> int:
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length" and value.strip().isdigit():
                return int(value)
        raise self.failed()


def see_proof(connection: socket.socket, known: Sequence[bytes]) -> None:
    """Have what is at the other end of a connection prove that it is the coordinator.

    Raises:
        NotProven: it does not.
        OSError: it does not answer.
    """
    challenge = Challenge(connection, known)
    connection.sendall(challenge.question)
    while not challenge.hear(connection.recv(MAX_ANSWER_BYTES)):
        pass
    challenge.judge()


def opener(known: Sequence[bytes]) -> OpenerDirector:
    """Return what opens URLs of a coordinator on this machine, each on a connection that was proven first."""

    class Proven(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            see_proof(self.sock, known)

    class Handler(HTTPHandler):
        def http_open(self, request: Request) -> Any:
            return self.do_open(Proven, request)

    return build_opener(ProxyHandler({}), Handler)


@cache
def _stretched(token: str) -> bytes:
    return hashlib.scrypt(token.encode(), salt=SALT, **STRETCHING)


def _canonical(end: End) -> tuple[str, str]:
    host, port = end
    try:
        address = ip_address(host.partition("%")[0])
        return str(getattr(address, "ipv4_mapped", None) or address), str(port)
    except ValueError:
        return host, str(port)
