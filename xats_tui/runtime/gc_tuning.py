"""When Python looks for reference cycles: not while the program starts, and never in what a start leaves behind.

A look through all modules, classes and schemas takes 0.2 s, in which neither the screen nor the coordinator moves.  It
finds nothing: they stay for as long as the program.
"""

import gc

YOUNG_THRESHOLD = 10_000
"""New objects after which the young ones are looked through; Python's own 700 make a hundred looks of one drawing."""


def hold_off() -> None:
    """Look for no cycles until `settle`, which has to follow."""
    gc.disable()


def settle() -> None:
    """Look for cycles from now on, among the objects only that are made after this."""
    gc.freeze()
    gc.set_threshold(YOUNG_THRESHOLD, *gc.get_threshold()[1:])
    gc.enable()
