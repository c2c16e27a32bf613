"""A keyed table changes only what differs, keeps cursor and scroll, and drops columns in their order."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.cache import LRUCache
from textual.pilot import Pilot

from tests.screens.looking import shows, text, until
from tests.screens.test_format import FOREIGN
from xats_tui.screens.widgets.columns import GAP_CELLS, Column, fit
from xats_tui.screens.widgets.format import TableCell, TableRow, Tone, one_line
from xats_tui.screens.widgets.tables import MAX_HEADERS, KeyedTable

COLUMNS = (
    Column(key="name", title="name", width=8, grow=1),
    Column(key="number", title="no", width=4, drop=2, right=True),
    Column(key="body", title="body", width=10, grow=3, drop=1),
)


class TableApp(App[None]):
    """One table."""

    CSS = "KeyedTable { width: 1fr; height: 1fr; scrollbar-size-vertical: 1; }"

    def __init__(self, columns: Sequence[Column], *, newest_first: bool) -> None:
        super().__init__()
        self._columns = columns
        self._newest_first = newest_first

    def compose(self) -> ComposeResult:
        yield KeyedTable(self._columns, newest_first=self._newest_first)


def rows(*numbers: int, body: str = "body") -> list[TableRow]:
    return [TableRow(f"k{n}", (TableCell(f"row {n}"), TableCell(str(n), Tone.MUTED), TableCell(body))) for n in numbers]


def names(pilot: Pilot[None]) -> list[str]:
    return [line[:8] for line in text(pilot).splitlines()]


@asynccontextmanager
async def table(
    width: int = 60, height: int = 10, *, columns: Sequence[Column] = COLUMNS, newest_first: bool = False
) -> AsyncIterator[tuple[Pilot[None], KeyedTable]]:
    async with TableApp(columns, newest_first=newest_first).run_test(size=(width, height)) as pilot:
        keyed = pilot.app.query_one(KeyedTable)
        keyed.focus()
        yield pilot, keyed


async def test_the_cursor_stays_on_its_row_when_rows_come_and_go() -> None:
    async with table() as (pilot, keyed):
        keyed.show(rows(*range(5)))
        keyed.choose("k3")
        await pilot.pause()
        keyed.show(rows(9, 8, 7, 4, 3))
        await pilot.pause()
        assert keyed.chosen == "k3"
        assert keyed.keys == ("k9", "k8", "k7", "k4", "k3")


async def test_the_view_stays_on_its_rows_when_newer_ones_come() -> None:
    async with table() as (pilot, keyed):
        keyed.show(rows(*range(50)))
        await pilot.press("pagedown", "pagedown")
        await pilot.pause()
        before = names(pilot)
        keyed.show(rows(*range(100, 105), *range(50)))
        await pilot.pause()
        assert names(pilot) == before


async def test_the_keys_in_sight_are_those_of_the_rows_that_can_be_seen() -> None:
    async with table() as (pilot, keyed):
        assert not keyed.keys_in_sight
        keyed.show(rows(*range(100)))
        for pressed, row in (("home", "row 0"), ("end", "row 99")):
            await pilot.press(pressed)
            await shows(pilot, row)
            seen = [name.strip() for name in names(pilot) if name.startswith("row")]
            assert [f"row {key.removeprefix('k')}" for key in keyed.keys_in_sight] == seen


async def test_what_is_kept_of_drawn_headers_does_not_grow_with_the_rows() -> None:
    async with table() as (pilot, keyed):
        for number in range(1, 16):
            keyed.show(rows(*range(number)))
            await pilot.press("down")
        kept = [len(cache) for cache in vars(keyed).values() if isinstance(cache, LRUCache)]
        assert 0 < max(kept) <= MAX_HEADERS


async def test_a_table_at_its_top_shows_the_newest() -> None:
    async with table() as (pilot, keyed):
        keyed.show(rows(1, 2))
        await pilot.pause()
        keyed.show(rows(9, 1, 2))
        await pilot.pause()
        assert text(pilot).splitlines()[1].startswith("row 9")
        assert keyed.chosen == "k1"


async def test_a_list_follows_its_newest_row_until_a_person_moves_away_from_it() -> None:
    async with table(newest_first=True) as (pilot, keyed):
        keyed.show(rows(*range(50)))
        await pilot.pause()
        pilot.app.set_focus(None)
        keyed.show(rows(*range(100, 120), *range(50)))
        keyed.focus()
        keyed.show(rows(*range(99, 120), *range(50)))
        await pilot.pause()
        assert (keyed.chosen, keyed.newer) == ("k100", 0)
        await pilot.press("home", "down", "down")
        keyed.show(rows(*range(79, 120), *range(50)))
        await pilot.pause()
        assert keyed.chosen == "k101"
        assert names(pilot)[-1] == "row 101 "
        assert keyed.newer == 14
        await pilot.press("home")
        keyed.show(rows(*range(59, 120), *range(50)))
        await pilot.pause()
        assert (keyed.chosen, keyed.newer) == ("k59", 0)


async def test_a_list_whose_newest_row_is_being_read_keeps_it() -> None:
    async with table(newest_first=True) as (pilot, keyed):
        keyed.show(rows(*range(5)))
        await pilot.pause()
        keyed.is_read = True
        keyed.show(rows(*range(100, 120), *range(5)))
        await pilot.pause()
        assert keyed.chosen == "k0"


async def test_the_cursor_goes_to_the_next_row_when_its_own_is_gone() -> None:
    async with table() as (pilot, keyed):
        keyed.show(rows(*range(5)))
        keyed.choose("k4")
        await pilot.pause()
        keyed.show(rows(0, 1))
        await pilot.pause()
        assert keyed.chosen == "k1"
        keyed.show([])
        await pilot.pause()
        assert keyed.chosen is None


async def test_only_the_rows_that_differ_are_drawn_again() -> None:
    async with table(height=30) as (pilot, keyed):
        keyed.show(rows(*range(20)))
        await pilot.pause()
        before = [keyed.render_line(y) for y in range(21)]
        changed = rows(*range(20))
        changed[4] = TableRow("k4", (*changed[4].cells[:2], TableCell("new")))
        keyed.show(changed)
        after = [keyed.render_line(y) for y in range(21)]
        assert [y for y in range(21) if after[y] is not before[y]] == [5]
        assert "new" in after[5].text


async def test_columns_come_and_go_with_the_width() -> None:
    async with table(60) as (pilot, keyed):
        keyed.show(rows(1))
        await pilot.resize_terminal(16, 10)
        await until(pilot, lambda: "body" not in text(pilot))
        await pilot.resize_terminal(60, 10)
        await shows(pilot, "body")


def test_columns_are_dropped_in_the_stated_order() -> None:
    assert list(fit(COLUMNS, 40)) == ["name", "number", "body"]
    assert list(fit(COLUMNS, 20)) == ["name", "body"]
    assert list(fit(COLUMNS, 10)) == ["name"]


def test_a_column_of_names_widens_for_its_longest_name_before_others_grow() -> None:
    of_names = (Column(key="name", title="name", width=8, fits=20), *COLUMNS[1:])
    assert fit(of_names, 60, {"name": 15})["name"] == 15
    assert fit(of_names, 60, {"name": 90})["name"] == 20


def test_columns_that_were_seen_give_their_place_to_hidden_ones() -> None:
    assert list(fit(COLUMNS, 20)) == ["name", "body"]
    assert list(fit(COLUMNS, 20, seen=frozenset({"body"}))) == ["name", "number"]


async def test_hidden_columns_are_shown_in_turn() -> None:
    async with table(width=20) as (pilot, keyed):
        keyed.show(rows(1))
        await pilot.pause()
        turns = []
        for _ in range(2):
            keyed.show_hidden_columns()
            await pilot.pause()
            turns.append(keyed.visible_columns)
        assert turns == [("name", "number"), ("name", "body")]


async def test_where_nothing_else_gives_its_place_to_hidden_columns_long_names_do() -> None:
    of_names = (Column(key="name", title="name", width=8, grow=1, fits=20), *COLUMNS[1:])
    async with table(width=24, columns=of_names) as (pilot, keyed):
        keyed.show([TableRow("k", (TableCell("n" * 20), TableCell("1"), TableCell("body")))])
        await pilot.pause()
        turns = [keyed.visible_columns]
        for _ in range(3):
            keyed.show_hidden_columns()
            await pilot.pause()
            turns.append(keyed.visible_columns)
        assert turns == [("name",), ("name", "body"), ("name", "number"), ("name",)]


@given(st.integers(0, 200))
def test_columns_fill_the_width_and_no_more(width: int) -> None:
    widths = fit(COLUMNS, width)
    used = sum(widths.values()) + GAP_CELLS * (len(widths) - 1)
    assert used == max(width, 3)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.one_of(FOREIGN, st.just("[red]x[/] [/"), st.just("y" * 10_000)), min_size=1, max_size=8))
def test_no_foreign_text_breaks_a_table(texts: list[str]) -> None:
    async def show() -> str:
        async with table(80) as (pilot, keyed):
            keyed.show(
                [
                    TableRow(str(n), (TableCell(one_line(t)), TableCell("1"), TableCell(one_line(t))))
                    for n, t in enumerate(texts)
                ]
            )
            await pilot.pause()
            return text(pilot)

    shown = asyncio.run(show())
    assert "\x1b" not in shown
    assert all(cell_len(line) <= 80 for line in shown.splitlines())
