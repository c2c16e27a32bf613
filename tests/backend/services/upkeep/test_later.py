"""Changes that are written later are lost at no failure."""

from collections.abc import Set

import pytest

from tests.fakes import FakeClock
from xats_tui.backend.services.upkeep.later import WrittenLater
from xats_tui.core.errors import StoreError


async def test_a_change_that_cannot_be_written_is_written_the_next_time() -> None:
    class Log(WrittenLater[str]):
        def __init__(self) -> None:
            super().__init__(FakeClock())
            self.is_full = True
            self.written: list[str] = []

        async def _keep(self, changed: Set[str]) -> None:
            if self.is_full:
                raise StoreError("full")
            self.written += sorted(changed)

    log = Log()
    log.note("a")
    with pytest.raises(StoreError):
        await log.keep()
    log.is_full = False
    log.note("b")
    await log.keep()
    await log.keep()

    assert log.written == ["a", "b"]
