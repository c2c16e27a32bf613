"""Results of measurements, and their table."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured value, with a target if it has one."""

    name: str
    value: float
    unit: str
    target: float | None = None
    """Maximum value; with `at_least` the minimum."""
    at_least: bool = False
    samples: int
    beside: Mapping[str, float] = field(default_factory=dict)
    """Further values of the same measurement by unit: `p95 ms`."""
    notes: Sequence[str] = ()
    """Hints for finding out why a target was missed."""

    @property
    def met(self) -> bool:
        """Return whether the target was met."""
        if self.target is None:
            return True
        return self.value >= self.target if self.at_least else self.value <= self.target

    def as_record(self) -> dict[str, Any]:
        """Return the figure for a JSON file."""
        return {
            "name": self.name,
            "value": round(self.value, 3),
            "unit": self.unit,
            "target": self.target,
            "at_least": self.at_least,
            "samples": self.samples,
            "beside": {unit: round(value, 3) for unit, value in self.beside.items()},
            "met": self.met,
        }

    def as_row(self) -> tuple[str, ...]:
        """Return the figure for a table."""
        target = "" if self.target is None else f"{'≥' if self.at_least else '≤'} {self.target:g} {self.unit}".strip()
        verdict = "" if self.target is None else "met" if self.met else "MISSED"
        beside = ", ".join(f"{unit} {value:.{2 if value < 10 else 1}f}" for unit, value in self.beside.items())
        value = f"{self.value:.2f}" if self.unit == "×" else f"{self.value:.1f}"
        return self.name, f"{value} {self.unit}".strip(), target, str(self.samples), verdict, beside


HEADINGS = ("figure", "value", "target", "samples", "verdict", "beside it")


def median(name: str, samples: Sequence[float], target: float | None = None) -> Figure:
    """Return the median of times in seconds as a figure in milliseconds."""
    return Figure(
        name=f"{name}, p50", value=statistics.median(samples) * 1000, unit="ms", target=target, samples=len(samples)
    )


def p95(name: str, samples: Sequence[float], target: float | None = None) -> Figure:
    """Return the 95th percentile of times in seconds as a figure in milliseconds."""
    return Figure(
        name=f"{name}, p95", value=percentile(samples, 95) * 1000, unit="ms", target=target, samples=len(samples)
    )


def steady_p95(name: str, turns: Sequence[Sequence[float]], target: float | None = None) -> Figure:
    """Return the median of the turns' 95th percentiles, so that a short disturbance affects one turn only."""
    value = statistics.median(percentile(samples, 95) for samples in turns) * 1000
    return Figure(name=f"{name}, p95", value=value, unit="ms", target=target, samples=sum(map(len, turns)))


def percentile(samples: Sequence[float], hundredth: int) -> float:
    """Return the value that `hundredth` percent of the samples do not exceed."""
    return statistics.quantiles(samples, n=100)[hundredth - 1]


def table(figures: Sequence[Figure]) -> str:
    """Format one row per figure, followed by the notes of figures that missed their target."""
    rows = [HEADINGS, *(figure.as_row() for figure in figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    notes = [f"\n{figure.name}:\n  " + "\n  ".join(figure.notes) for figure in figures if figure.notes]
    return "\n".join([*lines, *notes]) + "\n"
