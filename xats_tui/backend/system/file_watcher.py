"""Which files were saved, as soon as they are.

It knows nothing of what they are for.  That watchfiles tells of a change only makes it quick: whether there was one is
seen by looking, so that a folder that goes and comes back, or cannot be watched, loses nothing.
"""

import asyncio
import stat
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from watchfiles import awatch

from xats_tui.core.clock import Clock

POLL_INTERVAL_S = 1.0
"""Seconds between two looks where nobody tells of a change."""

DEBOUNCE_MS = 100
"""Milliseconds in which changes are taken for one: an editor writes, renames and touches."""

MAX_FILE_BYTES = 4_000_000
"""Bytes of a file that are read."""

Stamp = tuple[int, int, int]
"""Inode, size and time of change in nanoseconds: what differs when a file was saved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedFiles:
    """A file as it is now."""

    path: Path
    saved_at: datetime
    content: bytes | None
    """None: it cannot be read, is larger than anything that is wanted, or a link leads out of the folder to it."""


async def saved(place: Path, pattern: str, clock: Clock) -> AsyncGenerator[SavedFiles, None]:
    """Every file that matches and is there, then each that is saved, for ever.

    Args:
        place: a folder, looked through with the folders in it, or one file; it need not be there.
        pattern: how the names of the files look.
        clock: what it waits on.
    """
    known: dict[Path, Stamp] = {}
    while True:
        found = await asyncio.to_thread(_look, place, pattern)
        changed = [path for path, stamp in found.items() if known.get(path) != stamp]
        known = found
        for path in changed:
            file = await asyncio.to_thread(_read, path, place)
            if file:
                yield file
        await _change(place, clock)


async def follow(place: Path, pattern: str, clock: Clock, take: Callable[[SavedFiles], Awaitable[None]]) -> None:
    """Hand over each file that `saved` tells of, for ever."""
    async with aclosing(saved(place, pattern, clock)) as files:
        async for file in files:
            await take(file)


async def _change(place: Path, clock: Clock) -> None:
    """Wait until something may have changed."""
    watching = awatch(
        place,
        debounce=DEBOUNCE_MS,
        step=DEBOUNCE_MS // 2,
        rust_timeout=round(POLL_INTERVAL_S * 1000),
        yield_on_timeout=True,
    )
    try:
        async with aclosing(watching):
            await anext(watching)
    except (OSError, RuntimeError):  # it is not there, or this file system tells of nothing
        await clock.sleep(POLL_INTERVAL_S)


def _look(place: Path, pattern: str) -> dict[Path, Stamp]:
    return {path: stamp for path in sorted(_matching(place, pattern)) if (stamp := _stamp(path))}


def _matching(place: Path, pattern: str) -> Iterator[Path]:
    if place.is_file():
        yield place
    else:
        yield from place.glob(pattern)
        yield from place.glob(f"*/{pattern}")


def _stamp(path: Path) -> Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _read(path: Path, place: Path) -> SavedFiles | None:
    """A file, if it is one: a pipe or a device might be read for ever."""
    try:
        status = path.stat()
        wanted = stat.S_ISREG(status.st_mode) and status.st_size <= MAX_FILE_BYTES and _is_within(path, place)
        content = path.read_bytes() if wanted else None
    except FileNotFoundError:
        return None
    except OSError:
        content = None
    return SavedFiles(path=path, saved_at=datetime.fromtimestamp(status.st_mtime, UTC), content=content)


def _is_within(path: Path, place: Path) -> bool:
    """Whether a file really lies in the folder: who may write there must not have us read what lies elsewhere."""
    return path == place or path.resolve().is_relative_to(place.resolve())
