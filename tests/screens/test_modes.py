"""Common features of all list modes, with keys and mouse, on a sample: drill in and out, mark, sort, pause, return."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.screens.looking import feed, settled, shows, text, until
from tests.screens.sample.agents import REVIEWER
from tests.screens.sample.desk import desk
from tests.screens.sample.filled import FILLED
from tests.screens.sample.source import FixedSource
from tests.screens.sample.verbs import FixedVerbs
from tests.screens.sample.wakes import WAKES
from tests.screens.supervising import open_mode
from xats_tui.app import XatsApp
from xats_tui.core.events import Scope
from xats_tui.core.records import replace
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.modes import mode_screen
from xats_tui.screens.modes.list_mode import ListMode
from xats_tui.screens.modes.mode_screen import ModeScreen
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.widgets.tables import KeyedTable


@asynccontextmanager
async def opened(
    mode: Mode, size: tuple[int, int] = (120, 40), snapshot: Snapshot = FILLED, **fields: Any
) -> AsyncIterator[tuple[Pilot[Any], FixedSource]]:
    """The dashboard with a mode open, and the source that it shows."""
    source = FixedSource(snapshot)
    app = XatsApp(desk(source, **fields))
    async with app.run_test(size=size, notifications=True) as pilot:
        await shows(pilot, "xats :9100")
        await pilot.press(mode.digit)
        await until(pilot, lambda: is_open(pilot, mode))
        await settled(pilot)
        yield pilot, source


def is_open(pilot: Pilot[Any], mode: Mode) -> bool:
    screen = pilot.app.screen
    return isinstance(screen, ModeScreen) and screen.mode is mode


def table(pilot: Pilot[Any]) -> KeyedTable:
    screen = pilot.app.screen
    assert isinstance(screen, ListMode)
    return screen.list_panel.table


async def test_a_snapshot_that_comes_while_the_program_is_left_is_let_go() -> None:
    async with opened(Mode.WAKES) as (pilot, _):
        screen = pilot.app.screen
        assert isinstance(screen, ListMode)
        screen.set_focus(None)
        await screen.list_panel.remove()

        screen.show(screen.snapshot)
        screen.draw()

        assert screen.is_mounted


def names(pilot: Pilot[Any]) -> list[str]:
    return list(table(pilot).keys)


@pytest.mark.slow
async def test_a_mode_keeps_its_cursor_while_others_are_open() -> None:
    modes, chosen = list(Mode)[1:], {}
    async with opened(Mode.LIVE) as (pilot, _):
        for mode in modes:
            await open_mode(pilot, mode)
            await settled(pilot)
            await pilot.press("down", "down")
            chosen[mode] = table(pilot).chosen
        for mode in modes:
            await open_mode(pilot, mode)
            assert table(pilot).chosen == chosen[mode]
            assert pilot.app.screen.focused is table(pilot)


async def test_escape_at_the_top_leads_back_through_rows_and_stays_in_a_mode_that_a_digit_opened() -> None:
    async with opened(Mode.WAKES) as (pilot, _):
        await pilot.press("2")
        await until(pilot, lambda: is_open(pilot, Mode.AGENTS))
        pilot.app.screen.post_message(ModeScreen.Wanted(Mode.WAKES, row=WAKES[0].key))
        await until(pilot, lambda: is_open(pilot, Mode.WAKES))
        await pilot.press("escape")
        await until(pilot, lambda: is_open(pilot, Mode.AGENTS))
        await pilot.press(*["escape"] * 5)
        await settled(pilot)
        assert is_open(pilot, Mode.AGENTS)


@pytest.mark.slow
async def test_escape_leaves_detail_marks_filter_and_zoom_one_by_one() -> None:
    async with opened(Mode.WAKES) as (pilot, _):
        screen = pilot.app.screen
        assert isinstance(screen, ListMode)
        await pilot.press("slash", *"shell", "enter", "z", "space", "enter")
        await until(pilot, lambda: screen.inside)
        seen = []
        for _ in range(5):
            here = screen.situation()
            seen.append((here.inside, bool(here.marked), here.filtered, here.zoomed))
            await pilot.press("escape")
            await pilot.pause()
        assert seen == [
            (True, True, True, True),
            (False, True, True, True),
            (False, False, True, True),
            (False, False, False, True),
            (False, False, False, False),
        ]
        assert is_open(pilot, Mode.WAKES)


@pytest.mark.slow
async def test_on_a_small_screen_the_detail_takes_the_place_of_the_list() -> None:
    async with opened(Mode.WAKES, size=(80, 24)) as (pilot, _):
        assert "evidence or reason" in text(pilot)
        await pilot.press("enter")
        await shows(pilot, "why not?")
        assert "evidence or reason" not in text(pilot)
        assert "esc back" in text(pilot)
        await pilot.press("escape")
        await shows(pilot, "evidence or reason")
        assert table(pilot).has_focus


@pytest.mark.slow
async def test_several_are_marked_and_replayed_at_once() -> None:
    verbs = FixedVerbs()
    async with opened(Mode.WAKES, verbs=verbs) as (pilot, _):
        await pilot.press("space", "space")
        await shows(pilot, "✓ 2 marked")
        await pilot.press("r")
        await shows(pilot, "replayed 2 wakes for backend, qa")
    (replayed,) = verbs.done
    assert replayed == ("replay", *((wake.message_id, wake.agent_id) for wake in (WAKES[2], WAKES[1])))


@pytest.mark.slow
async def test_marks_of_rows_that_are_not_shown_are_said() -> None:
    async with opened(Mode.TASKS) as (pilot, _):
        feed(pilot, "\x01/!migrate\r")
        await shows(pilot, "✓ 2 marked · 1 not shown")
        await pilot.press("asterisk")
        await shows(pilot, "✓ 1 marked · 1 not shown")
        await pilot.press("right", "space")
        await shows(pilot, "✓ 1 marked · 1 in other columns")


@pytest.mark.slow
async def test_marks_stay_on_their_rows_when_others_come_and_go() -> None:
    async with opened(Mode.WAKES) as (pilot, source):
        await pilot.press("down", "space")
        marked = WAKES[1].key
        other = replace(WAKES[2], message_id="new", agent_id=REVIEWER.agent_id)
        source.snapshot = replace(FILLED, wakes=(other, *WAKES[1:]))
        source.hear(frozenset({Scope.WAKES}))
        await until(pilot, lambda: names(pilot)[0].startswith("new"))
        screen = pilot.app.screen
        assert isinstance(screen, ListMode)
        assert screen.list_panel.marked == (marked,)
        source.snapshot = replace(FILLED, wakes=WAKES[2:])
        source.hear(frozenset({Scope.WAKES}))
        await until(pilot, lambda: len(names(pilot)) == 4)
        assert not screen.list_panel.marked


@pytest.mark.slow
async def test_sorting_goes_through_the_columns_and_shows_which() -> None:
    async with opened(Mode.WAKES, size=(160, 50)) as (pilot, _):
        own = names(pilot)
        await pilot.press(*["s"] * 4)
        await shows(pilot, "tries▲")
        await pilot.press("S")
        await shows(pilot, "tries▼")
        assert names(pilot)[0] == WAKES[2].key
        await pilot.press(*["s"] * 5)
        await until(pilot, lambda: names(pilot) == own)


@pytest.mark.slow
async def test_ages_are_sorted_as_times_not_as_texts() -> None:
    async with opened(Mode.WAKES, size=(160, 50)) as (pilot, _):
        await pilot.press(*["s"] * 6, "S", "S")
        await shows(pilot, "age▲")
        youngest_first = sorted(WAKES, key=lambda wake: min(wake.reached.values()), reverse=True)
        assert names(pilot) == [wake.key for wake in youngest_first]


@pytest.mark.slow
async def test_a_click_selects_two_open_and_one_on_a_title_sorts() -> None:
    async with opened(Mode.WAKES) as (pilot, _):
        screen = pilot.app.screen
        assert isinstance(screen, ListMode)
        await pilot.click("#list KeyedTable", offset=(8, 3))
        await until(pilot, lambda: table(pilot).chosen == WAKES[3].key)
        assert not screen.inside
        await pilot.click("#list KeyedTable", offset=(8, 3), times=2)
        await until(pilot, lambda: screen.inside)
        await pilot.click("#list KeyedTable", offset=(16, 0))
        await shows(pilot, "agent▲")


async def test_a_paused_list_stands_still_and_says_so_while_the_header_goes_on() -> None:
    async with opened(Mode.WAKES) as (pilot, source):
        await pilot.press("P")
        await shows(pilot, "paused 0s")
        assert FILLED.health
        source.snapshot = replace(FILLED, wakes=(), health=replace(FILLED.health, wakes_failed=7))
        source.hear(frozenset({Scope.WAKES}))
        await shows(pilot, "7 failed")
        assert len(names(pilot)) == 6
        await pilot.press("P")
        await shows(pilot, "No wake yet")


@pytest.mark.slow
async def test_a_command_opens_a_mode_with_its_filter_and_completes_names() -> None:
    async with opened(Mode.LIVE) as (pilot, _):
        await pilot.press("colon", *"wak")
        await shows(pilot, "wakes")
        await pilot.press("tab", "space", *"failed", "enter")
        await until(pilot, lambda: is_open(pilot, Mode.WAKES))
        await shows(pilot, "/failed: 1 of 6")
        await pilot.press("colon", *"nonsense", "enter")
        await shows(pilot, "No command :nonsense")
        assert is_open(pilot, Mode.WAKES)


async def test_a_concern_leads_to_its_cause_in_the_mode_that_shows_it() -> None:
    async with opened(Mode.LIVE) as (pilot, _):
        await pilot.press("shift+tab", "down", "enter")
        await until(pilot, lambda: is_open(pilot, Mode.WAKES))
        await until(pilot, lambda: table(pilot).chosen == WAKES[2].key)
        await pilot.press("escape")
        await until(pilot, lambda: is_open(pilot, Mode.LIVE))


async def test_a_failed_wake_is_replayed_from_the_attention_panel_in_two_keys() -> None:
    verbs = FixedVerbs()
    async with opened(Mode.LIVE, verbs=verbs) as (pilot, _):
        await pilot.press("shift+tab", "down", "r")
        await shows(pilot, "replayed 1 wake for qa")
    assert verbs.done == [("replay", (WAKES[2].message_id, WAKES[2].agent_id))]


async def test_a_refused_verb_is_told_with_its_sentence() -> None:
    verbs = FixedVerbs()
    verbs.refusing = "that [red]pane[/] is gone"
    async with opened(Mode.AGENTS, verbs=verbs) as (pilot, _):
        await pilot.press("g")
        await shows(pilot, "that [red]pane[/] is gone")


async def test_read_only_mode_is_seen_and_refuses_by_name() -> None:
    async with opened(Mode.WAKES, verbs=FixedVerbs(read_only=True)) as (pilot, _):
        assert "read-only" in text(pilot)
        await pilot.press("r")
        await shows(pilot, "replay: read-only mode")


@pytest.mark.slow
async def test_a_row_that_is_gone_leaves_a_detail_that_says_so() -> None:
    async with opened(Mode.TASKS) as (pilot, source):
        await pilot.press("enter")
        source.snapshot = replace(FILLED, tasks=())
        source.hear(frozenset({Scope.TASKS}))
        await shows(pilot, "No task is selected.")


NASTY = "[red]x[/] [/ \x1b[31m\x07\x9b 漢字🙂 שלום \u202eabc " + "z" * 10_000


def spoilt(text: str) -> Snapshot:
    """The sample with this text in place of every name, title, body and reason."""
    agents = {entry.agent.agent_id: replace(entry.agent, name=text, team=text, role=text) for entry in FILLED.roster}
    return replace(
        FILLED,
        roster=tuple(replace(entry, agent=agents[entry.agent.agent_id]) for entry in FILLED.roster),
        stream=tuple(replace(message, subject=text, body=text, from_team=text) for message in FILLED.stream),
        wakes=tuple(replace(wake, detail=text, subject=text, transport=text) for wake in FILLED.wakes),
        tasks=tuple(
            replace(entry, task=replace(entry.task, title=text, description=text, team=text)) for entry in FILLED.tasks
        ),
        contracts=tuple(replace(contract, name=text, team=text) for contract in FILLED.contracts),
        activity=tuple(replace(done, verb=text, detail=text, actor=text) for done in FILLED.activity),
    )


@pytest.mark.slow
async def test_no_foreign_text_breaks_a_mode_or_its_dialogs() -> None:
    async with opened(Mode.LIVE, snapshot=spoilt(NASTY)) as (pilot, _):
        for mode in Mode:
            await pilot.press(mode.digit, "enter")
            await settled(pilot)
            assert not set(text(pilot)) & set("\x1b\x07\x9b\u202e")
            assert all(len(line) <= 120 for line in text(pilot).splitlines())
        for keys in (("2", "p", "escape"), ("4", "f", "escape"), ("2", "d", "escape"), ("2", "y"), ("3", "full_stop")):
            await pilot.press(*keys)
            await settled(pilot)


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("size", [(80, 24), (160, 50)], ids=["small", "wide"])
@pytest.mark.parametrize("mode", [Mode.WAKES, Mode.CONTRACTS])
async def test_a_detail_that_gets_another_width_is_laid_out_for_it_before_the_next_tick(
    mode: Mode, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mode_screen, "LATE_AFTER_S", 3600)
    async with opened(mode, size) as (pilot, _):
        screen = pilot.app.screen
        assert isinstance(screen, ListMode)
        for key in ("enter", "z", "z"):
            await pilot.press(key)
            await settled(pilot)
            laid_out = screen.detail_panel.render()
            screen.draw()  # what the next tick would do
            await settled(pilot)
            assert screen.detail_panel.render().is_same(laid_out), key
