"""A dialog that opens is told once, in the way that the operator has set."""

from dataclasses import replace

import pytest

from tests.screens.looking import settled, shows, until
from tests.screens.sample import BACKEND, FILLED, NOW, QA, FixedSource, FixedVerbs, desk
from xats_tui.app import XatsApp
from xats_tui.backend.events import Scope
from xats_tui.backend.model import PaneReading, PaneRef, PaneState
from xats_tui.screens.alerts import alert_text, begun_to_ask
from xats_tui.screens.source import Picture

SHELL = PaneRef("", "%5")
ASKED = PaneReading(state=PaneState.DIALOG, reason="asks: Bash command · make")
CALM = replace(FILLED, confirmed_at=NOW)
ASKING = replace(CALM, views={**FILLED.views, SHELL: replace(FILLED.views[SHELL], reading=ASKED)})


def test_only_a_dialog_that_was_not_there_before_is_told() -> None:
    assert [entry.agent for entry in begun_to_ask(CALM, ASKING)] == [QA]
    assert begun_to_ask(ASKING, ASKING) == ()
    assert begun_to_ask(ASKING, CALM) == ()
    assert begun_to_ask(Picture(), ASKING) == ()


def test_the_line_names_who_asks_and_what() -> None:
    assert alert_text(begun_to_ask(CALM, ASKING), ASKING) == "xats: qa@shop needs you: asks: Bash command · make"
    both = begun_to_ask(replace(CALM, views={}), ASKING)
    assert [entry.agent for entry in both] == [BACKEND, QA]
    assert " and 1 more needs you" in alert_text(both, ASKING)


@pytest.mark.parametrize(("alert", "told"), [("off", 0), ("bell", 0), ("tmux", 1)])
async def test_tmux_is_told_only_if_that_is_wanted(alert: str, told: int) -> None:
    source, verbs = FixedSource(FILLED), FixedVerbs()
    app = XatsApp(desk(source, verbs=verbs, alert=alert))
    async with app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "backend@shop")
        assert verbs.done == []
        source.picture = replace(FILLED, views=ASKING.views)
        source.hear(frozenset({Scope.PANES}))
        await shows(pilot, "qa@shop")
        await shows(pilot, "Bash command · make")
        await settled(pilot)
        await until(pilot, lambda: len(verbs.done) == told)
    assert verbs.done == [("alert", "xats: qa@shop needs you: asks: Bash command · make")][:told]
