"""What the dashboard remembers from one start to the next, and keys of the configuration."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.screens.looking import feed, shows, until
from tests.screens.sample.desk import desk
from tests.screens.test_modes import is_open
from xats_tui.app import XatsApp
from xats_tui.screens.data.remembered import FILE_NAME, Memory
from xats_tui.screens.data.remembered_state import MAX_FILTERS, NamedFilter, Snooze
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.widgets.columns import Order


def test_what_is_remembered_is_there_at_the_next_start_and_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    memory = Memory(path)
    memory.save()
    assert not path.exists()
    memory.change(theme="xats-light", mode=Mode.WAKES, team="shop")
    memory.sort("wakes/list", Order("age", reverse=True))
    memory.put_columns_aside("wakes/list", ("from",))
    assert memory.keep_filter("Stuck", Mode.WAKES, "failed !@qa") == ""
    memory.save()
    again = Memory(path)
    assert again.state == memory.state
    assert again.order_of("wakes/list") == Order("age", reverse=True)
    assert again.filter_named("STUCK") == NamedFilter(mode=Mode.WAKES, words="failed !@qa")
    assert again.forget_filter("stuck")
    assert not again.forget_filter("stuck")
    assert path.stat().st_mode & 0o777 == 0o600


UNTIL = datetime(2026, 1, 2, 3, 4, 5, 678_900, UTC)

BROKEN = (
    b"{",
    b"[]",
    b"[" * 100_000,
    b'{"mode": "kitchen"}',
    b"\xff\xfe",
    b'{"theme": "' + b"x" * 70_000 + b'"}',
    b'{"theme": 1}',
    b'{"columns_aside": {"wakes/list": "from"}}',
    b'{"sorting": {"wakes/list": {"reverse": true}}}',
    b'{"filters": {"two words": {"mode": "wakes", "words": "x"}}}',
    b'{"filters": {"f": {"mode": ["wakes"], "words": "x"}}}',
    b'{"snoozes": {"k": {"until": "2026-01-02T03:04:05", "facts": [], "weight": 1, "has_failed": false}}}',
    b'{"snoozes": {"k": {"until": "2026-01-02T03:04:05Z", "facts": [], "weight": true, "has_failed": false}}}',
    b'{"pressed_at": 5}',
)


def test_snoozes_and_the_last_key_press_are_there_at_the_next_start(tmp_path: Path) -> None:
    memory = Memory(tmp_path / FILE_NAME)
    snooze = Snooze(until=UNTIL, facts=frozenset({"b", "a"}), weight=3, has_failed=True)
    memory.change(snoozes={"key": snooze}, pressed_at=UNTIL, team="\ud800 ünï")
    memory.save()
    assert Memory(tmp_path / FILE_NAME).state == memory.state


def test_what_a_later_version_remembers_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(b'{"later": [1], "mode": "tasks", "team": null, "pressed_at": "2026-01-02T03:04:05.678900Z"}')
    memory = Memory(path)
    assert (memory.trouble, memory.state.mode, memory.state.pressed_at) == ("", Mode.TASKS, UNTIL)


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_file_is_told_once_and_set_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(content)
    assert "dashboard.json cannot be used" in Memory(path).trouble
    assert Memory(path).trouble == ""
    assert (tmp_path / "dashboard.broken").read_bytes() == content


@pytest.mark.parametrize("name", ["x²", "½", "ﬁlter", "straße", "ก", "١", "-", "a b", "../x", "x\u0301", "🙂"])
def test_whatever_name_a_filter_may_have_is_known_at_the_next_start(tmp_path: Path, name: str) -> None:
    memory = Memory(tmp_path / FILE_NAME)
    memory.change(theme="xats-light")
    problem = memory.keep_filter(name, Mode.WAKES, "failed")
    memory.save()
    again = Memory(tmp_path / FILE_NAME)
    assert again.trouble == ""
    assert again.state.theme == "xats-light"
    assert (again.filter_named(name) is None) == bool(problem)


def test_saved_filters_are_bounded_in_number_name_and_length() -> None:
    memory = Memory()
    assert "32 letters" in memory.keep_filter("two words", Mode.WAKES, "x")
    assert "too long" in memory.keep_filter("long", Mode.WAKES, "x" * 513)
    assert not any(memory.keep_filter(f"f{number}", Mode.WAKES, "x") for number in range(MAX_FILTERS))
    assert "saved already" in memory.keep_filter("one-more", Mode.WAKES, "x")
    assert memory.keep_filter("f1", Mode.TASKS, "y") == ""


@pytest.mark.slow
async def test_a_saved_filter_opens_its_mode_and_the_next_start_goes_on_where_this_one_ended(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    app = XatsApp(desk(memory=Memory(path)))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "xats :9100")
        feed(pilot, "4/failed\r:save stuck\r")
        await shows(pilot, "saved: :stuck shows wakes failed")
        feed(pilot, ":save wakes\r")
        await shows(pilot, ":wakes is a command already")
        feed(pilot, "s\x145")
        await until(pilot, lambda: is_open(pilot, Mode.TASKS))
        feed(pilot, ":stuck\r")
        await shows(pilot, "/failed: 1 of 6")
    again = XatsApp(desk(memory=Memory(path)))
    async with again.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: is_open(pilot, Mode.WAKES))
        await shows(pilot, "state▲")
        assert again.theme == "xats-light"
