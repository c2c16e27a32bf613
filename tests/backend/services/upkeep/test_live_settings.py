"""The config file is watched: what is safe holds at once, the rest at the next start, what is wrong not at all."""

import logging
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.patience import eventually
from xats_tui.backend.coordinator import Coordinator
from xats_tui.runtime.settings import Loaded, Settings, load


@pytest.fixture(autouse=True)
def same_level_after() -> Iterator[None]:
    """The level of the log is global."""
    level = logging.getLogger().level
    yield
    logging.getLogger().setLevel(level)


@pytest.fixture
def loaded(settings: Settings) -> Loaded:
    """Settings whose hint budget was given on the command line."""
    settings.home.mkdir(parents=True)
    return load({"home": str(settings.home), "port": "0", "hint_budget": "7"}, {})


@pytest.fixture
async def backend(loaded: Loaded) -> AsyncIterator[Coordinator]:
    """A coordinator that watches its config file."""
    async with Coordinator.running(loaded.settings, loaded=loaded) as running:
        yield running


def write(backend: Coordinator, text: str) -> None:
    backend.settings.config_path.write_text(text, encoding="utf-8")


async def test_safe_settings_hold_at_once_and_the_others_from_the_next_start(backend: Coordinator) -> None:
    write(backend, 'quiet_ms = 700\nalert = "bell"\nlog_level = "ERROR"\nbody_limit = 2000\n')
    await eventually(lambda: backend.settings.quiet_ms == 700)
    health = await backend.operator.health()
    assert (health.alert, health.body_limit, logging.getLogger().level) == ("bell", 262_144, logging.ERROR)
    (notice,) = health.notices
    assert "quiet_ms is 700 from now on" in notice.text
    assert "body_limit takes effect at the next start" in notice.text


async def test_a_flag_still_comes_before_the_file(backend: Coordinator) -> None:
    write(backend, "hint_budget = 3\nquiet_ms = 800\n")
    await eventually(lambda: backend.settings.quiet_ms == 800)
    assert backend.settings.hint_budget == 7


async def test_a_file_that_cannot_be_used_changes_nothing_until_it_is_mended(backend: Coordinator) -> None:
    write(backend, 'quiet_ms = 900\nheartbeat_ms = "soon"\n')
    await eventually(lambda: bool(backend.notices.troubles))
    assert backend.settings.quiet_ms == 2000
    (trouble,) = backend.notices.troubles
    assert "heartbeat_ms cannot be 'soon'" in trouble.text and "stay as they are" in trouble.text
    write(backend, "quiet_ms = 900\n")
    await eventually(lambda: backend.settings.quiet_ms == 900)
    assert backend.notices.troubles == ()


async def test_a_token_that_is_taken_from_the_list_is_not_sent_any_more(backend: Coordinator) -> None:
    write(backend, '[tokens]\nMINE = "ws://127.0.0.1:1"\n')
    await eventually(lambda: "MINE" in backend.tokens.allowed)
    write(backend, "quiet_ms = 800\n")
    await eventually(lambda: backend.tokens.allowed == {})
