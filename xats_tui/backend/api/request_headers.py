"""Headers of a request, and those with several equivalent spellings: `Host`, `Origin` and `Accept` (RFC 9110).

A client sends the same few values with each request, so what they mean is kept.
"""

import ipaddress
import re
from functools import lru_cache

from starlette.types import Scope

LOOPBACK_NAMES = frozenset({"127.0.0.1", "::1", "localhost"})

AUTHORITY = re.compile(r"(?P<host>\[[0-9a-f:.%]+\]|[^\s:@/\[\]]+)(:\d{0,5})?", re.IGNORECASE | re.ASCII)
"""A host in `Host` or `Origin`, with or without a port."""

MEDIA_RANGE = re.compile(r"\s*(?P<type>[^\s/;]+/[^\s/;]+)\s*(?P<parameters>;.*)?", re.DOTALL)
REFUSED_RANGE = re.compile(r";\s*q\s*=\s*0(\.0*)?\s*(;|$)", re.IGNORECASE)
"""A quality of zero: a media type that the client does not accept."""

KEPT_VALUES = 64
"""Number of values of each header whose meaning is kept."""


class RequestHeaders(dict[str, str]):
    """Headers by name in lower case; of several with one name, the first."""

    def __init__(self, scope: Scope) -> None:
        self._raw = tuple(scope["headers"])
        super().__init__([(str(name, "latin-1"), str(value, "latin-1")) for name, value in reversed(self._raw)])

    def all(self, name: str) -> tuple[str, ...]:
        """Return the values of all headers with this name, in order."""
        encoded = name.encode()
        return tuple([value.decode("latin-1") for one, value in self._raw if one == encoded])


@lru_cache(maxsize=KEPT_VALUES)
def names_this_machine(authority: str, names: frozenset[str]) -> bool:
    """Return whether `host[:port]` is one of these hosts, ignoring case, port and a trailing dot."""
    found = AUTHORITY.fullmatch(authority)
    return found is not None and canonical(found["host"]) in {canonical(name) for name in names}


def comes_from_this_machine(origin: str, names: frozenset[str]) -> bool:
    """Return whether a web page with this `Origin` was served by one of these hosts."""
    scheme, separator, authority = origin.partition("://")
    return bool(separator) and scheme.lower() == "http" and names_this_machine(authority, names)


def canonical(host: str) -> str:
    """Return the canonical spelling of a host's name or address."""
    bare = host.removeprefix("[").removesuffix("]").removesuffix(".").lower()
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return bare


@lru_cache(maxsize=KEPT_VALUES)
def accepts(headers: tuple[str, ...], media_type: str) -> bool:
    """Return whether `Accept` allows a media type; without the header, every type is allowed."""
    if not headers:
        return True
    ranges = [found for entry in ",".join(headers).split(",") if (found := MEDIA_RANGE.fullmatch(entry))]
    taken = {found["type"].lower(): not REFUSED_RANGE.search(found["parameters"] or "") for found in ranges}
    for form in (media_type, f"{media_type.partition('/')[0]}/*", "*/*"):  # the narrowest range decides
        if form in taken:
            return taken[form]
    return False
