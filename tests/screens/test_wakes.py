"""The Wakes mode through keys: what it shows of a wake, the way to its message, replay, cancel and force."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.conftest import Sql
from tests.screens.looking import put, settled, shows, text, until
from tests.screens.sample.clock import FrozenClock
from tests.screens.sample.desk import desk
from tests.screens.sample.filled import FILLED
from tests.screens.sample.source import FixedSource
from tests.screens.sample.verbs import FixedVerbs
from tests.screens.sample.wakes import ATTEMPTS, GATES, WAKES
from tests.screens.supervising import agents, bind, dashboard, open_mode
from tests.tmux_server import TmuxServer
from xats_tui.app import XatsApp
from xats_tui.backend.thread import CoordinatorThread
from xats_tui.core.events import Scope
from xats_tui.core.model.wakes import Gate, WakeAttempt, WakeStage, WakeStatus
from xats_tui.core.records import replace
from xats_tui.runtime.settings import Settings
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.data.verbs import VerbRefused
from xats_tui.screens.modes.list_mode import ListMode
from xats_tui.screens.modes.mode_screen import ModeScreen
from xats_tui.screens.modes.places import Mode

SUBMITTED, BACKENDS, QAS, DOCS, READ, SKIPPED = WAKES


class CountingSource(FixedSource):
    """Counts how often the gates were judged; the verdicts can be changed."""

    def __init__(self, snapshot: Snapshot = FILLED) -> None:
        super().__init__(snapshot)
        self.judged: list[str] = []
        self.gates = GATES
        self.tried: tuple[WakeAttempt, ...] = ATTEMPTS

    async def why_not(self, message_id: str, agent_id: str) -> tuple[Gate, ...]:
        """The verdicts as they are now."""
        self.judged.append(agent_id)
        return self.gates

    async def attempts(self, message_id: str, agent_id: str) -> tuple[WakeAttempt, ...]:
        """The attempts as they are now."""
        return self.tried


@asynccontextmanager
async def wakes(
    snapshot: Snapshot = FILLED, size: tuple[int, int] = (120, 40), **fields: Any
) -> AsyncIterator[tuple[Pilot[Any], CountingSource]]:
    """The dashboard with the wakes open, and the source that it shows."""
    source = CountingSource(snapshot)
    app = XatsApp(desk(source, **fields))
    async with app.run_test(size=size, notifications=True) as pilot:
        await shows(pilot, "xats :9100")
        await open_mode(pilot, Mode.WAKES)
        await settled(pilot)
        yield pilot, source


def screen(pilot: Pilot[Any]) -> ListMode:
    shown = pilot.app.screen
    assert isinstance(shown, ListMode)
    return shown


def chosen(pilot: Pilot[Any]) -> str | None:
    return screen(pilot).list_panel.table.chosen


def listed(pilot: Pilot[Any]) -> list[str]:
    return list(screen(pilot).list_panel.table.keys)


def tick(pilot: Pilot[Any]) -> None:
    """Do the update that the next second would bring."""
    shown = pilot.app.screen
    assert isinstance(shown, ModeScreen)
    shown.draw()


async def change(source: FixedSource, snapshot: Snapshot) -> None:
    source.snapshot = snapshot
    source.hear(frozenset({Scope.WAKES}))


@pytest.mark.slow
async def test_what_failed_stands_before_what_waits_and_that_before_history() -> None:
    async with wakes() as (pilot, _):
        assert listed(pilot) == [wake.key for wake in (QAS, BACKENDS, DOCS, SUBMITTED, READ, SKIPPED)]


@pytest.mark.slow
async def test_a_failed_wake_of_an_agent_that_has_left_needs_nobody() -> None:
    gone = replace(QAS, agent_id="gone-0001")
    async with wakes(replace(FILLED, wakes=(gone, BACKENDS))) as (pilot, _):
        assert listed(pilot) == [BACKENDS.key, gone.key]
        await pilot.press("down")
        await shows(pilot, "→ gone, gone")


@pytest.mark.slow
async def test_from_anywhere_a_failed_wake_is_two_keys_from_its_replay() -> None:
    verbs = FixedVerbs()
    starts = [mode for mode in Mode if mode is not Mode.WAKES]
    async with wakes(verbs=verbs) as (pilot, _):
        for times, start in enumerate(starts, 1):
            await open_mode(pilot, start)
            await pilot.press("4", "r")
            await until(pilot, lambda times=times: len(verbs.done) == times)  # type: ignore[misc]
    assert verbs.done == [("replay", (QAS.message_id, QAS.agent_id))] * len(starts)


@pytest.mark.slow
async def test_what_fails_while_another_mode_is_open_is_selected_when_one_comes_back_and_only_that() -> None:
    async with wakes() as (pilot, source):
        await pilot.press("down", "down")
        await open_mode(pilot, Mode.TASKS)
        await open_mode(pilot, Mode.WAKES)
        assert chosen(pilot) == DOCS.key
        await open_mode(pilot, Mode.TASKS)
        failed = replace(BACKENDS, status=WakeStatus.FAILED, due_at=None)
        await change(source, replace(FILLED, wakes=(SUBMITTED, failed, *WAKES[2:])))
        await until(pilot, lambda: failed in pilot.app.screen.snapshot.wakes)  # type: ignore[attr-defined]
        await open_mode(pilot, Mode.WAKES)
        await until(pilot, lambda: chosen(pilot) == failed.key)


FOUND = {
    "failed": [QAS],
    "waiting": [BACKENDS, DOCS],
    "delivered": [SUBMITTED, READ],
    "submitted": [SUBMITTED],
    "read": [READ],
    "skipped": [SKIPPED],
    "@docs": [DOCS],
    "@docs failed": [],
}


@pytest.mark.slow
async def test_a_filter_names_a_state_or_an_agent() -> None:
    async with wakes() as (pilot, _):
        for words, found in FOUND.items():
            await pilot.press("colon")
            await put(pilot, f"wakes {words}")
            await pilot.press("enter")
            await shows(pilot, f"/{words}: {len(found)} of 6")
            assert listed(pilot) == [wake.key for wake in found]


@pytest.mark.slow
async def test_the_ladder_shows_when_each_rung_was_reached_and_which_were_not() -> None:
    async with wakes() as (pilot, _):
        await pilot.press("down", "down", "down")
        await shows(pilot, "14:03:00 +2s")
        rungs, times = text(pilot).splitlines()[text(pilot).split("evidence  queued")[0].count("\n") :][:2]
        assert [word for word in rungs.split() if word.isalpha()][1:] == [step.value for step in WakeStage]
        assert times.count("·") == 2


@pytest.mark.slow
async def test_the_next_try_is_counted_down() -> None:
    clock = FrozenClock()
    async with wakes(clock=clock) as (pilot, _):
        await pilot.press("down")
        await shows(pilot, "next try  in 6m40s, at 14:10:02, or as soon as the pane allows")
        clock.instant += timedelta(seconds=70)
        tick(pilot)
        await shows(pilot, "next try  in 5m30s, at 14:10:02")


@pytest.mark.slow
async def test_every_gate_is_shown_with_its_verdict_and_what_a_try_would_come_to() -> None:
    async with wakes() as (pilot, source):
        await shows(pilot, "a try now would wait: 2 gates of 14 closed")
        await shows(pilot, "✕ state          busy: spinner in the title")
        await shows(pilot, "✔ owner          process 4412")
        source.gates = tuple(replace(gate, holds=True) for gate in GATES)
        await change(source, replace(FILLED, wakes=(SUBMITTED, BACKENDS, replace(QAS, attempts=5), *WAKES[3:])))
        await shows(pilot, "✔ a try now would go through: every gate is open")
        source.gates = ()
        await change(source, FILLED)
        await shows(pilot, "the agent has left: there is nobody to wake")


@pytest.mark.slow
async def test_what_stands_in_the_way_is_told_to_its_end_with_the_remedy() -> None:
    told = "keys go to every pane of the window, the neighbours' too: tmux set-option -w -t %2 synchronize-panes off"
    async with wakes() as (pilot, source):
        source.gates = (Gate(name="synchronized", holds=False, detail=told), *GATES)
        await change(source, replace(FILLED, wakes=(SUBMITTED, BACKENDS, replace(QAS, attempts=5), *WAKES[3:])))
        await shows(pilot, "synchronize-panes off")
        assert "✕ synchronized" in text(pilot)


async def test_the_gates_are_judged_again_while_they_are_looked_at_but_not_on_a_paused_screen() -> None:
    clock = FrozenClock()
    async with wakes(clock=clock) as (pilot, source):
        await until(pilot, lambda: len(source.judged) == 1)
        tick(pilot)
        clock.instant += timedelta(seconds=2)
        tick(pilot)
        await until(pilot, lambda: len(source.judged) == 2)
        await pilot.press("P")
        clock.instant += timedelta(seconds=20)
        tick(pilot)
        await settled(pilot)
        assert len(source.judged) == 2


async def test_nobody_looks_at_the_pane_for_a_wake_that_has_been_read() -> None:
    async with wakes(replace(FILLED, wakes=(READ,))) as (pilot, source):
        await shows(pilot, "no wake is needed")
        assert source.judged == []


@pytest.mark.slow
async def test_the_looks_before_and_after_stand_side_by_side_where_there_is_room() -> None:
    attempt = replace(ATTEMPTS[0], outcome="submitted", seen_before="qa> one", seen_after="took 1: one\nqa>")

    async def lines_of(size: tuple[int, int]) -> list[str]:
        async with wakes(size=size) as (pilot, source):
            source.tried = (attempt,)
            await change(source, replace(FILLED, wakes=(replace(QAS, attempts=9),)))
            await pilot.press("enter", "z", "end")
            await shows(pilot, "after")
            return text(pilot).splitlines()

    (both,) = (line for line in await lines_of((120, 40)) if "qa> one" in line)
    assert "before  │ qa> one" in both and "after   │ took 1: one" in both
    (before,) = (line for line in await lines_of((80, 24)) if "qa> one" in line)
    assert "took 1" not in before


@pytest.mark.slow
async def test_what_the_operator_did_stands_between_the_attempts_so_that_a_replay_is_seen_with_the_first_wake() -> None:
    async with wakes(size=(120, 50)) as (pilot, source):
        replayed = FILLED.activity[0].at
        source.tried = (ATTEMPTS[0], replace(ATTEMPTS[1], at=replayed + timedelta(seconds=1)))
        await change(source, replace(FILLED, wakes=(replace(QAS, attempts=2),)))
        await shows(pilot, "operator  13:59:52  replay")
        shown = text(pilot)
        assert shown.index("#2  13:59:53") < shown.index("operator  13:59:52  replay") < shown.index("#1  13:52:22")


@pytest.mark.slow
async def test_of_very_many_attempts_the_newest_are_shown_and_the_rest_counted() -> None:
    async with wakes(size=(120, 50)) as (pilot, source):
        source.tried = tuple(replace(ATTEMPTS[0], number=number) for number in range(1, 151))
        await change(source, replace(FILLED, wakes=(replace(DOCS, attempts=150),)))
        await shows(pilot, "#150")
        await pilot.press("enter", "z", "end")
        await shows(pilot, "… 138 earlier attempts")


async def test_enter_in_the_detail_leads_to_the_message_and_escape_back() -> None:
    letter = FILLED.stream[0]
    about = replace(QAS, message_id=letter.id)
    async with wakes(replace(FILLED, wakes=(about,))) as (pilot, _):
        await shows(pilot, "The endpoint answers with a number since this morning.↵On purpose?")
        await pilot.press("enter", "enter")
        await until(pilot, lambda: screen(pilot).mode is Mode.MESSAGES)
        await until(pilot, lambda: chosen(pilot) == str(letter.event_id))
        await pilot.press("escape")
        await until(pilot, lambda: screen(pilot).mode is Mode.WAKES)


@pytest.mark.slow
async def test_one_wake_that_is_over_does_not_keep_others_from_being_ended() -> None:
    class Ended(FixedVerbs):
        async def cancel_wake(self, message_id: str, agent_id: str) -> None:
            if agent_id == BACKENDS.agent_id:
                raise VerbRefused("wake_is_over", "that wake is over")
            await super().cancel_wake(message_id, agent_id)

    verbs = Ended()
    async with wakes(verbs=verbs) as (pilot, _):
        await pilot.press("down", "space", "space", "c", "right", "enter")
        await shows(pilot, "ended 1 wake for docs")
        await shows(pilot, "backend: that wake is over")
    assert verbs.done == [("cancel", DOCS.message_id, DOCS.agent_id)]


@pytest.mark.slow
async def test_a_force_that_a_dialog_kept_out_says_so() -> None:
    async with wakes() as (pilot, _):
        await pilot.press("down", "f", "right", "enter")
        await shows(pilot, "backend was not woken: a permission dialog is open")


@pytest.mark.slow
async def test_several_agents_are_not_forced_at_once() -> None:
    verbs = FixedVerbs()
    async with wakes(verbs=verbs) as (pilot, _):
        await pilot.press("space", "space", "f")
        await shows(pilot, "force: several agents are selected")
    assert verbs.done == []


@pytest.mark.slow
async def test_a_time_of_another_day_is_a_date() -> None:
    old = {step: at - timedelta(days=2) for step, at in READ.reached.items()}
    async with wakes(replace(FILLED, wakes=(replace(READ, reached=old),))) as (pilot, _):
        await shows(pilot, "20 Nov")


@pytest.mark.slow
@pytest.mark.tmux
async def test_the_gates_of_a_real_pane_follow_what_happens_there_and_nothing_is_marked_read(
    settings: Settings, coordinator: CoordinatorThread, tmux: TmuxServer, sql: Sql
) -> None:
    pane = await tmux.stand_in("qa")
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        backend, qa = await connect("backend"), await connect("qa")
        await bind(qa, pane.pid)
        tmux.run("send-keys", "-t", pane.pane_id, "-l", "half a draft")
        await tmux.wait_for(pane.pane_id, "half a draft")
        await backend("send_message", to_agent_name="qa", subject="Suite", body="please run it")
        await open_mode(pilot, Mode.WAKES)
        await shows(pilot, "✕ draft")
        await shows(pilot, "from backend@shop")
        await pilot.press("enter", "z")
        await shows(pilot, "looked  │ qa> half a draft")
        await pilot.press("escape", "escape")
        assert sql("SELECT count(*) FROM messages WHERE read_at IS NULL") == [(1,)]
        await pilot.press("c", "right", "enter")
        await shows(pilot, "ended 1 wake for qa")
        tmux.run("send-keys", "-t", pane.pane_id, "C-u")
        await shows(pilot, "every gate is open")
        await pilot.press("r")
        await shows(pilot, "● submitted")
        await pilot.press("enter", "z")
        await shows(pilot, "  cancel")
        assert sql("SELECT count(*) FROM messages WHERE read_at IS NULL") == [(1,)]
    assert sql("SELECT verb FROM activity ORDER BY activity_id") == [("cancel",), ("replay",)]


@pytest.mark.slow
async def test_a_replay_whose_outcome_cannot_be_read_was_a_replay() -> None:
    source, verbs = FixedSource(FILLED), FixedVerbs()
    async with XatsApp(desk(source, verbs=verbs)).run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "xats :9100")
        await open_mode(pilot, Mode.WAKES)
        source.failing = True
        await pilot.press("r")
        await shows(pilot, "their outcome could not be read: database is locked")
        assert "replayed 1 wake for qa" in text(pilot)
    assert [verb for verb, *_ in verbs.done] == ["replay"]
