"""`xats-tui doctor` on programs that run here and could be agents."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.commands.processes import xats
from tests.commands.test_doctor import by_topic, is_in
from tests.patience import PATIENCE
from tests.stand_ins.claude_code import claude_code
from tests.tmux_server import short_folder
from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.clock import SystemClock
from xats_tui.runtime.settings import Settings


class LaterClock(SystemClock):
    """The system's clock, a minute later: programs have had the time to register."""

    def now(self) -> datetime:
        """The time, a minute later."""
        return super().now() + timedelta(minutes=1)


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("number", [1, 2])
async def test_a_claude_code_that_has_not_registered_is_named_with_what_to_type(
    number: int, settings: Settings, own_claude_folder: Path
) -> None:
    with (
        short_folder() as sockets,
        claude_code(own_claude_folder, sockets),
        claude_code(own_claude_folder, sockets) as two,
    ):
        if number == 1:
            two.tell("set", fields={"kind": "print"})
        async with Coordinator.running(settings, LaterClock()) as backend, asyncio.timeout(PATIENCE):
            while len(await backend.operator.unconnected()) != number:
                await asyncio.sleep(0.02)
            ran = await asyncio.to_thread(xats, "doctor", "--quick", "--json", "--home", str(settings.home))

    (finding,) = by_topic(ran.stdout)["agents"]
    said = (
        "1 agent here is not connected: Claude Code" if number == 1 else "2 agents here are not connected: Claude Code"
    )
    assert is_in(finding, "warning", said, "register to xats as NAME", "xats-tui setup claude-code")
