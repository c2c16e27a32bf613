"""Helpers of the wake tests: agents bound to stand-ins, statuses to wait for, hints to count."""

import asyncio
import re
from datetime import timedelta
from typing import Any

from tests.mcp_caller import Caller
from tests.patience import PATIENCE
from tests.tmux_server import Pane, TmuxServer
from xats_tui.backend.coordinator import Coordinator

HINT = "[xats] 1 new message from alice: call get_inbox"


async def bind(caller: Caller, pane: Pane) -> None:
    """Bind an agent to the pane of a stand-in."""
    answer = await caller.call("bind_runtime_identity", agent="custom", ui_pid=pane.pid, process_pattern="stand_in")
    assert answer.get("ok"), answer


async def status_of(sender: Caller, message_id: str) -> dict[str, Any]:
    """Return the delivery status of a message with one wake."""
    answer = await sender.call("get_delivery_status", message_id=message_id)
    status: dict[str, Any] = answer["statuses"][0]
    return status


async def until(sender: Caller, message_id: str, **expected: str) -> dict[str, Any]:
    """The status as soon as it is as expected."""
    status: dict[str, Any] = {}
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                status = await status_of(sender, message_id)
                if all(expected[name] in str(status[name]) for name in expected):
                    return status
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"{expected} did not come about: {status}") from None


async def quiet(backend: Coordinator, pane: Pane) -> None:
    """Wait until the coordinator has seen a pane unchanged for the quiet time, from now on."""
    (ref,) = [ref for ref in await backend.registry.bound_panes() if ref.pane_id == pane.pane_id]
    asked_at = backend.clock.now()
    enough = timedelta(milliseconds=backend.settings.quiet_ms)
    backend.panes.attend(frozenset({ref}))
    async with asyncio.timeout(PATIENCE):
        while True:
            view = backend.panes.view(ref)
            if view and view.look.at - max(view.unchanged_since, asked_at) > enough:
                return
            await asyncio.sleep(0.03)


def hints(tmux: TmuxServer, pane: Pane) -> list[str]:
    """The hints that were submitted to a stand-in."""
    return re.findall(r"took \d+: (\[xats\].*\S)", tmux.capture(pane.pane_id))


async def until_running(tmux: TmuxServer, pane: Pane, program: str) -> None:
    """Wait until a program is in front in a pane."""
    async with asyncio.timeout(PATIENCE):
        while tmux.formats(pane.pane_id, "pane_current_command") != [program]:
            await asyncio.sleep(0.03)
