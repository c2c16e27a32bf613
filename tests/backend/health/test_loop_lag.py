"""Lag of the coordinator's event loop."""

import asyncio

from tests.fakes import FakeClock
from xats_tui.backend.health.loop_lag import BEAT_INTERVAL_S, LoopLagMonitor


async def test_a_loop_that_is_held_up_is_seen_to_be_late() -> None:
    clock = FakeClock()
    pulse = LoopLagMonitor(clock)
    beating = asyncio.create_task(pulse.run())
    for late, worst in ((0.0, 0.0), (0.3, 0.3), (0.0, 0.3)):
        await asyncio.sleep(0)
        clock.advance(BEAT_INTERVAL_S + late)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert round(pulse.worst, 3) == worst
    beating.cancel()
