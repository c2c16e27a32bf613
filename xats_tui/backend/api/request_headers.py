"""Headers whose meaning does not depend on how they are written: `Host`, `Origin` and `Accept` (RFC 9110).

It knows neither requests nor answers.
"""

import ipaddress
import re
from collections.abc import Iterable, Sequence

LOOPBACK_NAMES = frozenset({"127.0.0.1", "::1", "localhost"})

AUTHORITY = re.compile(r"(?P<host>\[[0-9a-f:.%]+\]|[^\s:@/\[\]]+)(:\d{0,5})?", re.IGNORECASE | re.ASCII)
"""A host as `Host` and `Origin` name it, with or without a port."""

MEDIA_RANGE = re.compile(r"\s*(?P<type>[^\s/;]+/[^\s/;]+)\s*(?P<parameters>;.*)?", re.DOTALL)
REFUSED_RANGE = re.compile(r";\s*q\s*=\s*0(\.0*)?\s*(;|$)", re.IGNORECASE)
"""A quality of zero, by which a client names what it does not take."""


def names_this_machine(authority: str, names: Iterable[str]) -> bool:
    """Tell whether `host[:port]` is one of these hosts; case, a port and the dot at a name's end do not matter."""
    found = AUTHORITY.fullmatch(authority)
    return found is not None and canonical(found["host"]) in {canonical(name) for name in names}


def comes_from_this_machine(origin: str, names: Iterable[str]) -> bool:
    """Tell whether a web page of this `Origin` was served by one of these hosts."""
    scheme, separator, authority = origin.partition("://")
    return bool(separator) and scheme.lower() == "http" and names_this_machine(authority, names)


def canonical(host: str) -> str:
    """Return the one form of a host's name or address that stands for all its spellings."""
    bare = host.removeprefix("[").removesuffix("]").removesuffix(".").lower()
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return bare


def accepts(headers: Sequence[str], media_type: str) -> bool:
    """Tell whether `Accept` takes a media type; without that header everything is welcome."""
    if not headers:
        return True
    ranges = [found for entry in ",".join(headers).split(",") if (found := MEDIA_RANGE.fullmatch(entry))]
    taken = {found["type"].lower(): not REFUSED_RANGE.search(found["parameters"] or "") for found in ranges}
    for form in (media_type, f"{media_type.partition('/')[0]}/*", "*/*"):  # the narrowest range decides
        if form in taken:
            return taken[form]
    return False
