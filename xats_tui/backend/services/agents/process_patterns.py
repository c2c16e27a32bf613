"""Search for callers' patterns in command lines: plain text in this process, regular expressions in a helper process.

Compiling a short expression can take seconds and gigabytes, and searching with it can take years.  The helper works
under limits, and at most two helpers run at a time.
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
"""Limits for a caller's pattern and for a command line that is searched."""

SEARCH_TIMEOUT_S = 1.5
"""Time to wait for a free helper, and again for its answer."""

MAX_HELPERS = 2

PLAIN = re.compile(r"[\w\s/@:,=%~-]*")
"""A pattern without characters that are special in a regular expression."""


class BadPattern(XatsError):
    """The pattern cannot be used; the text says why."""


class ProcessPatterns:
    """Searches command lines for callers' patterns."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(MAX_HELPERS)

    async def found(self, pattern: str, lines: Sequence[str]) -> list[bool]:
        """Return for each line whether the pattern is found, ignoring case.

        Raises:
            BadPattern: it is invalid, too long, or takes too long.
        """
        if len(pattern) > MAX_PATTERN_CHARS:
            raise BadPattern(f"the pattern is longer than {MAX_PATTERN_CHARS} characters")
        pattern, lines = pattern.strip(), [line[:MAX_COMMAND_CHARS] for line in lines]
        if PLAIN.fullmatch(pattern):
            return [pattern.lower() in line.lower() for line in lines]
        try:
            async with asyncio.timeout(SEARCH_TIMEOUT_S):
                await self._free.acquire()
        except TimeoutError:
            raise BadPattern("too many searches are running: try again in a moment") from None
        search = asyncio.create_task(asyncio.to_thread(_searched, pattern, lines))
        search.add_done_callback(lambda _: self._free.release())
        # Shielded: if the caller gives up, its helper still counts while it runs.
        return await asyncio.shield(search)


def _searched(pattern: str, lines: Sequence[str]) -> list[bool]:
    """Let a helper process search; its start takes 30 ms."""
    command = [sys.executable, "-I", "-S", pattern_helper.__file__]
    question = json.dumps({"pattern": pattern, "lines": lines})
    try:
        told = subprocess.run(
            command, input=question, text=True, capture_output=True, timeout=SEARCH_TIMEOUT_S, check=False
        )
        answer = json.loads(told.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        raise BadPattern("the search takes too long: pass plain text from the command line instead") from None
    if problem := answer.get("problem"):
        raise BadPattern(problem)
    found: list[bool] = answer["found"]
    return found
