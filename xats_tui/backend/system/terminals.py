"""Access to the terminals of panes: their mode, and typed bytes that no program has read.

Looking changes nothing: the device is neither read nor made a controlling terminal.
"""

import asyncio
import fcntl
import os
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from xats_tui.core.records import replace

DEVICES = Path("/dev")

LOCAL_MODES = 3
"""Index of the local flags, which include ICANON and ECHO, in the result of `tcgetattr`."""


class PaneTerminal(Struct, frozen=True, kw_only=True):
    """Current state of a terminal."""

    raw: bool
    """True if the terminal passes on each key; False if it passes on whole lines."""
    echoes: bool = False
    """True if the terminal shows what is typed; a program that draws its own input line never lets it."""
    unread: int
    """Number of bytes that were typed but that no program has read yet."""
    read_at: datetime | None = None
    """Time when a program last read from the terminal; Linux updates it at most every 8 seconds."""
    written_at: datetime | None = None
    """Time when a program last wrote to the terminal, with the same precision."""


class PaneTerminals:
    """The terminals of this machine."""

    async def look(self, tty: str, inner_tty: str | None = None) -> PaneTerminal | None:
        """Return the state of a terminal by its name without `/dev/`; None if it cannot be read.

        If a program such as `script` relays the terminal to an inner one, the result combines both.
        """
        return await asyncio.to_thread(_look_through, tty, inner_tty)


def _look_through(tty: str, inner_tty: str | None) -> PaneTerminal | None:
    outer = _look(tty)
    inner = _look(inner_tty) if inner_tty else outer
    if outer is None or inner is None or outer is inner:
        return inner and outer
    return replace(
        inner,
        raw=outer.raw and inner.raw,
        echoes=outer.echoes or inner.echoes,
        unread=outer.unread + inner.unread,
    )


def _look(tty: str) -> PaneTerminal | None:
    try:
        with _opened(tty) as device:
            modes = termios.tcgetattr(device)[LOCAL_MODES]
            (unread,) = struct.unpack("i", fcntl.ioctl(device, termios.FIONREAD, bytes(4)))
            times = os.fstat(device)
            return PaneTerminal(
                raw=not modes & termios.ICANON,
                echoes=bool(modes & termios.ECHO),
                unread=unread,
                read_at=_at(times.st_atime),
                written_at=_at(times.st_mtime),
            )
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
