"""A dialog that opens is told once, in the way that the operator has set."""

import asyncio
import inspect
import os
from pathlib import Path
from typing import ClassVar

import pytest

from tests.patience import PATIENCE
from tests.screens.looking import settled, shows, slow, until
from tests.screens.sample.agents import QA, TRANSLATOR
from tests.screens.sample.clock import NOW
from tests.screens.sample.desk import desk
from tests.screens.sample.filled import FILLED
from tests.screens.sample.source import FixedSource
from tests.screens.sample.told import TELLING
from tests.screens.sample.verbs import FixedVerbs
from tests.screens.supervising import agents, dashboard
from tests.tmux_server import TmuxServer, attached
from xats_tui.app import XatsApp
from xats_tui.backend.thread import CoordinatorThread
from xats_tui.core.events import Scope
from xats_tui.core.model.panes import PaneReading, PaneRef, PaneState
from xats_tui.core.records import replace
from xats_tui.runtime.settings import Settings
from xats_tui.screens.data.alerts import alert_text, begun_to_ask
from xats_tui.screens.data.snapshot import Snapshot

ASKING_PROGRAM = Path(__file__).parents[1] / "asking.py"

SHELL = PaneRef("", "%5")
ASKED = PaneReading(state=PaneState.DIALOG, reason="asks: Bash command · make")
CALM = replace(FILLED, confirmed_at=NOW)
ASKING = replace(CALM, views={**FILLED.views, SHELL: replace(FILLED.views[SHELL], reading=ASKED)})


def test_only_a_dialog_that_was_not_there_before_is_told() -> None:
    assert [entry.agent for entry in begun_to_ask(CALM, ASKING)] == [QA]
    assert begun_to_ask(ASKING, ASKING) == ()
    assert begun_to_ask(ASKING, CALM) == ()
    assert begun_to_ask(Snapshot(), ASKING) == ()


def test_the_line_names_who_asks_and_what() -> None:
    assert alert_text(begun_to_ask(CALM, ASKING), ASKING) == "xats: qa@shop needs you: asks: Bash command · make"
    both = begun_to_ask(replace(CALM, views={}), ASKING)
    assert sorted(entry.agent.name for entry in both) == ["backend", "qa"]
    assert " and 1 more needs you" in alert_text(both, ASKING)


def test_a_told_dialog_of_an_agent_without_a_pane_is_announced() -> None:
    told = replace(TELLING, confirmed_at=NOW)
    (asking,) = begun_to_ask(CALM, told)
    assert asking.agent is TRANSLATOR
    assert alert_text((asking,), told) == "xats: 翻訳-translator@docs needs you: asks: Bash: touch x"


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(("alert", "told"), [("off", 0), ("bell", 0), ("tmux", 1)])
async def test_tmux_is_told_only_if_that_is_wanted(alert: str, told: int) -> None:
    source, verbs = FixedSource(FILLED), FixedVerbs()
    app = XatsApp(desk(source, verbs=verbs, alert=alert))
    async with app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "backend@shop")
        assert verbs.done == []
        source.snapshot = replace(FILLED, views=ASKING.views)
        source.hear(frozenset({Scope.PANES}))
        await shows(pilot, "qa@shop")
        await shows(pilot, "Bash command · make")
        await settled(pilot)
        await until(pilot, lambda: len(verbs.done) == told)
    assert verbs.done == [("alert", "xats: qa@shop needs you: asks: Bash command · make")][:told]


class Ringing(XatsApp):
    """The dashboard in a terminal that counts its bells."""

    CSS_PATH: ClassVar = [Path(inspect.getfile(XatsApp)).parent / path for path in XatsApp.CSS_PATH]
    rung = 0

    def bell(self) -> None:
        """Count."""
        self.rung += 1


@pytest.mark.parametrize(("alert", "rings"), [slow("off", 0), ("bell", 1), slow("tmux", 0)])
async def test_the_bell_rings_once_for_a_new_dialog_and_only_if_that_is_wanted(alert: str, rings: int) -> None:
    source = FixedSource(FILLED)
    app = Ringing(desk(source, alert=alert))
    async with app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "backend@shop")
        source.snapshot = replace(FILLED, views=ASKING.views)
        for _ in range(2):  # the second picture brings nothing new
            source.hear(frozenset({Scope.PANES}))
            await shows(pilot, "Bash command · make")
            await settled(pilot)
    assert app.rung == rings


async def sent(terminal: int, words: bytes) -> bytes:
    """All that a terminal was sent until these words came."""
    received = b""
    async with asyncio.timeout(PATIENCE):
        while words not in received:
            try:
                received += os.read(terminal, 65536)
            except BlockingIOError:
                await asyncio.sleep(0.02)
    return received


@pytest.mark.tmux
async def test_a_new_dialog_is_told_in_whatever_window_the_operator_is(settings: Settings, tmux: TmuxServer) -> None:
    coordinator = CoordinatorThread(replace(settings, alert="tmux"))
    coordinator.start()
    try:
        pane = tmux.new_pane([tmux.called("claude"), str(ASKING_PROGRAM), "claude-code", "rm -rf #{build}"])
        seat = PaneRef("", tmux.run("list-panes", "-F", "#{pane_id}").strip())
        tmux.run("new-window", "cat")  # the operator looks at another one
        with attached(tmux) as terminal:
            async with agents(settings) as connect, dashboard(coordinator, seat=seat) as pilot:
                qa = await connect("qa", client="claude-code")
                await qa("bind_runtime_identity", agent="claude-code", ui_pid=pane.pid)
                await shows(pilot, "asks: Bash command")
                await sent(terminal, b"qa@shop needs you: asks: Bash command \xc2\xb7 rm -rf #{build}")
    finally:
        coordinator.stop()
