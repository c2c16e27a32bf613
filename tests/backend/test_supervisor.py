"""A background task goes on after a failure, which is logged unless everything else fails for the same reason."""

import asyncio

import pytest

from xats_tui.backend import supervisor
from xats_tui.backend.supervisor import kept_running
from xats_tui.core.errors import StoreError, StoreFault


@pytest.mark.parametrize(
    ("error", "is_logged"),
    [(ValueError(), True), (StoreError("no such table"), True), (StoreError("it is full", StoreFault.FULL), False)],
)
async def test_a_task_that_fails_is_restarted_and_a_fault_of_the_database_is_not_logged_each_time(
    error: Exception, is_logged: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervisor, "RESTART_DELAY_S", 0.0)
    goes_on, failures = asyncio.Event(), [error]

    async def run() -> None:
        if failures:
            raise failures.pop()
        goes_on.set()
        await asyncio.Event().wait()

    async with kept_running("the task", run):
        await goes_on.wait()
    assert ("the task failed" in caplog.text) is is_logged
