"""Watch files for changes.

Notifications from watchfiles only speed this up.  Every change is found by looking at the files, so nothing is lost if
a folder disappears and returns, or cannot be watched.
"""

import asyncio
import stat
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from watchfiles import awatch

from xats_tui.core.clock import Clock

POLL_INTERVAL_S = 1.0
"""Interval between two looks for a place that cannot be watched, because it does not exist, for instance."""

# Each round of a watch takes a thread: at one a second, two watches took a quarter of an idle coordinator's time.
QUIET_INTERVAL_S = 3.0
"""Interval between two looks at the files of a watched place without a notification."""

DEBOUNCE_MS = 200
"""Time in which changes count as one, because an editor writes, renames and touches."""

# A folder that was removed and made again is another one to the system.
NOTICES_OF_A_WATCH = 20
"""Number of notices, at least one in `QUIET_INTERVAL_S`, after which a place is watched anew."""

MAX_FILE_BYTES = 4_000_000
"""Largest file that is read."""

Stamp = tuple[int, int, int]
"""Inode, size and modification time in nanoseconds; differs after a file was saved."""


class SavedFiles(Struct, frozen=True, kw_only=True):
    """A file as it is now."""

    path: Path
    saved_at: datetime
    content: bytes | None
    """None if the file is unreadable, too large, or reached by a link that leads out of the folder."""


async def saved(place: Path, pattern: str, clock: Clock) -> AsyncGenerator[SavedFiles, None]:
    """Yield every existing file that matches, then each file whenever it is saved, forever.

    Args:
        place: a folder, searched one level deep, or one file; it need not exist.
        pattern: glob pattern of the file names.
        clock: clock for waiting.
    """
    known: dict[Path, Stamp] = {}
    async with aclosing(_moments(place, clock)) as moments:
        while True:
            found = await asyncio.to_thread(_look, place, pattern)
            changed = [path for path, stamp in found.items() if known.get(path) != stamp]
            known = found
            for path in changed:
                file = await asyncio.to_thread(_read, path, place)
                if file:
                    yield file
            await anext(moments)


async def changes(place: Path, pattern: str, clock: Clock) -> AsyncGenerator[None, None]:
    """Yield at once, and then whenever a matching file appears, is saved, or is removed, forever.

    Args:
        place: a folder, searched one level deep, or one file; it need not exist.
        pattern: glob pattern of the file names.
        clock: clock for waiting.
    """
    known: dict[Path, Stamp] | None = None
    async with aclosing(_moments(place, clock)) as moments:
        while True:
            found = await asyncio.to_thread(_look, place, pattern, folders=True)
            if found != known:
                known = found
                yield
            await anext(moments)


async def follow(place: Path, pattern: str, clock: Clock, take: Callable[[SavedFiles], Awaitable[None]]) -> None:
    """Pass each file from `saved` to `take`, forever."""
    async with aclosing(saved(place, pattern, clock)) as files:
        async for file in files:
            await take(file)


async def _moments(place: Path, clock: Clock) -> AsyncGenerator[None, None]:
    """Yield whenever something may have changed, and at least once in `QUIET_INTERVAL_S`."""
    while True:
        if not await asyncio.to_thread(place.exists):  # a watch that fails costs as much as one that works
            await clock.sleep(POLL_INTERVAL_S)
            yield
            continue
        watching = awatch(
            place,
            debounce=DEBOUNCE_MS,
            step=DEBOUNCE_MS,  # each step wakes a thread
            rust_timeout=round(QUIET_INTERVAL_S * 1000),
            yield_on_timeout=True,
        )
        try:
            async with aclosing(watching):
                for _ in range(NOTICES_OF_A_WATCH):
                    await anext(watching)
                    yield
        except (OSError, RuntimeError):  # the place has just gone, or its file system has no notifications
            await clock.sleep(POLL_INTERVAL_S)
            yield


def _look(place: Path, pattern: str, *, folders: bool = False) -> dict[Path, Stamp]:
    """Return the stamps of the files, and of their folders: those tell of a file that came and went meanwhile."""
    paths = {*_matching(place, pattern), *((place, *place.glob("*/")) if folders else ())}
    return {path: stamp for path in sorted(paths) if (stamp := _stamp(path))}


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
    """Read a regular file; reading a pipe or a device might never end."""
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
    """Return whether a file really is in the folder: a link must not make the coordinator read files elsewhere."""
    return path == place or path.resolve().is_relative_to(place.resolve())
