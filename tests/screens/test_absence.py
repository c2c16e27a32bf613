"""While the operator was away: the first key sums up what happened, and a divider stands where the operator left."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.screens.looking import settled, shows, text, until
from tests.screens.sample.clock import FrozenClock
from tests.screens.sample.desk import desk
from tests.screens.sample.verbs import FixedVerbs
from xats_tui.app import SCREENS, XatsApp
from xats_tui.core.model.activity import LISTED_IN, Happening, SummaryLine, SummaryNote
from xats_tui.screens.data.remembered import FILE_NAME, Memory
from xats_tui.screens.data.verbs import VerbRefused
from xats_tui.screens.details.summary import TITLES
from xats_tui.screens.dialogs.summing_up import SummaryDialog
from xats_tui.screens.modes.list_mode import ListMode
from xats_tui.screens.modes.mode_screen import ModeScreen
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.query.absence import Absence
from xats_tui.screens.widgets.tables import DIVIDER, KeyedTable

LIMIT = timedelta(minutes=10)

HAPPENED = (
    SummaryLine(kind=Happening.MESSAGES, count=12_345),
    SummaryLine(kind=Happening.WAKES_FAILED, count=4, notes=(SummaryNote(what="no_pane: \x1b[31mgone", count=4),)),
    SummaryLine(
        kind=Happening.DIALOGS,
        count=1,
        notes=(SummaryNote(who="bob", what="[b]rm[/b]", duration=timedelta(minutes=7), is_open=True),),
    ),
)


def verbs(*lines: SummaryLine) -> FixedVerbs:
    fixed = FixedVerbs()
    fixed.summary = lines
    return fixed


@asynccontextmanager
async def absent(
    fixed: FixedVerbs, minutes: float = 29, *, limit: timedelta = LIMIT, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Pilot[Any]]:
    """A dashboard whose operator pressed the last key some minutes ago."""
    clock = FrozenClock()
    absence = Absence(limit, clock.now() - timedelta(minutes=minutes))
    app = XatsApp(desk(verbs=fixed, clock=clock, absence=absence))
    async with app.run_test(size=size, notifications=True) as pilot:
        await shows(pilot, "xats :9100")
        yield pilot


def mode(pilot: Pilot[Any]) -> Mode | None:
    screen = pilot.app.screen
    return screen.mode if isinstance(screen, ModeScreen) else None


def table(pilot: Pilot[Any]) -> KeyedTable:
    return pilot.app.screen_stack[0].query_one("#list KeyedTable", KeyedTable)


async def test_the_first_key_after_an_absence_only_opens_the_summary() -> None:
    fixed = verbs(*HAPPENED)
    async with absent(fixed) as pilot:
        await pilot.press("4")
        await shows(pilot, "While you were away")
        shown = text(pilot)
        for words in (
            "Since 13:34 (29m ago), all teams:",
            "The key that you pressed has only opened this summary.",
            "12,345 messages",
            "4 wakes failed   no_pane: ␛[31mgone ×4",
            "1 dialog opened  bob 7m and still open ([b]rm[/b])",
            "enter show these rows  esc close",
        ):
            assert words in shown
        assert pilot.app.screen_stack[0].mode is Mode.LIVE  # type: ignore[attr-defined]
        await pilot.press("escape")
        await until(pilot, lambda: mode(pilot) is Mode.LIVE)
        await pilot.press("4")
        await until(pilot, lambda: mode(pilot) is Mode.WAKES)
    assert [done[0] for done in fixed.done] == ["since"]


async def test_a_line_leads_to_its_rows() -> None:
    async with absent(verbs(*HAPPENED)) as pilot:
        await pilot.press("x")
        await shows(pilot, "While you were away")
        await pilot.press("down", "enter")
        await until(pilot, lambda: mode(pilot) is Mode.WAKES)
        await shows(pilot, "/failed:")


async def test_if_nothing_happened_the_key_does_what_it_always_does() -> None:
    fixed = verbs()
    async with absent(fixed) as pilot:
        await pilot.press("3")
        await until(pilot, lambda: mode(pilot) is Mode.MESSAGES)
        assert "away" not in text(pilot)
    assert fixed.done[0][0] == "since"


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(("minutes", "limit"), [(9.9, LIMIT), (29, timedelta())])
async def test_a_short_pause_or_a_limit_of_zero_is_no_absence(minutes: float, limit: timedelta) -> None:
    fixed = verbs(*HAPPENED)
    async with absent(fixed, minutes, limit=limit) as pilot:
        await pilot.press("3")
        await until(pilot, lambda: mode(pilot) is Mode.MESSAGES)
    assert fixed.done == []


@pytest.mark.slow
async def test_who_uses_the_mouse_is_not_away_and_a_click_ends_no_absence() -> None:
    fixed = verbs(*HAPPENED)
    async with absent(fixed, minutes=9) as pilot:
        await pilot.click(offset=(5, 12))
        await pilot.app._desk.clock.sleep(540)  # type: ignore[attr-defined]
        await pilot.press("3")
        await until(pilot, lambda: mode(pilot) is Mode.MESSAGES)
        await pilot.app._desk.clock.sleep(900)  # type: ignore[attr-defined]
        await pilot.click(offset=(5, 6))
        await pilot.press("4")
        await shows(pilot, "While you were away")
    assert len(fixed.done) == 1


@pytest.mark.slow
async def test_a_coordinator_that_does_not_answer_costs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = verbs(*HAPPENED)

    async def refuse(*_: object) -> None:
        raise VerbRefused("failed", "the action failed")

    monkeypatch.setattr(fixed, "since", refuse)
    async with absent(fixed) as pilot:
        await pilot.press("3")
        await until(pilot, lambda: mode(pilot) is Mode.MESSAGES)


@pytest.mark.slow
async def test_who_was_away_while_typing_goes_on_typing_and_is_told_in_a_line() -> None:
    fixed = verbs(*HAPPENED)
    async with absent(fixed, minutes=1) as pilot:
        await pilot.press("colon", "t", "a")
        clock = pilot.app._desk.clock  # type: ignore[attr-defined]
        await clock.sleep(1800)
        await pilot.press("s", "k", "s", "enter")
        await until(pilot, lambda: mode(pilot) is Mode.TASKS)
        await shows(pilot, "While you were away: 12,345")


async def test_a_divider_stands_where_the_operator_left_and_goes_when_it_was_seen() -> None:
    async with absent(verbs(), minutes=15) as pilot:
        await pilot.press("3")
        await until(pilot, lambda: mode(pilot) is Mode.MESSAGES)
        await shows(pilot, "— since you left, 13:48 —")
        keys = table(pilot).keys
        place = keys.index(DIVIDER)
        assert 0 < place < len(keys) - 1
        for _ in keys:
            await pilot.press("down")
            assert table(pilot).chosen != DIVIDER
        assert table(pilot).chosen == keys[-1]
        await pilot.press("ctrl+a")
        await settled(pilot)
        assert f"✓ {len(keys) - 1} marked" in text(pilot)
        await pilot.press("escape", "7")
        await until(pilot, lambda: mode(pilot) is Mode.ACTIVITY)
        await shows(pilot, "— since you left, 13:48 —")
        await pilot.press("3")
        await until(pilot, lambda: mode(pilot) is Mode.MESSAGES)
        await settled(pilot)
        assert "since you left" not in text(pilot)


async def test_the_divider_moves_no_cursor() -> None:
    async with absent(verbs(), minutes=15) as pilot:
        await pilot.press("3")
        await until(pilot, lambda: mode(pilot) is Mode.MESSAGES)
        await pilot.press("down", "down", "down", "down", "down", "down")
        chosen = table(pilot).chosen
        assert DIVIDER in table(pilot).keys
        pilot.app._desk.absence.divided_at = None  # type: ignore[attr-defined]
        await until(pilot, lambda: DIVIDER not in table(pilot).keys)
        assert table(pilot).chosen == chosen


async def test_what_happened_can_be_asked_for_at_any_time() -> None:
    fixed = verbs(*HAPPENED)
    async with absent(fixed, minutes=1) as pilot:
        await pilot.press("W")
        await shows(pilot, "What happened")
        assert isinstance(pilot.app.screen, SummaryDialog)
        assert "only opened" not in text(pilot)
        await pilot.press("escape", "colon")
        for key in "since 10m":
            await pilot.press("space" if key == " " else key)
        await pilot.press("enter")
        await shows(pilot, "Since 13:53 (10m ago), all teams:")
        fixed.summary = ()
        await pilot.press("escape", "W")
        await shows(pilot, "Nothing happened since 13:03")


@pytest.mark.slow
async def test_a_line_of_any_summary_divides_the_list_at_its_moment() -> None:
    async with absent(verbs(*HAPPENED), minutes=1) as pilot:
        await pilot.press("colon", *"since", "space", *"14:00", "enter")
        await shows(pilot, "What happened")
        await pilot.press("enter")
        await until(pilot, lambda: mode(pilot) is Mode.MESSAGES)
        await shows(pilot, "— since 14:00 —")


@pytest.mark.parametrize("kind", Happening)
def test_every_kind_leads_to_a_list_with_a_filter_that_it_knows(kind: Happening) -> None:
    noun, words = LISTED_IN[kind]
    screen = next(screen for screen in SCREENS if screen.mode is Mode(noun))

    assert issubclass(screen, ListMode)
    assert {word for word in words.split() if not word.startswith("@")} <= screen.listing.states
    assert set(TITLES) == set(Happening)


@pytest.mark.slow
async def test_a_moment_of_another_day_is_told_with_its_date() -> None:
    async with absent(verbs(*HAPPENED), minutes=1) as pilot:
        await pilot.press("colon", *"since", "space", *"yesterday", "enter")
        await shows(pilot, "Since 21 Nov 00:00 (1d ago), all teams:")


@pytest.mark.slow
async def test_a_moment_that_is_none_is_told_with_the_forms() -> None:
    async with absent(verbs(), minutes=1, size=(120, 40)) as pilot:
        await pilot.press("colon", *"since", "space", *"soon", "enter")
        await shows(pilot, "'soon' is no moment: write a duration such as 10m")


async def test_the_last_key_press_outlasts_a_restart(tmp_path: Path) -> None:
    clock, path = FrozenClock(), tmp_path / FILE_NAME
    app = XatsApp(desk(clock=clock, memory=Memory(path), absence=Absence(LIMIT)))
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "xats :9100")
        await pilot.press("down")
        clock.instant += timedelta(seconds=30)
        await pilot.press("down")
    assert Memory(path).state.pressed_at == clock.instant
