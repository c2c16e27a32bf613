"""Keys that the config file changes: what is refused, and where the changed ones are shown."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.screens.looking import shows
from tests.screens.sample.filled import EMPTY
from tests.screens.test_modes import opened
from xats_tui.commands import doctor
from xats_tui.commands.config import config
from xats_tui.core.errors import StartError
from xats_tui.dashboard.keys import change_keys, complaint
from xats_tui.runtime.settings import InvalidSettings, Loaded, load
from xats_tui.screens.actions import ACTION, ACTIONS, DEFAULTS, bindings, use
from xats_tui.screens.modes.places import Mode


@pytest.fixture(autouse=True)
def default_keys() -> Iterator[None]:
    """The default keys again after each test."""
    yield
    use(DEFAULTS)


def configured(home: Path, table: str) -> Loaded:
    (home / "config.toml").write_text(f"[keys]\n{table}\n", encoding="utf-8")
    return load({"home": str(home)}, {})


@pytest.mark.parametrize(
    "table, sentence",
    {
        'replai = "e"': "'replai' is not an action; did you mean replay?",
        'poke = "ctrl+banana"': "'ctrl+banana' is not a key",
        'poke = ""': "'' is not a key",
        "poke = []": "poke has no key",
        'poke = "enter"': "'enter' is reserved",
        'poke = "esc"': "'esc' is reserved",
        'back = "b"': "the key of back cannot be changed",
        'poke = "m"': "m would mean poke and message in Live; give one of them another key",
        'filter = ["f7", ":"]': ": would mean filter and command in Live",
        'poke = "e"\nrest = "e"': "e would mean poke and rest in Live",
    }.items(),
)
def test_a_key_that_cannot_be_used_is_one_sentence(tmp_path: Path, table: str, sentence: str) -> None:
    loaded = configured(tmp_path, table)
    assert sentence in complaint(loaded)
    assert str(tmp_path / "config.toml") in complaint(loaded)
    with pytest.raises(StartError):
        change_keys(loaded)
    assert tuple(ACTIONS) == DEFAULTS


def test_config_and_doctor_say_so_too(tmp_path: Path) -> None:
    loaded = configured(tmp_path, 'replai = "f7"')
    with pytest.raises(InvalidSettings, match="did you mean replay"):
        config(loaded)
    _, complaint_of_doctor = doctor._loaded({"home": str(tmp_path)})
    assert complaint_of_doctor == complaint(loaded)


def test_keys_that_are_no_table_of_texts_are_invalid_like_every_setting(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="keys"):
        configured(tmp_path, "poke = 7")


def test_two_actions_exchange_their_keys_and_an_action_takes_several(tmp_path: Path) -> None:
    change_keys(configured(tmp_path, 'poke = "m"\nmessage = "p"\nhelp = ["f7", "?", "ctrl+h"]'))
    assert (ACTION["poke"].key, ACTION["message"].key) == ("m", "p")
    assert ACTION["help"].key == "f7,question_mark,ctrl+h"
    assert {binding.id: binding.key for binding in bindings(Mode.AGENTS)}["poke"] == "m"


async def test_changed_keys_work_and_are_shown_in_footer_help_menu_and_empty_lists(tmp_path: Path) -> None:
    change_keys(configured(tmp_path, 'launch = "f7"\nhelp = "f8"\nquit = "ctrl+x"\nmenu = ","'))
    async with opened(Mode.AGENTS, snapshot=EMPTY) as (pilot, _):
        await shows(pilot, "f7 launches one")
        await shows(pilot, "f8 help  ctrl+x quit")
        await pilot.press("f8")
        await shows(pilot, "f7")
        await pilot.press("escape", ",")
        await shows(pilot, "Actions")
        await pilot.press("escape", "ctrl+q", "question_mark", "ctrl+x")
        await pilot.pause()
        assert pilot.app.return_code == 0
