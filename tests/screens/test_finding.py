"""The find screen through keys: what is typed, what is found, going to a hit and on, and the way back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.screens.looking import feed, put, settled, shows, text, until
from tests.screens.sample.agents import BACKEND
from tests.screens.sample.clock import NOW
from tests.screens.sample.desk import desk
from tests.screens.sample.filled import FILLED
from tests.screens.sample.tasks import TASKS
from tests.screens.sample.verbs import FixedVerbs
from tests.screens.supervising import open_mode
from tests.screens.test_messages import LongSource
from tests.screens.test_modes import is_open, names, table
from xats_tui.app import XatsApp
from xats_tui.core.records import replace
from xats_tui.core.search.records import FindOrder, Found, FoundKind, FoundPage, Span
from xats_tui.screens.dialogs.finding import FindDialog
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.query.finding import place_of
from xats_tui.screens.rows.hits import MATCH, hit_line

LETTER = Found(
    kind=FoundKind.MESSAGE,
    key="m-177",
    at=NOW,
    team="shop",
    who="frontend",
    title="",
    excerpt="number 177",
    excerpt_spans=(Span(0, 6),),
    event_id=177,
    to="backend",
)
TASK = Found(
    kind=FoundKind.TASK,
    key=TASKS[0].task.id,
    at=NOW,
    team="shop",
    who="backend",
    title="migrate the orders table",
    excerpt="[bold]not markup[/]",
)
AGENT = replace(TASK, kind=FoundKind.AGENT, key=BACKEND.agent_id, title="backend", excerpt="")
ALL = FoundPage(hits=(LETTER, TASK, AGENT), next_cursor=None, is_complete=True)


@asynccontextmanager
async def opened(*pages: FoundPage, mode: Mode = Mode.ACTIVITY) -> AsyncIterator[tuple[Pilot[Any], FixedVerbs]]:
    """The dashboard with a thousand messages, and what every search finds."""
    verbs = FixedVerbs()
    verbs.found = pages
    async with XatsApp(desk(LongSource(), verbs=verbs)).run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "xats :9100")
        await open_mode(pilot, mode)
        await settled(pilot)
        yield pilot, verbs


def lines(verbs: FixedVerbs) -> list[str]:
    """The words of each search."""
    return [" ".join(term.text for term in done[1].terms) for done in verbs.done if done[0] == "find"]  # type: ignore[attr-defined]


async def test_what_is_typed_behind_the_key_in_one_write_is_searched_for() -> None:
    async with opened(ALL) as (pilot, verbs):
        feed(pilot, "\x06needle")
        await shows(pilot, "3 hits")
        assert lines(verbs)[-1] == "needle"
        assert "[bold]not markup" in text(pilot)


async def test_enter_goes_to_a_hit_n_goes_on_and_escape_returns() -> None:
    async with opened(ALL) as (pilot, _):
        await pilot.press("ctrl+f")
        await put(pilot, "number")
        await shows(pilot, "3 hits")
        await pilot.press("enter")
        await until(pilot, lambda: is_open(pilot, Mode.MESSAGES))
        await until(pilot, lambda: "177" in names(pilot) and table(pilot).chosen == "177")
        await shows(pilot, "find number: 1 of 3; n N")
        await pilot.press("n")
        await until(pilot, lambda: is_open(pilot, Mode.TASKS))
        await until(pilot, lambda: table(pilot).chosen == TASKS[0].task.id)
        await pilot.press("n")
        await until(pilot, lambda: is_open(pilot, Mode.AGENTS))
        await pilot.press("n")
        await shows(pilot, "this is the last hit")
        await pilot.press("N", "N")
        await until(pilot, lambda: is_open(pilot, Mode.MESSAGES))
        await pilot.press("escape")
        await until(pilot, lambda: is_open(pilot, Mode.ACTIVITY) and "find number" not in text(pilot))


@pytest.mark.slow
async def test_escape_in_the_find_screen_leaves_everything_as_it_was() -> None:
    async with opened(ALL, mode=Mode.MESSAGES) as (pilot, _):
        await pilot.press("down", "down", "ctrl+f")
        await put(pilot, "number")
        await shows(pilot, "3 hits")
        await pilot.press("escape")
        await until(pilot, lambda: is_open(pilot, Mode.MESSAGES))
        assert table(pilot).chosen == "998"
        await pilot.press("ctrl+f")
        await shows(pilot, "3 hits")  # the last search is still there
        await pilot.press("enter")
        await until(pilot, lambda: "177" in names(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: names(pilot)[0] == "1000" and table(pilot).chosen == "998")


async def test_nothing_matches_is_said_only_when_everything_was_looked_at() -> None:
    nothing = FoundPage(hits=(), next_cursor="1", is_complete=False, looked_back_to=NOW)
    last = replace(nothing, next_cursor=None, is_complete=True)
    async with opened(nothing, last) as (pilot, verbs):
        await pilot.press("ctrl+f")
        await put(pilot, "needle")
        await shows(pilot, "nothing matches")
        assert [done[1].cursor for done in verbs.done if done[0] == "find"][-2:] == [None, "1"]  # type: ignore[attr-defined]
        verbs.found = (replace(nothing, next_cursor=None),)
        await pilot.press("s")
        await shows(pilot, "nothing found back to 14:03")
        assert "nothing matches" not in text(pilot)


@pytest.mark.slow
async def test_a_search_that_is_refused_says_why_and_a_line_that_means_nothing_too() -> None:
    async with opened(ALL) as (pilot, verbs):
        verbs.refusing = "nobody is called zoe"
        await pilot.press("colon")
        await put(pilot, "find from:zoe")
        await pilot.press("enter")
        await shows(pilot, "nobody is called zoe")
        verbs.refusing = ""
        await pilot.press("ctrl+u")
        await put(pilot, "kind:x")
        await shows(pilot, "there is no kind 'x'")
        await pilot.press("ctrl+u")
        await shows(pilot, "from:bob  to:qa")


@pytest.mark.slow
async def test_hits_are_ordered_by_time_or_rank_and_more_come_at_the_end() -> None:
    many = FoundPage(hits=(LETTER,) * 50, next_cursor="1", is_complete=True, indexed_percent=40)
    async with opened(many, replace(many, next_cursor=None)) as (pilot, verbs):
        await pilot.press("ctrl+f")
        await put(pilot, "number")
        await shows(pilot, "50+ hits · newest first · the index is 40 % built")
        await pilot.press(*["pagedown"] * 3)
        await shows(pilot, "100 hits")
        await pilot.press("ctrl+o")
        await shows(pilot, "best first")
        assert [done[1].order for done in verbs.done if done[0] == "find"][-1] is FindOrder.RANK  # type: ignore[attr-defined]
        dialog = pilot.app.screen
        assert isinstance(dialog, FindDialog)


@pytest.mark.slow
async def test_a_search_that_is_opened_again_finds_what_has_come_since() -> None:
    nothing = FoundPage(hits=(), next_cursor=None, is_complete=True)
    async with opened(nothing) as (pilot, verbs):
        await pilot.press("ctrl+f")
        await put(pilot, "number")
        await shows(pilot, "nothing matches")
        await pilot.press("escape")
        verbs.found = (ALL,)
        await pilot.press("ctrl+f")
        await shows(pilot, "3 hits")


@pytest.mark.parametrize(
    ("hit", "place"),
    [
        (LETTER, (Mode.MESSAGES, "177")),
        (TASK, (Mode.TASKS, "t-41")),
        (AGENT, (Mode.AGENTS, BACKEND.agent_id)),
        (replace(TASK, kind=FoundKind.CONTRACT, key="api v2 v3"), (Mode.CONTRACTS, "shop/api v2")),
        (replace(TASK, kind=FoundKind.ACTIVITY, key="operator:7"), (Mode.ACTIVITY, "act/7")),
        (replace(TASK, kind=FoundKind.ACTIVITY, key="event:8"), (Mode.ACTIVITY, "event/8")),
    ],
)
def test_each_kind_of_hit_has_its_row(hit: Found, place: tuple[Mode, str]) -> None:
    assert place_of(hit) == place


def test_words_are_marked_and_foreign_text_is_harmless() -> None:
    north, south = "backend@payments-of-the-north", "backend@payments-of-the-south"
    assert "backend…-north → backend…e-south" in hit_line(replace(LETTER, who=north, to=south), NOW, 120).plain
    line = hit_line(replace(LETTER, excerpt="a\x1b[31m needle\u202e", excerpt_spans=(Span(7, 6),)), NOW, 120)

    assert [line.plain[span.start : span.end] for span in line.spans if span.style == MATCH] == ["needle"]
    assert "\x1b" not in line.plain
    assert "\u202e" not in line.plain
    assert FILLED.team is None
