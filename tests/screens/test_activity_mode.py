"""The Activity mode through keys: one log of what agents, the operator and xats did; how the coordinator is doing."""

import pytest

from tests.conftest import Sql
from tests.screens.looking import put, settled, shows, slow, text, until
from tests.screens.supervising import agents, bind, dashboard, open_mode
from tests.screens.test_modes import is_open, names, opened
from tests.tmux_server import TmuxServer
from xats_tui.backend.thread import CoordinatorThread
from xats_tui.runtime.settings import Settings
from xats_tui.screens.modes.activity import CoordinatorPanel
from xats_tui.screens.modes.places import Mode


@pytest.mark.slow
async def test_events_acts_and_tmux_commands_are_one_log_the_newest_first() -> None:
    async with opened(Mode.ACTIVITY) as (pilot, _):
        assert names(pilot)[:6] == ["event/9", "event/8", "tmux/2", "tmux/1", "event/7", "act/4"]


FOUND = {
    "tmux": ["tmux/2", "tmux/1"],
    "contract": ["event/8"],
    "@qa": ["event/7", "act/4"],
    "operator @docs": ["act/2"],
    "cart": ["event/5"],
    "task shop": ["event/6", "event/5"],
}


@pytest.mark.slow
async def test_the_log_is_filtered_by_type_agent_team_and_words() -> None:
    async with opened(Mode.ACTIVITY, size=(160, 50)) as (pilot, _):
        for words, keys in FOUND.items():
            await pilot.press("slash", "ctrl+u")
            await put(pilot, words)
            await pilot.press("enter")
            await until(pilot, lambda keys=keys: names(pilot) == keys)  # type: ignore[misc]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("downs", "mode"),
    [
        (0, Mode.MESSAGES),
        slow(1, Mode.CONTRACTS),
        slow(2, Mode.AGENTS),
        slow(5, Mode.WAKES),
        slow(6, Mode.AGENTS),
    ],
)
async def test_enter_leads_from_an_entry_to_what_it_is_about_and_esc_back(downs: int, mode: Mode) -> None:
    async with opened(Mode.ACTIVITY) as (pilot, _):
        await pilot.press(*["down"] * downs, "enter", "enter")
        await until(pilot, lambda: is_open(pilot, mode))
        await pilot.press("escape")
        await until(pilot, lambda: is_open(pilot, Mode.ACTIVITY))


@pytest.mark.slow
async def test_tab_goes_to_the_entry_and_on_to_the_coordinator() -> None:
    async with opened(Mode.ACTIVITY) as (pilot, _):
        for words in (
            "loop lag",
            "4 ms, worst of the last minute",
            "1.4 MB",
            "4 sessions",
            "claude-code 2.1.0",
            "● open",
        ):
            assert words in text(pilot)
        await pilot.press("tab", "tab")
        await until(pilot, lambda: isinstance(pilot.app.screen.focused, CoordinatorPanel))
        await pilot.press("shift+tab", "shift+tab")
        await until(pilot, lambda: not pilot.app.screen.has_class("-inside"))


@pytest.mark.slow
async def test_what_a_real_team_does_and_what_was_typed_for_it_is_in_the_log(
    settings: Settings, coordinator: CoordinatorThread, tmux: TmuxServer, sql: Sql
) -> None:
    pane = await tmux.stand_in("qa")
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        backend, qa = await connect("backend"), await connect("qa")
        await bind(qa, pane.pid)
        await open_mode(pilot, Mode.ACTIVITY)
        await shows(pilot, "2 sessions")
        await backend("send_message", to_agent_name="qa", subject="Suite?", body="please run it")
        await backend("task_add", title="migrate")
        for words in ("Suite?", "migrate", "pressed", "pasted"):
            await shows(pilot, words)
        await pilot.press("slash", *"tmux", "enter")
        await settled(pilot)
        assert "please run it" not in text(pilot)
    assert sql("SELECT count(*) FROM messages WHERE read_at IS NULL") == [(1,)]
