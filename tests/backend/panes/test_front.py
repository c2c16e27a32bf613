"""Shells in front of a pane, with and without a living agent."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.fakes import FakeClock, FakePane, FakeTmux, Published
from xats_tui.backend.panes import read_pane
from xats_tui.backend.panes.front import STANDING
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.core.model.agents import SeenProcess
from xats_tui.core.model.labels import CUSTOM, ClientId
from xats_tui.core.model.panes import PaneRef, PaneState, Standing

PANE = PaneRef("", "%1")
AGENT = SeenProcess(7, 1.0)


def read(command: str, client: ClientId, standing: Standing | None) -> tuple[PaneState, str]:
    formats: Mapping[str, Any] = {"pane_current_command": command, "cursor_x": 0, "cursor_y": 0, STANDING: standing}
    reading = read_pane(client, "", formats)
    return reading.state, reading.reason


@pytest.mark.parametrize("client", ["claude-code", CUSTOM])
@pytest.mark.parametrize("command", ["bash", "-zsh", "sh"])
def test_the_bound_process_decides_whether_a_shell_is_in_front(client: ClientId, command: str) -> None:
    shell = command.removeprefix("-")

    assert read(command, client, Standing.IN_FRONT)[0] is not PaneState.SHELL
    assert read(command, client, Standing.ENDED) == (PaneState.SHELL, f"{shell} is in front: the agent has ended")
    assert read(command, client, Standing.BEHIND) == (
        PaneState.SHELL,
        f"{shell} is in front of the agent: fg brings the agent back",
    )


def test_without_a_bound_process_a_shell_is_in_front_of_a_known_client_only() -> None:
    assert read("bash", "codex", None)[0] is PaneState.SHELL
    assert read("bash", CUSTOM, None)[0] is not PaneState.SHELL
    assert read("node", "codex", None)[0] is not PaneState.SHELL


async def test_a_pane_is_read_anew_when_its_process_stands_otherwise_or_another_client_is_in_it() -> None:
    clock, standings = FakeClock(), [Standing.IN_FRONT]
    tmux = FakeTmux(clock)
    tmux.terminals[PANE.pane_id] = FakePane(tty="pts/1", pid=1, command="bash")

    async def standing(seen: SeenProcess, tty: str) -> Standing:
        assert (seen, tty) == (AGENT, "pts/1")
        return standings[-1]

    async def state(client: ClientId) -> PaneState:
        monitor.track({PANE: client}, {PANE: AGENT})
        await monitor.tick()
        view = monitor.view(PANE)
        assert view is not None
        return view.reading.state

    monitor = PaneMonitor(tmux, clock, Published(), standing)
    assert await state("claude-code") is PaneState.UNKNOWN
    assert await state(CUSTOM) is not PaneState.UNKNOWN
    standings.append(Standing.ENDED)
    assert await state(CUSTOM) is PaneState.SHELL
