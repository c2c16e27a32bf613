"""Settings for Python's garbage collector and the C library's allocator, and the return of free memory.

The collector is off during the start, and never searches again through what the start has made: a collection over all
modules, classes and schemas takes 0.2 s, in which neither the dashboard nor the coordinator moves.  It finds nothing:
these objects live as long as the program.
"""

import gc
from collections.abc import Callable
from functools import cache

YOUNG_THRESHOLD = 10_000
"""New objects that start a collection; Python's own 700 would cause a hundred collections for one drawing."""

TIDY_INTERVAL_S = 60.0
"""Seconds between two searches in quiet moments, and between two returns of unused memory."""

M_ARENA_MAX = -8
"""The number of `mallopt`'s parameter for the number of arenas, in glibc's malloc.h."""


def use_one_arena() -> None:
    """Let all threads allocate from one arena of the C library; to be called before there are threads."""
    # What a statement of SQLite needs for a moment is spent by its thread's arena and used by no other.  With an arena
    # for each thread 8 MB were free in them, and they grew: each of them has its worst moment at another time.
    if mallopt := _c_function("mallopt"):
        mallopt(M_ARENA_MAX, 1)


def hold_off() -> None:
    """Turn the collector off until `settle`, which must follow."""
    gc.disable()


def settle() -> None:
    """Turn the collector on, for objects that are made from now on."""
    gc.freeze()
    gc.set_threshold(YOUNG_THRESHOLD, *gc.get_threshold()[1:])
    gc.enable()


def exclude_prepared() -> None:
    """Exclude also what was made since the start, without its garbage."""
    gc.collect()
    gc.freeze()


def tidy() -> None:
    """Free all garbage made since the start; takes 5 to 20 ms."""
    # Widgets, styles and tasks refer to each other.  By itself Python searches old objects for such garbage about
    # every twenty minutes, in the middle of whatever the dashboard does then.
    gc.collect()


def trim() -> None:
    """Return unused memory to the system; takes a millisecond."""
    if malloc_trim := _c_function("malloc_trim"):
        malloc_trim(0)


@cache
def _c_function(name: str) -> Callable[..., int] | None:
    """Return a function of the C library for its allocator; None where it has none."""
    import ctypes  # takes 5 ms, which every command would pay

    try:
        found: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):  # another C library than glibc
        return None
    return found
