"""What the header counts is counted anew when something has happened, and not each second."""

import pytest

from tests.conftest import Connect
from xats_tui.backend.daemon import Backend
from xats_tui.backend.services.agents import Registry


@pytest.fixture
def rosters(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many agents there were each time that they were counted."""
    counted: list[int] = []
    roster = Registry.roster

    async def note(self: Registry) -> object:
        entries = await roster(self)
        counted.append(len(entries))
        return entries

    monkeypatch.setattr(Registry, "roster", note)
    return counted


async def test_what_happens_is_counted_at_once(backend: Backend, register: Connect) -> None:
    assert (await backend.health()).agents_connected == 0
    await register("alice")
    assert (await backend.health()).agents_connected == 1
    bob = await register("bob")
    assert (await backend.health()).agents_connected == 2
    await bob.call("unregister_self")
    assert (await backend.health()).agents_connected == 1


async def test_between_two_events_nothing_is_counted_twice(
    backend: Backend, register: Connect, rosters: list[int]
) -> None:
    await register("alice")
    for _ in range(3):
        assert (await backend.health()).agents_connected == 1
    assert rosters == [1]
