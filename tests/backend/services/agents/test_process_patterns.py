"""A caller's own pattern is searched for, and bounded in length, time and memory wherever it is searched for."""

import asyncio
import resource
import subprocess
import sys

import psutil
import pytest

from tests.patience import PATIENCE
from xats_tui.backend.services.agents import pattern_helper
from xats_tui.backend.services.agents.process_patterns import MAX_PATTERN_CHARS, BadPattern, ProcessPatterns

EXPENSIVE = (
    r"(\w|\w\w|\w+)+(\w|\d)+$",
    r"(a+)+$",
    r"(?:.{9999}){400}",
    r"(?:.{999}){400}" * 3,
    r"(?:(?:(?:a{1000}){1000}){1000}){1000}",
    r"(?:a?){500}a{500}$",
    "(" + "|".join("a" * n for n in range(1, 30)) + ")*b",
    r"(?i)(?:[\w\W]|\s|\S)*" * 8 + "b",
    "(" * 200 + "a" + ")*" * 200 + "b",
    r"(.*)\1\1\1b",
    r"(?=(a*))" * 50 + "b",
)
"""Patterns that are expensive to compile, to search for, or both, within the length that is allowed."""


async def found(pattern: str, *lines: str) -> list[bool]:
    return await ProcessPatterns().found(pattern, lines)


def is_at_work(child: psutil.Process) -> bool:
    """Tell a helper that still runs from one that has ended, and is only waiting to be taken note of."""
    try:
        return "pattern_helper" in str(child.cmdline())
    except psutil.Error:
        return False


async def test_a_pattern_is_found_wherever_it_is_and_however_it_is_written() -> None:
    assert await found(" my-[a-z]+ ", "/opt/MY-AGENT --serve", "other") == [True, False]
    assert await found("my-[a-z]+$", "/opt/my-agent --serve") == [False]
    assert await found("stand_in.*bob$", "python STAND_IN.py bob") == [True]
    assert await found("", "x", "") == [True, True]


async def test_plain_text_is_found_without_a_helper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere")
    assert await found(" My-Agent --serve", "/opt/MY-AGENT --serve", "my-agent") == [True, False]


@pytest.mark.parametrize("pattern", ["(", "[", "a{2,1}", "(?P<a", "\\", "*", "x{5000}", r"\p{L}", "(?<n>a)"])
async def test_what_is_no_regular_expression_is_told(pattern: str) -> None:
    with pytest.raises(BadPattern):
        await found(pattern, "x")


async def test_a_pattern_that_is_too_long_is_none() -> None:
    with pytest.raises(BadPattern, match="longer than"):
        await found("x" * (MAX_PATTERN_CHARS + 1), "x")


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("pattern", EXPENSIVE, ids=range(len(EXPENSIVE)))
async def test_an_expensive_pattern_keeps_nobody_busy_and_fills_no_memory(pattern: str) -> None:
    turns, before = 0, resource.getrusage(resource.RUSAGE_CHILDREN)
    searching = asyncio.create_task(found(pattern[:MAX_PATTERN_CHARS], "a" * 5_000 + "!"))
    while not searching.done():
        turns += 1
        await asyncio.sleep(0.001)

    assert isinstance(searching.exception(), BadPattern) or searching.result() in ([True], [False])
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert spent.ru_utime - before.ru_utime < 3 * pattern_helper.PROCESSOR_S
    assert turns > 5
    assert not [child for child in psutil.Process().children() if is_at_work(child)]


def test_the_helper_gets_no_more_memory_than_it_may_have() -> None:
    code = f"import runpy; h = runpy.run_path({pattern_helper.__file__!r}); h['limit'](); bytearray(h['MEMORY_BYTES'])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=False)

    assert told.stderr.endswith("MemoryError\n")


async def test_many_patterns_at_once_are_answered_or_refused_soon() -> None:
    patterns = ProcessPatterns()
    answers = await asyncio.gather(
        *(patterns.found(EXPENSIVE[0], ["a" * 5_000 + "!"]) for _ in range(20)), return_exceptions=True
    )

    assert all(isinstance(answer, BadPattern) for answer in answers)
    assert await patterns.found("a.c", ["abc"]) == [True]
