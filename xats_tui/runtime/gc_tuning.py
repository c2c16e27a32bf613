"""Settings for Python's garbage collector: off during the start, and never again over what the start created.

A collection over all modules, classes and schemas takes 0.2 s, in which neither the dashboard nor the coordinator
moves.
It finds nothing: these objects live as long as the program.
"""

import gc

YOUNG_THRESHOLD = 10_000
"""New objects that start a collection; Python's own 700 would cause a hundred collections for one drawing."""


def hold_off() -> None:
    """Turn the collector off until `settle`, which must follow."""
    gc.disable()


def settle() -> None:
    """Turn the collector on, for objects that are made from now on."""
    gc.freeze()
    gc.set_threshold(YOUNG_THRESHOLD, *gc.get_threshold()[1:])
    gc.enable()
