"""Time travel in the dashboard: plainly marked, unknown where nothing was stored, and nothing can be changed there."""

from collections.abc import Callable, Coroutine, Iterable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from tests.screens.looking import shows, text, until
from tests.screens.sample.clock import NOW
from tests.screens.sample.desk import desk
from tests.screens.sample.filled import FILLED
from tests.screens.sample.past import THEN, PastSample, away, past_sample
from tests.screens.sample.source import FixedSource
from tests.screens.supervising import agents, dashboard
from xats_tui.app import XatsApp
from xats_tui.backend.operator_api.api import VERBS, OperatorApi
from xats_tui.backend.operator_api.declaration import Verb
from xats_tui.backend.thread import CoordinatorThread
from xats_tui.core.events import Scope
from xats_tui.core.model.panes import PaneLook, PaneReading, PaneRef, PaneState, PaneView
from xats_tui.core.model.wakes import WakeAttempt
from xats_tui.runtime.settings import Settings
from xats_tui.screens.actions.acting import ActionContext
from xats_tui.screens.data.coordinator_verbs import CoordinatorVerbs
from xats_tui.screens.data.snapshot import Slice
from xats_tui.screens.data.verbs import VerbRefused
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.past.bar import fraction
from xats_tui.screens.past.travel import NO_CHANGES, Travel


@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_every_mode_is_marked_as_past(size: tuple[int, int]) -> None:
    app = XatsApp(desk(PastSample(past_sample()), travel=away()))
    async with app.run_test(size=size) as pilot:
        for mode in Mode:
            await pilot.press(mode.digit)
            await shows(pilot, "PAST")
            await shows(pilot, ":now")
            await shows(pilot, "●")  # where between the log's beginning and now


async def test_what_was_not_stored_is_unknown_in_the_past() -> None:
    app = XatsApp(desk(PastSample(past_sample()), travel=away()))
    async with app.run_test(size=(160, 50)) as pilot:
        await pilot.press(Mode.LIVE.digit)
        await shows(pilot, "agents ?/")
        await shows(pilot, "? unknown")
        await shows(pilot, "unknown what this pane showed")
        assert "this minute" not in text(pilot)
        assert "has been away" not in text(pilot)
        await pilot.press(Mode.AGENTS.digit)
        await shows(pilot, "unknown at that time")
        await pilot.press(Mode.WAKES.digit)
        await shows(pilot, "gates are judged in the present only")


class NoLink:
    """A coordinator that nobody may ask."""

    async def ask_operator(self, question: Callable[[OperatorApi], Coroutine[Any, Any, Any]]) -> Any:
        """Fail."""
        raise AssertionError(question)

    def listen(self, hear: Callable[[frozenset[Scope]], None]) -> Callable[[], None]:
        """Hear nothing."""
        return lambda: None


@pytest.mark.parametrize("verb", [verb for verb in VERBS.values() if verb.changes], ids=lambda verb: verb.name)
async def test_no_verb_that_changes_something_goes_through_in_the_past(verb: Verb[..., Any]) -> None:
    with pytest.raises(VerbRefused) as refused:
        await CoordinatorVerbs(NoLink(), travel=away()).ask(verb)
    assert refused.value.sentence == NO_CHANGES


async def test_an_action_that_changes_something_says_why_it_is_refused_in_the_past() -> None:
    app = XatsApp(desk(PastSample(past_sample()), travel=away()))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await pilot.press(Mode.AGENTS.digit, "p")
        await shows(pilot, "this is the past")
        await pilot.press("ctrl+f")
        await shows(pilot, "a search looks through the present")


async def test_the_operator_travels_back_by_event_and_returns(
    settings: Settings, coordinator: CoordinatorThread
) -> None:
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        ann = await connect("ann")
        await connect("bob")
        await ann("send_message", to_agent_name="bob", body="the first word")
        await ann("send_message", to_agent_name="bob", body="the second word")
        await pilot.press(Mode.MESSAGES.digit)
        await shows(pilot, "the second word")
        for _ in range(30):
            await pilot.press("[")
            await shows(pilot, "PAST")
            await until(pilot, lambda: "going there" not in text(pilot))
            if "the second word" not in text(pilot):
                break
        assert "the first word" in text(pilot)
        assert "the second word" not in text(pilot)

        await ann("send_message", to_agent_name="bob", body="the third word")
        await shows(pilot, " since")
        assert "the third word" not in text(pilot)

        await pilot.press("escape")
        await shows(pilot, "the third word")
        assert "PAST" not in text(pilot)


class BothSample(PastSample):
    """The sample in the present, and a past in which no wake had been tried."""

    def __init__(self, travel: Travel) -> None:
        super().__init__(FILLED)
        self._travel = travel

    async def load(self, parts: Iterable[Slice], panes: Iterable[PaneRef]) -> Mapping[str, Any]:
        """Return the slices of either."""
        return await (super().load(parts, panes) if self._travel.is_away else FixedSource.load(self, parts, panes))

    async def attempts(self, message_id: str, agent_id: str) -> tuple[WakeAttempt, ...]:
        """Return the attempts of either."""
        return () if self._travel.is_away else await super().attempts(message_id, agent_id)


async def test_what_was_loaded_of_the_present_is_not_shown_in_the_past() -> None:
    travel = Travel()
    app = XatsApp(desk(BothSample(travel), travel=travel))
    async with app.run_test(size=(160, 50)) as pilot:
        await pilot.press(Mode.WAKES.digit)
        await shows(pilot, "#1")
        travel.go(THEN, NOW - timedelta(hours=2))
        app.screen.post_message(ActionContext.Travelled())
        await shows(pilot, "PAST")
        await until(pilot, lambda: "#1" not in text(pilot))


async def test_a_time_before_the_log_is_refused_with_its_beginning(
    settings: Settings, coordinator: CoordinatorThread
) -> None:
    async with dashboard(coordinator) as pilot:
        await pilot.press(":", *"at 2020-01-01", "enter")
        await shows(pilot, "the log begins on")
        assert "PAST" not in text(pilot)


async def test_the_screens_that_a_pane_showed_before_are_turned_over() -> None:
    entry = next(one for one in FILLED.roster if one.agent.name == "backend" and one.agent.binding)
    assert entry.agent.binding
    source = FixedSource(FILLED)
    source.kept = tuple(kept_look(entry.agent.binding.pane, text) for text in ("stopped here", "worked on that"))
    app = XatsApp(desk(source))
    async with app.run_test(size=(160, 50), notifications=True) as pilot:
        await pilot.press(Mode.AGENTS.digit, "slash", *"backend", "enter", "left")
        await shows(pilot, "stopped here")
        await pilot.press("left")
        await shows(pilot, "worked on that")
        await shows(pilot, "screen 2 of 2 before this")
        await pilot.press("left")
        await shows(pilot, "no earlier screen")
        await pilot.press("right")
        await shows(pilot, "stopped here")
        await pilot.press("escape")
        await until(pilot, lambda: "before this" not in text(pilot))


def kept_look(pane: PaneRef, screen: str) -> PaneView:
    return PaneView(
        look=PaneLook(pane=pane, at=NOW - timedelta(minutes=3), formats={}, screen=screen),
        reading=PaneReading(state=PaneState.IDLE, reason=""),
        unchanged_since=NOW,
        state_since=NOW,
    )


def test_the_slider_shows_where_the_moment_lies() -> None:
    first = NOW - timedelta(hours=4)
    assert fraction(first, NOW - timedelta(hours=1), NOW) == 0.75
    assert fraction(first, first - timedelta(hours=1), NOW) == 0
    assert fraction(NOW, NOW, NOW) == 1
