"""Turns at the database: calls before background work, each in order of arrival, and no place is lost."""

import asyncio

from xats_tui.backend.store.sql.precedence import HAS_TIME, Places


async def user(places: Places, name: str, order: list[str], *, has_time: bool = False) -> None:
    HAS_TIME.set(has_time)
    async with places:
        order.append(name)
        await asyncio.sleep(0)


async def begun(*users: asyncio.Task[None]) -> None:
    """Let tasks come as far as their place in the line."""
    for _ in users:
        await asyncio.sleep(0)


async def test_who_is_waited_for_comes_first_and_each_in_the_order_of_asking() -> None:
    places, order = Places(1), list[str]()
    async with places:
        waiting = [
            asyncio.create_task(user(places, name, order, has_time=name.startswith("wake")))
            for name in ("wake 1", "wake 2", "call 1", "call 2")
        ]
        await begun(*waiting)
    await asyncio.gather(*waiting)

    assert order == ["call 1", "call 2", "wake 1", "wake 2"]


async def test_so_many_are_in_at_once_and_no_more() -> None:
    places, inside = Places(2), 0
    most = 0

    async def enter() -> None:
        nonlocal inside, most
        async with places:
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(enter() for _ in range(20)))

    assert most == 2


async def test_who_gives_up_while_waiting_or_just_as_the_place_is_handed_over_leaves_it_to_the_next() -> None:
    places, order = Places(1), list[str]()
    async with places:
        early, late, last = [asyncio.create_task(user(places, name, order)) for name in ("early", "late", "last")]
        await begun(early, late, last)
        early.cancel()
        await begun(early)
    late.cancel()  # it has the place, and has not been told
    await asyncio.gather(early, late, last, return_exceptions=True)

    assert order == ["last"]
    await user(places, "free again", order)
    assert order == ["last", "free again"]
