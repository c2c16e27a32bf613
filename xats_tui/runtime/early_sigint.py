"""Import this module first: an interrupt during the program's imports then ends it without a traceback.

A process that ignores interrupts, such as a background job, goes on ignoring them.
"""

import _signal as signal  # type: ignore[import-not-found]  # `signal` imports for a while before it offers anything

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def raise_from_now_on() -> None:
    """Make an interrupt a `KeyboardInterrupt` again, once the imports are done."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
