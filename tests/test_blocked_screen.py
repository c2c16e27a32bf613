"""A screen that stands still does not hold the agents up; `make bench` measures how little it does."""

import pytest

from benchmarks.blocked_screen import measure_blocked_screen

GENEROUS = 6
"""Factor by which a call may take longer on a busy machine."""


@pytest.mark.slow
@pytest.mark.timeout(90)
async def test_agents_are_answered_while_the_screens_loop_waits_or_computes() -> None:
    _, waiting, computing = await measure_blocked_screen(seconds=2)
    assert min(waiting.samples, computing.samples) > 10
    assert waiting.value < GENEROUS
    assert computing.value < GENEROUS
