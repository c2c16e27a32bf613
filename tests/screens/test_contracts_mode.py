"""The Contracts mode through keys: versions, any two beside each other, who has which."""

from pathlib import Path

import pytest

from tests.conftest import Sql
from tests.screens.looking import settled, shows, text, until
from tests.screens.supervising import agents, dashboard, open_mode
from tests.screens.test_modes import is_open, names, opened, table
from xats_tui.backend.thread import CoordinatorThread
from xats_tui.core.records import replace
from xats_tui.runtime.settings import Settings
from xats_tui.screens.modes.places import Mode


async def test_the_latest_version_stands_beside_the_one_before_with_what_breaks() -> None:
    async with opened(Mode.CONTRACTS) as (pilot, _):
        await shows(pilot, "orders v3 → v4 · by backend@shop")
        await shows(pilot, "✕ readers of v4 cannot read everything written for v3")
        for words in ('- id: {type: "string"}', '+ id: {type: "integer"}', "✕ type", "✕ narrowed", "⚠ behind"):
            assert words.split(": ")[-1] in text(pilot)
        assert "planner       fetched v4 6s ago  ✔ (not subscribed)" in text(pilot)


@pytest.mark.slow
async def test_v_lists_every_version_and_lists_them_no_more() -> None:
    async with opened(Mode.CONTRACTS) as (pilot, _):
        assert names(pilot) == ["shop/orders", "shop/cart", "docs/page"]
        await pilot.press("v")
        await until(pilot, lambda: len(names(pilot)) == 6)
        await pilot.press("down", "down")
        await shows(pilot, "orders v1 → v2")
        await pilot.press("v")
        await until(pilot, lambda: len(names(pilot)) == 3)
        assert table(pilot).chosen == "shop/orders"


@pytest.mark.slow
async def test_two_versions_that_are_marked_are_compared() -> None:
    async with opened(Mode.CONTRACTS) as (pilot, _):
        await pilot.press("v", "space", "down", "down", "space")
        await shows(pilot, "orders v1 → v4")
        await pilot.press("escape")
        await until(pilot, lambda: "marked" not in text(pilot))


@pytest.mark.slow
async def test_w_shows_the_whole_schema_and_the_difference_again() -> None:
    async with opened(Mode.CONTRACTS) as (pilot, _):
        await shows(pilot, "readers of v4")
        await pilot.press("w")
        await until(pilot, lambda: "readers of v4" not in text(pilot))
        assert 'status: {enum: ["new", "paid"]}' in text(pilot)
        await pilot.press("w")
        await shows(pilot, "readers of v4")


@pytest.mark.slow
async def test_a_first_version_stands_alone_and_v_and_w_say_why_they_do_nothing() -> None:
    async with opened(Mode.CONTRACTS) as (pilot, _):
        await pilot.press("down", "down")
        await shows(pilot, "page v1 · by docs@docs")
        await pilot.press("v")
        await shows(pilot, "versions: it has only one version")


@pytest.mark.slow
async def test_a_small_screen_shows_what_was_above_what_is() -> None:
    async with opened(Mode.CONTRACTS, size=(80, 24)) as (pilot, _):
        await pilot.press("enter")
        await shows(pilot, '+     id: {type: "integer"} ✕ type')
        above, below = text(pilot).index('-     id: {type: "string"}'), text(pilot).index('+     id: {type: "integer"}')
        assert above < below
        await pilot.press("escape", "escape")
        await until(pilot, lambda: is_open(pilot, Mode.LIVE) or table(pilot).has_focus)


@pytest.mark.slow
async def test_looking_at_versions_of_a_real_contract_fetches_nothing_for_anybody(
    settings: Settings, coordinator: CoordinatorThread, sql: Sql
) -> None:
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        backend, frontend = await connect("backend"), await connect("frontend")
        await backend("register_contract", name="orders", schema={"properties": {"id": {"type": "string"}}})
        await frontend("subscribe_contract", name="orders")
        await frontend("get_contract", name="orders")
        await open_mode(pilot, Mode.CONTRACTS)
        await shows(pilot, "orders v1")
        await backend("register_contract", name="orders", schema={"properties": {"id": {"type": "integer"}}})
        await shows(pilot, "orders v1 → v2")
        await shows(pilot, "⚠ behind")
        await shows(pilot, "✕ type")
        await settled(pilot)
    assert sql("SELECT version FROM contract_fetches") == [(1,)]


@pytest.mark.slow
async def test_a_schema_that_is_saved_in_the_folder_is_a_version_and_a_broken_one_needs_attention(
    settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "contracts"
    folder.mkdir()
    coordinator = CoordinatorThread(replace(settings, contracts=folder))
    coordinator.start()
    try:
        async with dashboard(coordinator) as pilot:
            (folder / "orders.schema.json").write_text('{"type": "object"}', encoding="utf-8")
            await shows(pilot, "registered orders v1 of default")
            await open_mode(pilot, Mode.CONTRACTS)
            await shows(pilot, "orders v1 · by operator")
            (folder / "orders.schema.json").write_text('{"type": "object"', encoding="utf-8")
            await shows(pilot, "no version was registered")
            await open_mode(pilot, Mode.LIVE)
            await shows(pilot, "✕ orders.schema.json")
            while pilot.app.screen.focused is not pilot.app.screen.query_one("#attention KeyedTable"):
                await pilot.press("tab")
            await pilot.press("enter")
            await until(pilot, lambda: is_open(pilot, Mode.ACTIVITY))
            await shows(pilot, "trouble")
    finally:
        coordinator.stop()
