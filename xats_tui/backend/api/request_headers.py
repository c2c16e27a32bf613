"""Headers with several equivalent spellings: `Host`, `Origin` and `Accept` (RFC 9110)."""

import ipaddress
import re
from collections.abc import Iterable, Sequence

LOOPBACK_NAMES = frozenset({"127.0.0.1", "::1", "localhost"})

AUTHORITY = re.compile(r"(?P<host>\[[0-9a-f:.%]+\]|[^\s:@/\[\]]+)(:\d{0,5})?", re.IGNORECASE | re.ASCII)
"""A host in `Host` or `Origin`, with or without a port."""

MEDIA_RANGE = re.compile(r"\s*(?P<type>[^\s/;]+/[^\s/;]+)\s*(?P<parameters>;.*)?", re.DOTALL)
REFUSED_RANGE = re.compile(r";\s*q\s*=\s*0(\.0*)?\s*(;|$)", re.IGNORECASE)
"""A quality of zero: a media type that the client does not accept."""


def names_this_machine(authority: str, names: Iterable[str]) -> bool:
    """Return whether `host[:port]` is one of these hosts, ignoring case, port and a trailing dot."""
    found = AUTHORITY.fullmatch(authority)
    return found is not None and canonical(found["host"]) in {canonical(name) for name in names}


def comes_from_this_machine(origin: str, names: Iterable[str]) -> bool:
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


def accepts(headers: Sequence[str], media_type: str) -> bool:
    """Return whether `Accept` allows a media type; without the header, every type is allowed."""
    if not headers:
        return True
    ranges = [found for entry in ",".join(headers).split(",") if (found := MEDIA_RANGE.fullmatch(entry))]
    taken = {found["type"].lower(): not REFUSED_RANGE.search(found["parameters"] or "") for found in ranges}
    for form in (media_type, f"{media_type.partition('/')[0]}/*", "*/*"):  # the narrowest range decides
        if form in taken:
            return taken[form]
    return False
