"""The state of an agent for people: what its hooks asked is believed until the screen shows something newer."""

from datetime import UTC, datetime, timedelta

import pytest

from xats_tui.core.model.client_states import StateSource, ToldState, agent_state
from xats_tui.core.model.panes import PaneLook, PaneReading, PaneRef, PaneState, PaneView

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def shown(state: PaneState, since: datetime) -> PaneView:
    look = PaneLook(pane=PaneRef(socket="/s", pane_id="%1"), at=NOW, formats={}, screen="")
    reading = PaneReading(state=state, reason="seen")
    return PaneView(look=look, reading=reading, unchanged_since=since, state_since=since)


@pytest.mark.parametrize(
    ("source", "screen_since", "expected"),
    [
        (StateSource.HOOKS, NOW - SECOND, PaneState.DIALOG),
        (StateSource.HOOKS, NOW + SECOND, PaneState.BUSY),
        (StateSource.SESSION_FILE, NOW + SECOND, PaneState.DIALOG),
    ],
    ids=["a question that the screen has not left", "one that it has left", "one that the client still tells"],
)
def test_a_question_that_only_the_client_tells(
    source: StateSource, screen_since: datetime, expected: PaneState
) -> None:
    told = ToldState(state=PaneState.DIALOG, detail="Notification: rm x", source=source, at=NOW)

    state = agent_state(shown(PaneState.BUSY, screen_since), told, ())

    assert state is not None and state.state is expected


def test_without_a_screen_that_is_read_the_hooks_are_what_is_known() -> None:
    told = ToldState(state=PaneState.BUSY, detail="UserPromptSubmit", source=StateSource.HOOKS, at=NOW)

    for view in (None, shown(PaneState.UNKNOWN, NOW)):
        state = agent_state(view, told, ())
        assert state is not None and (state.state, state.source) == (PaneState.BUSY, "hooks")
