"""Counts for the header: cached until something happens."""

import pytest

from tests.conftest import Connect
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.health.counts import Counted, Counts


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Record the number of agents at each count."""
    found: list[int] = []
    count = Counts._count

    async def note(self: Counts) -> Counted:
        counted = await count(self)
        found.append(counted.agents_connected)
        return counted

    monkeypatch.setattr(Counts, "_count", note)
    return found


async def test_what_happens_is_counted_at_once(backend: Coordinator, register: Connect) -> None:
    assert (await backend.operator.health()).agents_connected == 0
    await register("alice")
    assert (await backend.operator.health()).agents_connected == 1
    bob = await register("bob")
    assert (await backend.operator.health()).agents_connected == 2
    await bob.call("unregister_self")
    assert (await backend.operator.health()).agents_connected == 1


async def test_between_two_events_nothing_is_counted_twice(
    backend: Coordinator, register: Connect, counted: list[int]
) -> None:
    await register("alice")
    for _ in range(3):
        assert (await backend.operator.health()).agents_connected == 1
    assert counted == [1]
