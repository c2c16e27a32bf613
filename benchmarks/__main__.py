"""`python -m benchmarks`: measure, print one table, write JSON.

Every figure comes from this run.  A missed target is shown in the table, and never fails the test suite, because the
machines are shared and noisy.
"""

import argparse
import asyncio
import json
import logging
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.blocked_screen import measure_blocked_screen
from benchmarks.calls import measure_calls
from benchmarks.dashboard import measure_dashboard
from benchmarks.exporting import measure_export
from benchmarks.figures import Figure, table
from benchmarks.footprint import measure_footprint
from benchmarks.growth import measure_growth
from benchmarks.hooks import measure_hooks
from benchmarks.lists import measure_lists
from benchmarks.load import RATE, measure_load
from benchmarks.peers import NEEDED, NoReference, measure_peers
from benchmarks.searching import measure_search
from benchmarks.sockets import measure_sockets
from benchmarks.wakes import measure_wakes
from benchmarks.yardstick import as_figure, yardstick

Part = Callable[[argparse.Namespace], Awaitable[list[Figure]]]

PARTS: Mapping[str, Part] = {
    "calls": lambda given: measure_calls(quick=given.quick),
    "growth": lambda given: measure_growth(quick=given.quick),
    "search": lambda given: measure_search(quick=given.quick),
    "lists": lambda given: measure_lists(quick=given.quick),
    "export": lambda given: measure_export(quick=given.quick),
    "footprint": lambda given: measure_footprint(quick=given.quick),
    "hooks": lambda given: measure_hooks(5 if given.quick else 4 * given.rounds),
    "wakes": lambda given: measure_wakes(5 if given.quick else given.rounds),
    "sockets": lambda given: measure_sockets(5 if given.quick else given.rounds),
    "blocked": lambda given: measure_blocked_screen(2 if given.quick else 10),
    "dashboard": lambda given: measure_dashboard(),
    "load": lambda given: measure_load(
        20 if given.quick else given.minutes * 60, rate=given.rate, with_dashboard=given.dashboard
    ),
    "peers": lambda given: measure_peers(given.reference, quick=given.quick),
}
USUAL = tuple(part for part in PARTS if part not in ("load", "peers"))
"""Benchmarks that run by default; the load run takes two more minutes, and peers need another program."""


def main() -> int:
    """Run the benchmarks; return 1 if a target was missed."""
    given = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that started programs are ended
    logging.getLogger().addHandler(logging.NullHandler())  # keep provoked warnings out of the table
    figures: list[Figure] = []
    quickness = yardstick()
    for part in given.only:
        began = time.monotonic()
        sys.stderr.write(f"measuring {part} … ")
        sys.stderr.flush()
        try:
            figures += asyncio.run(_measured(PARTS[part], given))
        except NoReference as error:
            sys.stderr.write(f"\n{error}\n")
            return 2
        quickness += yardstick()
        sys.stderr.write(f"{time.monotonic() - began:.0f} s\n")
    figures.append(as_figure(quickness))
    sys.stdout.write(table(figures))
    if given.json:
        given.json.write_text(json.dumps([figure.as_record() for figure in figures], indent=2) + "\n")
    return 0 if all(figure.met for figure in figures) else 1


async def _measured(part: Part, given: argparse.Namespace) -> list[Figure]:
    return await part(given)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only",
        type=_parts,
        default=USUAL,
        metavar="PART,…",
        help=f"of {', '.join(PARTS)}; all but load and peers if not given",
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds, smaller files: to try, not to quote")
    parser.add_argument("--rounds", type=int, default=20, help="wakes to measure one after the other")
    parser.add_argument("--reference", type=Path, metavar="DIR", help=NEEDED)
    parser.add_argument("--rate", type=float, default=RATE, help="calls per second of the load run")
    parser.add_argument(
        "--minutes", type=float, default=2, help="length of the load run; from 15 on with a limit for an hour"
    )
    parser.add_argument(
        "--dashboard", action="store_true", help="load run with the dashboard open, in a tmux of its own"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    return parser.parse_args()


def _parts(text: str) -> Sequence[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in PARTS]:
        raise argparse.ArgumentTypeError(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
