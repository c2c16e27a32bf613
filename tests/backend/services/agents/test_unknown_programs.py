"""No hint is put into a program whose screen only looks as if it waited for a prompt, in real panes."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.backend.services.wakes.waking import quiet
from tests.conftest import Connect
from tests.mcp_caller import Caller
from tests.stand_ins.unknown_programs import DIALOGS, SCREENS
from tests.tmux_server import TmuxServer
from xats_tui.backend.coordinator import Coordinator

pytestmark = pytest.mark.tmux

PROGRAM = Path(__file__).parents[3] / "stand_ins" / "unknown_programs.py"


async def agent_in(screen: str, backend: Coordinator, register: Connect, tmux: TmuxServer, folder: Path) -> Caller:
    """An agent of an unknown client, in a pane that shows a screen and changes no more."""
    pane = tmux.new_pane([sys.executable, str(PROGRAM), screen, str(folder / screen)])
    await tmux.wait_until((folder / screen).exists)
    agent: Caller = await register(screen)
    answer = await agent.call(
        "bind_runtime_identity", agent="custom", ui_pid=pane.pid, process_pattern="unknown_programs"
    )
    assert answer.get("ok"), answer
    await quiet(backend, pane)
    return agent


async def test_what_only_looks_idle_gets_no_hint_and_a_dialog_not_even_by_force(
    backend: Coordinator, register: Connect, tmux: TmuxServer, tmp_path: Path
) -> None:
    alice = await register("alice")
    found = await asyncio.gather(*(agent_in(screen, backend, register, tmux, tmp_path) for screen in SCREENS))
    agents = dict(zip(SCREENS, found, strict=True))

    sent = {screen: await alice.call("send_message", to_agent_name=screen, body="hello") for screen in SCREENS}
    for screen in DIALOGS:
        await backend.operator.force(sent[screen]["message_id"], agents[screen].agent_id)

    assert {screen: answer["poked"] for screen, answer in sent.items()} == dict.fromkeys(SCREENS, False)
    assert {screen: (tmp_path / screen).read_text() for screen in SCREENS} == dict.fromkeys(SCREENS, "")
    for screen in DIALOGS:
        assert "dialog" in sent[screen]["poke_skip_reasons"][0]["detail"], screen
