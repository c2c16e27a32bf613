"""A team at work: no call fails, and the coordinator does not grow; `make load` does it for longer and with figures."""

import pytest

from benchmarks.load import measure_load


@pytest.mark.slow
async def test_a_team_at_work_meets_no_error() -> None:
    errors, *_ = await measure_load(2, agents=10, rate=60)

    assert errors.samples == 120
    assert errors.value == 0, errors.notes


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_two_hundred_agents_at_work_meet_no_error_and_memory_stays() -> None:
    errors, _, memory = await measure_load(20, rate=300)

    assert errors.samples == 6000
    assert errors.value == 0, errors.notes
    assert memory.beside["MB at last"] < memory.beside["MB at first"] + 15
