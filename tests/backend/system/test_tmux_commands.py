"""A tmux command that nobody waits for any more does nothing later."""

import asyncio
import shutil
import threading
from typing import Any

import pytest

from tests.patience import PATIENCE
from tests.tmux_server import TmuxServer
from xats_tui.backend.system.tmux_commands import CommandUse, run_command
from xats_tui.backend.system.tmux_sockets import TmuxSockets


@pytest.mark.tmux
async def test_a_command_that_is_given_up_before_it_has_started_is_not_started(
    tmux: TmuxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pane = await tmux.stand_in("one")
    may_start, which, threads = threading.Event(), shutil.which, list[threading.Thread]()

    def slowly(*args: Any, **kwargs: Any) -> Any:
        threads.append(threading.current_thread())
        may_start.wait(PATIENCE)
        return which(*args, **kwargs)

    monkeypatch.setattr(shutil, "which", slowly)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await run_command(TmuxSockets(), "", ["send-keys", "-t", pane.pane_id, "late"])
    may_start.set()
    await asyncio.to_thread(threads[0].join)

    tmux.send(pane.pane_id, "now")
    assert "late" not in await tmux.wait_for(pane.pane_id, "now")


def test_a_command_that_is_given_up_while_it_starts_ends_at_once() -> None:
    use, ended = CommandUse(), list[str]()
    use.give_up()
    use.begin(lambda: ended.append("killed"))
    assert ended == ["killed"]
