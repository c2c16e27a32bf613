"""Patterns that callers have made up, searched for in command lines: plain text here, regular expressions elsewhere.

Compiling a short expression can take seconds and gigabytes, searching with one years.  So a helper process does both,
under limits, and no more than two of those run at a time.
"""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Sequence

from xats_tui.backend.services.agents import pattern_helper
from xats_tui.core.errors import XatsError

MAX_PATTERN_CHARS, MAX_COMMAND_CHARS = 500, 10_000
"""Of a caller's own pattern, and of a command line that is searched for it."""

SEARCH_TIMEOUT_S = 1.5
"""Seconds to wait for a free helper, and again for its answer."""

MAX_HELPERS = 2

PLAIN = re.compile(r"[\w\s/@:,=%~-]*")
"""A pattern without a sign that means something in a regular expression."""


class BadPattern(XatsError):
    """The pattern cannot be used; the text says why."""


class ProcessPatterns:
    """Searches command lines for callers' patterns."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(MAX_HELPERS)

    async def found(self, pattern: str, lines: Sequence[str]) -> list[bool]:
        """Search each line for the pattern, large and small letters alike.

        Raises:
            BadPattern: it is no regular expression, too long, or takes too long.
        """
        if len(pattern) > MAX_PATTERN_CHARS:
            raise BadPattern(f"it is longer than {MAX_PATTERN_CHARS} characters")
        pattern, lines = pattern.strip(), [line[:MAX_COMMAND_CHARS] for line in lines]
        if PLAIN.fullmatch(pattern):
            return [pattern.lower() in line.lower() for line in lines]
        try:
            async with asyncio.timeout(SEARCH_TIMEOUT_S):
                await self._free.acquire()
        except TimeoutError:
            raise BadPattern("too many patterns are searched for at this moment: try again in a moment") from None
        search = asyncio.create_task(asyncio.to_thread(_searched, pattern, lines))
        search.add_done_callback(lambda _: self._free.release())
        # Shielded: if the caller gives up, its helper still counts as long as it runs.
        return await asyncio.shield(search)


def _searched(pattern: str, lines: Sequence[str]) -> list[bool]:
    """Have a helper answer; it starts in 30 ms."""
    command = [sys.executable, "-I", "-S", pattern_helper.__file__]
    question = json.dumps({"pattern": pattern, "lines": lines})
    try:
        told = subprocess.run(
            command, input=question, text=True, capture_output=True, timeout=SEARCH_TIMEOUT_S, check=False
        )
        answer = json.loads(told.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        raise BadPattern("it takes too long to search for: pass plain text that the command line holds") from None
    if problem := answer.get("problem"):
        raise BadPattern(problem)
    found: list[bool] = answer["found"]
    return found
