"""How quick the machine itself is while something is measured: the time of a piece of Python that never changes.

Times in milliseconds of two runs can be compared as far as their yardsticks agree; ratios can be compared anyway.
"""

import statistics
import time
from collections.abc import Sequence

from benchmarks.figures import Figure

REPEATS = 5
STEPS = 200_000
"""A few hundredths of a second, which is less than the time slice of a busy machine."""


def yardstick() -> list[float]:
    """Seconds that it takes now, some times."""
    taken = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        words: dict[int, str] = {}
        for number in range(STEPS):
            words[number % 1000] = f"{number}"
        taken.append(time.perf_counter() - began)
    return taken


def as_figure(taken: Sequence[float]) -> Figure:
    """The median, and the extremes beside it."""
    beside = {"best ms": min(taken) * 1000, "worst ms": max(taken) * 1000}
    value = statistics.median(taken) * 1000
    return Figure(
        name="yardstick: the same Python each time", value=value, unit="ms", samples=len(taken), beside=beside
    )
