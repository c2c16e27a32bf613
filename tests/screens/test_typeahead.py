"""Keys that come in one burst: each reaches what the key before it has opened, and none acts on what lies behind."""

import sys
from pathlib import Path

import pytest

from tests.dashboard import PROGRAM, opened, running
from tests.screens.looking import feed, settled, shows, text
from tests.screens.sample.verbs import FixedVerbs
from tests.screens.test_modes import opened as mode_opened
from tests.tmux_server import TmuxServer
from xats_tui.screens.dialogs.compose import Compose
from xats_tui.screens.modes.list_mode import ListMode
from xats_tui.screens.modes.places import Mode

SLOW_LINE = Path(__file__).parents[1] / "stand_ins" / "slow_line.py"

BURSTS = 50


async def test_what_is_typed_in_the_same_burst_reaches_the_line_the_mode_and_the_dialog_that_it_opens() -> None:
    verbs = FixedVerbs()
    async with mode_opened(Mode.AGENTS, verbs=verbs) as (pilot, _):
        feed(pilot, "/poke\r:wakes fail\r/expired\r:messages zzz\r/\x1b[200~qa\x1b[201~\r5/checkout\r1:agents qa\r")
        feed(pilot, "mLook at poke\x1b[200~ and replay\x1b[201~")
        await shows(pilot, "Look at poke and replay")
        screens = pilot.app.screen_stack
        assert isinstance(screens[-1], Compose)
        assert "to       qa@shop" in text(pilot)
        kept = {Mode.AGENTS: "qa", Mode.WAKES: "expired", Mode.MESSAGES: "qa", Mode.TASKS: "checkout"}
        for mode, words in kept.items():
            screen = pilot.app._screen_stacks[mode][0]
            assert isinstance(screen, ListMode)
            assert screen.list_panel.words == words
    assert verbs.done == []


async def test_what_was_typed_before_a_dialog_is_seen_sends_nothing_and_goes_to_no_other_agent_or_mode() -> None:
    verbs = FixedVerbs()
    async with mode_opened(Mode.AGENTS, verbs=verbs) as (pilot, _):
        feed(pilot, "/backend\ra1\r")
        await shows(pilot, "Send “1. Yes” to backend@shop?")
        await pilot.press("escape", "escape")
        feed(pilot, "/frontend\ra1")  # asks nothing: the key turns to the agent that does
        await shows(pilot, "backend@shop asks")
        await settled(pilot)
        assert "Send “" not in text(pilot)
        await pilot.press("escape")
        feed(pilot, "/reviewer\rc1")
        await shows(pilot, "cancel wake: ")
        assert pilot.app.current_mode == Mode.AGENTS
    assert verbs.done == []


@pytest.mark.slow
@pytest.mark.tmux
@pytest.mark.timeout(900)  # on a busy machine each burst takes 10 s
async def test_no_burst_of_fifty_is_lost_on_a_slow_line(tmux: TmuxServer, tmp_path: Path) -> None:
    program = [sys.executable, str(SLOW_LINE), *PROGRAM]
    pane = await opened(tmux, tmp_path, "--port", "0", program=program)
    await running(tmp_path)
    for number in range(BURSTS):
        word = f"word{number:02}"
        tmux.run("send-keys", "-t", pane.pane_id, "-l", f":tasks\r/{word}\r:wakes failed {word}\r")
        await tmux.wait_for(pane.pane_id, f"/failed {word}: 0 of 0")
        tmux.run("send-keys", "-t", pane.pane_id, "-l", "5")
        await tmux.wait_for(pane.pane_id, f"/{word}: 0 of 0")
