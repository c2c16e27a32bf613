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
from dataclasses import dataclass
from pathlib import Path

DEVICES = Path("/dev")

LOCAL_MODES = 3
"""Where `tcgetattr` has the flags that ICANON is one of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """A terminal as it is now."""

    raw: bool
    """It hands over each key; otherwise whole lines, as to a program that reads an answer."""
    unread: int
    """Bytes that were typed and that no program has read yet."""


class Terminals:
    """The terminals of this machine."""

    async def look(self, tty: str) -> Terminal | None:
        """A terminal by its name without `/dev/`; None if it cannot be asked."""
        return await asyncio.to_thread(_look, tty)


def _look(tty: str) -> Terminal | None:
    try:
        with _opened(tty) as device:
            raw = not termios.tcgetattr(device)[LOCAL_MODES] & termios.ICANON
            (unread,) = struct.unpack("i", fcntl.ioctl(device, termios.FIONREAD, bytes(4)))
            return Terminal(raw=raw, unread=unread)
    except (OSError, ValueError, termios.error):
        return None


@contextmanager
def _opened(tty: str) -> Iterator[int]:
    device = os.open(DEVICES / tty, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        yield device
    finally:
        os.close(device)
