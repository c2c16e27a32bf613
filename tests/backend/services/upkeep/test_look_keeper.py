"""Screens of panes are kept as they come to rest: few, no two alike in a row, and none if nobody wants them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes import FakePane
from tests.properties.world import SOCKET, World
from xats_tui.backend.services.operator.past import Past
from xats_tui.backend.services.upkeep.look_keeper import LookKeeper
from xats_tui.backend.store.past import looks, moments
from xats_tui.core.events import PaneChanged
from xats_tui.core.records import replace


class Kept:
    """An agent in a pane, whose screens are kept."""

    def __init__(self, folder: Path) -> None:
        self.world = world = World(folder)
        world.connect("ann")
        answer = world.call("ann", "register_agent", name="ann", client="custom", model="m", team="red")
        self.agent_id = answer["agent_id"]
        self.pane_id, self.terminal = world.seat(self.agent_id, FakePane)
        self.keeper = LookKeeper(world.database, world.monitor, world.clock, number=3)

    def show(self, text: str, rest: float = 10) -> None:
        """Let the pane show a text, and keep what is at rest after some seconds."""
        self.terminal.line = text
        self.world.pass_time(0)
        self.keeper.hear(PaneChanged(socket=SOCKET, pane_id=self.pane_id, state_changed=False))
        self.world.pass_time(rest)
        self.world.look(self.keeper.keep())

    @property
    def screens(self) -> list[str]:
        """The kept screens, the newest first."""
        return [view.look.screen for view in self.world.look(self.keeper.of_agent(self.agent_id))]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    made = Kept(tmp_path)
    yield made
    made.world.close()


def test_only_the_last_screens_are_kept_and_each_but_once(kept: Kept) -> None:
    for text in ("one", "two", "two", "three", "four"):
        kept.show(text)
    assert [next(word for word in ("one", "two", "three", "four") if word in screen) for screen in kept.screens] == [
        "four",
        "three",
        "two",
    ]


def test_a_screen_that_still_changes_is_not_kept(kept: Kept) -> None:
    kept.show("half a sentence", rest=1)
    assert kept.screens == []
    kept.show("half a sentence and its end")
    assert len(kept.screens) == 1


def test_no_screen_is_kept_if_the_setting_says_so_and_those_that_were_kept_are_deleted(kept: Kept) -> None:
    kept.show("one")
    assert kept.screens
    kept.keeper.tune(0)
    kept.show("two")
    assert kept.screens == []


def test_the_screens_of_an_agent_that_leaves_are_deleted(kept: Kept) -> None:
    kept.show("one")
    kept.world.call("ann", "unregister_self")
    assert kept.screens == []


def test_the_past_shows_the_screen_of_that_time(kept: Kept) -> None:
    world, past = kept.world, Past(kept.world.database)
    moment = world.look(moments.newest(world.database))
    assert moment is not None
    world.pass_time(1)
    kept.show("one")
    then = world.clock.now()
    world.pass_time(1)
    kept.show("two")
    views = world.look(past.views(replace(moment, at=then)))
    assert ["one" in view.look.screen for view in views.values()] == [True]
    assert world.look(past.views(moment)) == {}
    world.look(past.close())


def test_a_picture_of_an_attempt_stands_in_for_a_screen_that_was_not_kept(kept: Kept) -> None:
    world, past = kept.world, Past(kept.world.database)
    world.connect("bob")
    world.call("bob", "register_agent", name="bob", client="custom", model="m", team="red")
    world.call("bob", "send_message", to_agent_name="ann", body="hello")
    for _ in range(4):
        world.pass_time(60)
    moment = world.look(moments.newest(world.database))
    assert moment is not None
    views = world.look(past.views(replace(moment, at=world.clock.now())))
    assert [view.reading.reason for view in views.values()] == [looks.AT_AN_ATTEMPT]
    world.look(past.close())
