"""Proof that a coordinator belongs to us; clients ask for it before they send a secret.

The proof is an HMAC over a nonce and both ends of the connection.  Its key is one that other users do not have: a file
in
the home, or a key derived from the token.  Both ends are part of it so that a program in between, which forwards
question and answer, proves nothing.  The secret is then sent over the same connection.
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
"""Longest answer; a coordinator's is a tenth of it."""

TIMEOUT_S = 5.0
"""Time for the proof; a running coordinator takes milliseconds."""

SALT = b"xats-tui coordinator"
STRETCHING: Mapping[str, int] = {"n": 2**14, "r": 8, "p": 1}
"""Cost of scrypt: each guess at a token costs an attacker some 40 ms."""

End = tuple[str, int]
"""Address and port of one end of a connection."""


class NotProven(ConnectionError):
    """The program that listens there did not prove to be our coordinator; no secret was sent to it."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"the program at {where} does not prove that it is the coordinator, so it got no token: stop it "
            "or name another port with --port; restart a coordinator of an older version"
        )


def keys(path: Path | None, token: str | None) -> tuple[bytes, ...]:
    """Return the keys that a coordinator may prove itself with: the home's key and the token's."""
    home = operator_token.read(path) if path else None
    return tuple(key for key in (home.encode() if home else b"", _stretched(token) if token else b"") if key)


def proof(key: bytes, nonce: str, client: End, server: End) -> str:
    """Return the proof that the server on this connection has the key."""
    told = "\n".join((nonce, *_canonical(client), *_canonical(server)))
    return hmac.new(key, SALT + b"\n" + told.encode(), hashlib.sha256).hexdigest()


class Challenge:
    """The question on one connection, and the check of its answer."""

    def __init__(self, connection: socket.socket, known: Sequence[bytes]) -> None:
        self._client, self._server = connection.getsockname()[:2], connection.getpeername()[:2]
        self._known = known
        self._nonce = secrets.token_hex(NONCE_BYTES)
        self._heard = b""

    @property
    def question(self) -> bytes:
        """The HTTP request that asks for the proof."""
        host, port = self._server
        named = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return f"GET {PATH}?{QUESTION}={self._nonce} HTTP/1.1\r\nHost: {named}\r\n\r\n".encode()

    def hear(self, data: bytes) -> bool:
        """Take a piece of the answer; return whether the answer is complete.

        Raises:
            ConnectionResetError: the server hung up, as a stopping coordinator does.
            NotProven: the answer is too long.
        """
        if not data:
            raise ConnectionResetError("the server hung up")
        self._heard += data
        if len(self._heard) > MAX_ANSWER_BYTES:
            raise self.failed()
        head, separator, body = self._heard.partition(b"\r\n\r\n")
        return bool(separator) and len(body) >= self._length(head)

    def judge(self) -> None:
        """Check the proof in the answer.

        Raises:
            NotProven: the proof is missing or wrong.
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
    """Make the server at the other end of a connection prove that it is the coordinator.

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
    """Return an opener for a coordinator's URLs on this machine; each connection is proven before its first request."""

    class Proven(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            see_proof(self.sock, known)

    class Handler(HTTPHandler):
        def http_open(self, request: Request) -> Any:
            return self.do_open(Proven, request)

    # A proxy of the environment must not come between.
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
