"""The helper process that compiles and searches a caller's regular expression, under limits of time and memory.

It reads one JSON object from stdin (`pattern`, `lines`) and writes one: `found`, or `problem`.  A pattern that takes
too much processor time ends the process by a signal.  Only the standard library is used, so that it starts quickly.
"""

import json
import os
import re
import resource
import signal
import sys

PROCESSOR_S = 0.4
"""Processor time for everything, including Python's start: some patterns would take years."""

MEMORY_BYTES = 256 << 20

MAX_REPEATS = 1000
"""The largest number in `{…}`: re unrolls every repetition."""

REPEATS = re.compile(r"\{(\d*),?(\d*)\}")


def main() -> None:
    """Answer one question."""
    limit()
    question = json.load(sys.stdin)
    answer: dict[str, object]
    try:
        answer = {"found": found(question["pattern"], question["lines"])}
    except (re.error, OverflowError, RecursionError, ValueError) as error:
        answer = {"problem": str(error)}
    except MemoryError:
        answer = {"problem": "the search takes too much memory"}
    json.dump(answer, sys.stdout)


def limit() -> None:
    """Limit this process's time and memory; the timer's signal ends it."""
    signal.setitimer(signal.ITIMER_PROF, PROCESSOR_S)
    os.nice(10)  # other processes come first
    for what, most in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CORE, 0)):
        _, hard = resource.getrlimit(what)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(what, (most, most))
        except (OSError, ValueError):
            continue  # macOS has no memory limit


def found(pattern: str, lines: list[str]) -> list[bool]:
    """Search each line for the pattern."""
    repeats = [int(number) for pair in REPEATS.findall(pattern) for number in pair if number]
    if max(repeats, default=0) > MAX_REPEATS:
        raise ValueError(f"the pattern repeats a part more than {MAX_REPEATS} times")
    compiled = re.compile(pattern, re.IGNORECASE)
    return [compiled.search(line) is not None for line in lines]


if __name__ == "__main__":
    main()
