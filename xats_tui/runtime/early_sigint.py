"""Imported before anything else: an interrupt that comes while the program is imported ends it without a traceback.

It knows nothing of the program.  Whoever ignores interrupts, as a job in the background does, goes on ignoring them.
"""

import _signal as signal  # type: ignore[import-not-found]  # `signal` imports for a while before it offers anything

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def raise_from_now_on() -> None:
    """The imports are done: an interrupt is a `KeyboardInterrupt` again."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
