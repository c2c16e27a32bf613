"""Regular expressions that callers have made up, searched for in command lines under a deadline.

It knows nothing of processes.
"""

import regex

LONGEST_PATTERN, LONGEST_COMMAND = 500, 10_000
"""Characters of a caller's own pattern, and of a command line that is searched for it."""

MATCHING = 0.05
"""Seconds for that: some patterns would take years."""


def compiled(pattern: str) -> regex.Pattern[str]:
    """A caller's own pattern.

    Raises:
        regex.error: it is no regular expression, or too long.
    """
    if len(pattern) > LONGEST_PATTERN:
        raise regex.error(f"longer than {LONGEST_PATTERN} characters")
    return regex.compile(pattern.strip(), regex.IGNORECASE)


def is_found(pattern: regex.Pattern[str], text: str) -> bool:
    """Whether it is in there.

    Raises:
        regex.error: that takes too long to tell.
    """
    try:
        return bool(pattern.search(text[:LONGEST_COMMAND], timeout=MATCHING, concurrent=True))
    except TimeoutError as error:
        raise regex.error("it takes too long to search for") from error
