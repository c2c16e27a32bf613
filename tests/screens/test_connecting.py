"""Programs that could be agents: told in Attention, and how to connect them is said on request, never done."""

from datetime import timedelta

import pytest

from tests.screens.looking import shows
from tests.screens.sample.clock import NOW
from tests.screens.sample.desk import desk
from tests.screens.sample.filled import FILLED
from tests.screens.sample.source import FixedSource
from xats_tui.app import XatsApp
from xats_tui.core.model.client_states import UnconnectedProgram
from xats_tui.core.records import replace
from xats_tui.screens.data.attention import concerns
from xats_tui.screens.data.snapshot import Snapshot

SHOP = UnconnectedProgram(
    client="Claude Code", pid=42, folder="/home/ann/shop", pane_id="%7", since=NOW - timedelta(minutes=12)
)
FORGED = replace(SHOP, pid=43, folder="/tmp/\x1b[31m[b]red", pane_id="")


def test_they_are_one_concern_at_the_end_of_the_list() -> None:
    *_, last = concerns(replace(FILLED, unconnected=(SHOP, replace(SHOP, pid=44), FORGED)), NOW)

    assert (last.subject, last.remedy) == ("3 agents", "connect")
    assert last.reason == "here are not connected, in shop, ␛[31m[b]red: :connect says how"


def test_a_single_one_is_told_as_one() -> None:
    (only,) = concerns(Snapshot(unconnected=(SHOP,)), NOW)

    assert f"{only.subject} {only.reason}" == "1 agent here is not connected, in shop: :connect says how"


@pytest.mark.slow
async def test_connect_says_what_to_type_and_types_nothing() -> None:
    board = desk(FixedSource(replace(FILLED, unconnected=(SHOP, FORGED))))
    async with XatsApp(board).run_test(size=(120, 40)) as pilot:
        await shows(pilot, "xats :9100")
        await pilot.press("colon", *"connect", "enter")

        await shows(pilot, "Claude Code 42 in /home/ann/shop, pane %7, for 12m")
        await shows(pilot, "Claude Code 43 in /tmp/␛[31m[b]red, for 12m")
        await shows(pilot, "register to xats as NAME")
        await shows(pilot, "Nothing is typed there for you.")


async def test_without_such_programs_connect_says_so() -> None:
    async with XatsApp(desk(FixedSource(FILLED))).run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "xats :9100")
        await pilot.press("f3")

        await shows(pilot, "no program here waits to be connected")
