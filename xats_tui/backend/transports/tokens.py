"""Secrets of the coordinator's environment, and the servers that each may be sent to.

Agents name both, the variable and the server; the config file's table `[tokens]` says which belong together.
"""

import os
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from xats_tui.core.errors import XatsError

PORTS = {"ws": 80, "wss": 443}


class MissingToken(XatsError):
    """The agent's delivery names a token that this process does not have, or may not send."""


class TokenForbidden(MissingToken):
    """The operator has not listed the variable for that server; the message does not say whether it is set."""


class Tokens:
    """Tokens that may be sent."""

    def __init__(self, allowed: Mapping[str, Sequence[str]], environment: Mapping[str, str] = os.environ) -> None:
        self._environment = environment
        self.allowed = allowed
        """The servers of each variable; a new table applies from the next call on."""

    def named(self, name: str | None, url: str) -> str | None:
        """Return the token for a server; None if none is named.

        Raises:
            TokenForbidden: the operator has not listed it for that server.
            MissingToken: its variable is not set.
        """
        if name is None:
            return None
        if _server(url) not in map(_server, self.allowed.get(name, ())):
            raise TokenForbidden(
                f'the operator has not listed it for this server: [tokens] {name} = "{url}" in config.toml does'
            )
        if not (token := self._environment.get(name, "").strip()):
            raise MissingToken(f"{name} is not set in the coordinator's environment")
        return token


def _server(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of a URL; for a Unix socket its path."""
    try:
        parts = urlsplit(url.strip())
        scheme = parts.scheme.lower()
        if scheme not in PORTS:
            return scheme, parts.path, 0
        return scheme, (parts.hostname or "").lower(), parts.port or PORTS[scheme]
    except ValueError:
        return url, "", -1
