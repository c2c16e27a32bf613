"""Settings for Python's garbage collector: off during the start, and never again over what the start created.

A collection over all modules, classes and schemas takes 0.2 s, in which neither the dashboard nor the coordinator
moves.
It finds nothing: these objects live as long as the program.
"""

import gc
from collections.abc import Callable
from functools import cache

YOUNG_THRESHOLD = 10_000
"""New objects that start a collection; Python's own 700 would cause a hundred collections for one drawing."""

TIDY_INTERVAL_S = 60.0
"""Seconds between two searches in quiet moments, and between two returns of unused memory."""


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
    """Free all garbage made since the start, and return unused memory to the system; takes 5 to 20 ms."""
    # Widgets, styles and tasks refer to each other.  By itself Python searches old objects for such garbage about
    # every twenty minutes, in the middle of whatever the dashboard does then.
    gc.collect()
    trim()


def trim() -> None:
    """Return unused memory to the system; takes a millisecond."""
    if malloc_trim := _malloc_trim():
        malloc_trim(0)


@cache
def _malloc_trim() -> Callable[[int], object] | None:
    """Return the function of the C library that returns free memory; None where it has none."""
    import ctypes  # takes 5 ms, which every command would pay

    try:
        found: Callable[[int], object] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library than glibc
        return None
    return found
