"""What a measurement is, and how a list of them is printed."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured quantity against its target."""

    name: str
    value: float
    unit: str
    target: float
    """The value may not be larger."""
    samples: int

    @property
    def met(self) -> bool:
        """Whether the target holds."""
        return self.value <= self.target

    def as_record(self) -> dict[str, Any]:
        """The figure for a JSON file."""
        return {
            "name": self.name,
            "value": round(self.value, 1),
            "unit": self.unit,
            "target": self.target,
            "samples": self.samples,
            "met": self.met,
        }


def median(name: str, samples: Sequence[float], target: float) -> Figure:
    """The median of times in seconds, as a figure in milliseconds."""
    return Figure(
        name=f"{name}, p50", value=statistics.median(samples) * 1000, unit="ms", target=target, samples=len(samples)
    )


def p95(name: str, samples: Sequence[float], target: float) -> Figure:
    """The 95th percentile of times in seconds, as a figure in milliseconds."""
    value = statistics.quantiles(samples, n=20)[-1] * 1000
    return Figure(name=f"{name}, p95", value=value, unit="ms", target=target, samples=len(samples))


def table(figures: Sequence[Figure]) -> str:
    """One row a figure."""
    width = max(len(figure.name) for figure in figures)
    rows = [f"{'figure':<{width}}  {'value':>9}  {'target':>9}  {'samples':>7}  verdict"]
    rows += [
        f"{figure.name:<{width}}  {figure.value:>6.1f} {figure.unit:<2}  {figure.target:>6.0f} {figure.unit:<2}"
        f"  {figure.samples:>7}  {'met' if figure.met else 'MISSED'}"
        for figure in figures
    ]
    return "\n".join(rows) + "\n"
