"""Speed of the machine during a benchmark: the time of a fixed piece of Python.

Times of two runs can be compared only if their yardsticks agree; ratios can always be compared.
"""

import statistics
import time
from collections.abc import Sequence

from benchmarks.figures import Figure

REPEATS = 5
STEPS = 200_000
"""A few hundredths of a second, less than the time slice of a busy machine."""


def yardstick() -> list[float]:
    """Return the seconds that it takes now, several times."""
    taken = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        words: dict[int, str] = {}
        for number in range(STEPS):
            words[number % 1000] = f"{number}"
        taken.append(time.perf_counter() - began)
    return taken


def as_figure(taken: Sequence[float]) -> Figure:
    """Return the median as a figure, with the extremes."""
    beside = {"best ms": min(taken) * 1000, "worst ms": max(taken) * 1000}
    value = statistics.median(taken) * 1000
    return Figure(
        name="yardstick: the same Python each time", value=value, unit="ms", samples=len(taken), beside=beside
    )
