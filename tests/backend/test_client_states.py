"""States and dialogs that clients tell: the most trusted source wins, and an answer hits only the dialog it is for."""

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from tests.fakes import FakeClock
from xats_tui.backend.client_states import ClientStates, StateWatch
from xats_tui.core.errors import Refusal
from xats_tui.core.events import ClientStateChanged, Event
from xats_tui.core.model.client_states import (
    Dialog,
    DialogKind,
    DialogOption,
    Effect,
    StateSource,
    ToldState,
    ToldWork,
    UsedTool,
)
from xats_tui.core.model.panes import PaneState
from xats_tui.core.records import replace
from xats_tui.core.transport import ASK_INTERVAL_S

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
IDLE = ToldState(state=PaneState.IDLE, detail="idle", source=StateSource.THREAD, at=NOON)
BUSY = ToldState(state=PaneState.BUSY, detail="busy", source=StateSource.SESSION_FILE, at=NOON)
DIALOG = Dialog(
    id="d1",
    agent_id="a",
    source="stand-in",
    kind=DialogKind.PERMISSION,
    tool="Bash",
    subject="touch x",
    text="touch x",
    options=(DialogOption(number=1, label="Yes", effect=Effect.ALLOW),),
    opened_at=NOON,
)


class Changes:
    """Counts published changes."""

    def __init__(self) -> None:
        self.count = 0

    def hear(self, events: Iterable[Event]) -> None:
        self.count += sum(isinstance(event, ClientStateChanged) for event in events)


@pytest.fixture
def changes() -> Changes:
    return Changes()


@pytest.fixture
def states(changes: Changes) -> ClientStates:
    return ClientStates(changes.hear)


def test_the_most_trusted_source_tells_the_state(states: ClientStates) -> None:
    states.note("a", StateSource.THREAD, IDLE)
    states.note("a", StateSource.SESSION_FILE, BUSY)
    assert states.of("a") == BUSY
    states.note("a", StateSource.SESSION_FILE, None)
    assert states.of("a") == IDLE


def test_only_a_change_is_published(states: ClientStates, changes: Changes) -> None:
    for _ in range(3):
        states.note("a", StateSource.THREAD, IDLE)
    assert changes.count == 1
    states.forget("a")
    states.forget("a")
    assert changes.count == 2
    assert states.of("a") is None


async def test_an_answer_reaches_the_dialog_that_it_was_meant_for(states: ClientStates) -> None:
    given: list[tuple[int, str]] = []

    async def take(option: DialogOption, text: str) -> None:
        given.append((option.number, text))

    states.open_dialog(DIALOG, take)
    await states.answer(DIALOG, 1)
    assert given == [(1, "")]


async def test_an_answer_to_a_dialog_that_has_changed_is_refused(states: ClientStates) -> None:
    async def take(option: DialogOption, text: str) -> None:
        raise AssertionError("answered a dialog that nobody has seen")

    states.open_dialog(replace(DIALOG, subject="rm -rf x"), take)
    for number in (1, 2):
        with pytest.raises(Refusal, match="prompt_changed"):
            await states.answer(DIALOG, number)
    states.close_dialog("d1")
    with pytest.raises(Refusal, match="prompt_changed"):
        await states.answer(DIALOG, 1)


async def test_an_option_that_the_dialog_does_not_have_is_refused(states: ClientStates) -> None:
    async def take(option: DialogOption, text: str) -> None:
        raise AssertionError("took an option that does not exist")

    states.open_dialog(DIALOG, take)
    with pytest.raises(Refusal, match="not_answerable"):
        await states.answer(DIALOG, 2)


def test_a_watch_asks_at_once_when_another_state_is_told_and_else_once_a_second(states: ClientStates) -> None:
    clock = FakeClock()
    states.note("a", StateSource.THREAD, IDLE)
    watch = StateWatch("a", states, clock)
    assert not watch.may_be_free()
    states.note("a", StateSource.SESSION_FILE, BUSY)
    assert watch.may_be_free()
    assert not watch.may_be_free(), "it has been asked"
    clock.advance(ASK_INTERVAL_S)
    assert watch.may_be_free()


def test_what_one_event_did_not_tell_of_an_agents_work_still_holds() -> None:
    changes = Changes()
    states = ClientStates(changes.hear)
    bash = UsedTool(name="Bash", at=NOON)
    states.note_work("a", ToldWork(model="m", tokens=7))
    states.note_work("a", ToldWork(tool=bash))
    states.note_work("a", ToldWork(model="m"))
    assert states.work_of("a") == ToldWork(tool=bash, model="m", tokens=7)
    assert changes.count == 2
    states.forget("a")
    assert states.work_of("a") is None
