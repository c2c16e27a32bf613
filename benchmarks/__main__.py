"""`python -m benchmarks`: measure, print one table, write JSON.

Every figure is measured in this run.  A target is asserted as a verdict in the table, never in the test suite: the
machines that this runs on are shared and noisy.
"""

import argparse
import asyncio
import json
import logging
import sys
from pathlib import Path

from benchmarks.blocked_screen import measure_blocked_screen
from benchmarks.dashboard import measure_dashboard
from benchmarks.figures import Figure, table
from benchmarks.wakes import measure_wakes


def main() -> int:
    """Run everything; 1 if a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="wakes to measure one after the other")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    arguments = parser.parse_args()
    logging.getLogger().addHandler(logging.NullHandler())  # else what is provoked is complained of in the table
    figures: list[Figure] = [
        *asyncio.run(measure_wakes(arguments.rounds)),
        *asyncio.run(measure_blocked_screen()),
        *asyncio.run(measure_dashboard()),
    ]
    sys.stdout.write(table(figures))
    if arguments.json:
        arguments.json.write_text(json.dumps([figure.as_record() for figure in figures], indent=2) + "\n")
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
