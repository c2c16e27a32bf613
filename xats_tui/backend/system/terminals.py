"""The one seam to the terminals of panes: their mode, and what was typed into them that no program has read.

It knows device files, not panes or processes.  Looking changes nothing: the device is neither read nor made anybody's
controlling terminal.
"""

import asyncio
import fcntl
import os
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

DEVICES = Path("/dev")

LOCAL_MODES = 3
"""Where `tcgetattr` has the flags that ICANON is one of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaneTerminal:
    """A terminal as it is now."""

    raw: bool
    """It hands over each key; otherwise whole lines, as to a program that reads an answer."""
    unread: int
    """Bytes that were typed and that no program has read yet."""
    read_at: datetime | None = None
    """When a program last read from it, as far as the system tells: Linux notes the second, once in eight."""
    written_at: datetime | None = None
    """When a program last wrote to it, likewise."""


class PaneTerminals:
    """The terminals of this machine."""

    async def look(self, tty: str, inner_tty: str | None = None) -> PaneTerminal | None:
        """A terminal by its name without `/dev/`; None if it cannot be asked.

        Of one that another program relays to an inner terminal, as `script` does, both together.
        """
        return await asyncio.to_thread(_look_through, tty, inner_tty)


def _look_through(tty: str, inner_tty: str | None) -> PaneTerminal | None:
    outer = _look(tty)
    inner = _look(inner_tty) if inner_tty else outer
    if outer is None or inner is None or outer is inner:
        return inner and outer
    return replace(inner, raw=outer.raw and inner.raw, unread=outer.unread + inner.unread)


def _look(tty: str) -> PaneTerminal | None:
    try:
        with _opened(tty) as device:
            raw = not termios.tcgetattr(device)[LOCAL_MODES] & termios.ICANON
            (unread,) = struct.unpack("i", fcntl.ioctl(device, termios.FIONREAD, bytes(4)))
            times = os.fstat(device)
            return PaneTerminal(raw=raw, unread=unread, read_at=_at(times.st_atime), written_at=_at(times.st_mtime))
    except (OSError, ValueError, termios.error):
        return None


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@contextmanager
def _opened(tty: str) -> Iterator[int]:
    device = os.open(DEVICES / tty, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        yield device
    finally:
        os.close(device)
