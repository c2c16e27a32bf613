"""An operator who comes back: the real dashboard in a real tmux, started anew, sums up what happened meanwhile."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.dashboard import agents, gone, opened
from tests.patience import PATIENCE
from tests.tmux_server import TmuxServer
from xats_tui.screens.data.remembered import FILE_NAME

pytestmark = [pytest.mark.tmux, pytest.mark.slow]


async def test_the_summary_of_an_absence_outlasts_a_restart_of_the_dashboard(tmux: TmuxServer, tmp_path: Path) -> None:
    home = tmp_path / "home"
    pane = (await opened(tmux, home, "--port", "0")).pane_id
    tmux.send(pane, "3")
    await tmux.wait_for(pane, "No message", PATIENCE)
    tmux.send(pane, "C-q")
    await gone(home)
    remembered = json.loads((home / FILE_NAME).read_text())
    left_at = datetime.now(UTC) - timedelta(minutes=29)
    (home / FILE_NAME).write_text(json.dumps(remembered | {"pressed_at": left_at.isoformat()}))

    pane = (await opened(tmux, home, "--port", "0")).pane_id
    async with agents(home, "alice", "bob") as (alice, _):
        await alice.call("send_message", to_agent_name="bob", body="while nobody looked")
        tmux.send(pane, "4")
        await tmux.wait_for(pane, "has only opened this summary", PATIENCE)
        await tmux.wait_for(pane, "2 agents came", PATIENCE)
        tmux.send(pane, "Enter")
        await tmux.wait_for(pane, "while nobody looked", PATIENCE)
        tmux.send(pane, "4")
        await tmux.wait_for(pane, "evidence or reason", PATIENCE)
