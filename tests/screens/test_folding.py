"""Wakes by agent: groups of rows, folded into one row with their counts and one reason."""

import pytest

from tests.screens.looking import settled, shows, text
from tests.screens.sample.agents import BACKEND, QA
from tests.screens.sample.clock import NOW
from tests.screens.sample.desk import desk
from tests.screens.sample.filled import entry
from tests.screens.sample.verbs import FixedVerbs
from tests.screens.sample.wakes import wake
from xats_tui.app import XatsApp
from xats_tui.core.model.wakes import WakeStage, WakeStatus
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.data.targets import WakeGroup, find, group_key
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.query.filters import Filter
from xats_tui.screens.rows.wakes import COLUMNS, grouped
from xats_tui.screens.rows.wakes import WAKES as WAKE_LIST
from xats_tui.screens.widgets.columns import Order
from xats_tui.screens.widgets.folding import Folding
from xats_tui.screens.widgets.format import TableRow

STAGES = (WakeStage.ATTEMPTED, WakeStage.SEEN, WakeStage.READ)

WAKES = (
    wake(QA, 1, WakeStatus.FAILED, "no such pane", 4, 1),
    wake(BACKEND, 2, WakeStatus.RETRYING, "busy", 2, 2),
    wake(QA, 3, WakeStatus.FAILED, "no such pane", 4, 3),
    wake(QA, 4, WakeStatus.RETRYING, "busy", 4, 4),
    *(wake(QA, number, WakeStatus.DELIVERED, None, 1, number, *STAGES) for number in range(5, 35)),
)
SNAPSHOT = Snapshot(roster=(entry(BACKEND), entry(QA)), wakes=WAKES, confirmed_at=NOW)
ROWS = WAKE_LIST.rows(SNAPSHOT, NOW)

ALL_OF_QA = group_key(QA.agent_id)


def lines(rows: list[TableRow]) -> list[str]:
    """State, sign, agent and reason of each row."""
    return [" ".join(cell.text for cell in row.cells[:4] if cell.text) for row in rows]


def test_thirty_four_wakes_of_two_agents_are_two_rows_with_counts_and_one_reason() -> None:
    assert lines(Folding(grouped).arrange(ROWS)) == [
        "✕ failed ▸ qa 2✕ 1◐ 30✓: no such pane",
        "◐ waiting backend busy",
    ]


def test_an_open_group_tells_a_reason_once() -> None:
    folding = Folding(grouped)
    folding.unfold(ALL_OF_QA)
    assert lines(folding.arrange(ROWS))[:4] == [
        "✕ failed ▾ qa 2✕ 1◐ 30✓: no such pane",
        "✕ failed │ qa as above",
        "✕ failed │ qa as above",
        "◐ waiting │ qa busy",
    ]


def test_a_group_holds_what_the_filter_lets_through_in_the_order_of_the_list() -> None:
    folding = Folding(grouped)
    waiting = Filter("waiting", {"waiting"}).select(ROWS)
    assert lines(folding.arrange(waiting)) == ["◐ waiting backend busy", "◐ waiting qa busy"]
    by_tries = Order("tries", reverse=True).of(ROWS, COLUMNS)
    assert lines(folding.arrange(by_tries))[0].startswith("✕ failed ▸ qa")
    assert len(folding.members(ALL_OF_QA)) == 33 and folding.members(WAKES[1].key) == (WAKES[1].key,)


def test_a_row_that_is_asked_for_opens_its_group_and_one_key_folds_all_or_none() -> None:
    folding = Folding(grouped)
    folding.arrange(ROWS)
    assert [folding.closed_head(one.key) for one in WAKES[:3]] == [ALL_OF_QA, None, None]  # the head shows the first
    folding.reveal(WAKES[3].key)
    assert WAKES[3].key in [row.key for row in folding.arrange(ROWS)]
    folding.fold_or_unfold_all()
    assert len(folding.arrange(ROWS)) == 2
    folding.fold_or_unfold_all()
    assert len(folding.arrange(ROWS)) == 35


def test_the_row_of_a_group_stands_for_the_wakes_of_its_agent_the_most_urgent_first() -> None:
    group = find(SNAPSHOT, Mode.WAKES, ALL_OF_QA)
    assert isinstance(group, WakeGroup)
    assert (len(group.wakes), group.lead) == (33, WAKES[0])
    assert find(SNAPSHOT, Mode.WAKES, group_key("nobody")) is None


async def test_a_group_is_replayed_by_its_row_and_unfolded_and_folded_with_the_arrows() -> None:
    verbs = FixedVerbs()
    app = XatsApp(desk(SNAPSHOT, verbs=verbs))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "2 wakes → qa")
        await pilot.press("4")
        await shows(pilot, "most urgent of 33")
        await pilot.press("r")
        await shows(pilot, "replayed 3 wakes for qa")
        await pilot.press("right", "down", "down")
        await shows(pilot, "as above")
        await pilot.press("r")
        await settled(pilot)
        await pilot.press("left")
        await shows(pilot, "▸ qa")
        assert "as above" not in text(pilot)
    ids = [(one.message_id, one.agent_id) for one in WAKES]
    assert verbs.done == [("replay", ids[0], ids[2], ids[3]), ("replay", ids[2])]


@pytest.mark.slow
async def test_marking_a_group_marks_its_wakes_and_a_click_on_its_sign_unfolds_it() -> None:
    app = XatsApp(desk(SNAPSHOT))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "2 wakes → qa")
        await pilot.press("4")
        await shows(pilot, "▸ qa")
        await pilot.press("space")
        await shows(pilot, "33 marked")
        await pilot.press("up", "right", "down", "space", "left")  # one of them no more
        await shows(pilot, "32 marked")
        await shows(pilot, "│· ✕ failed    ▸ qa")
        row = next(line for line in text(pilot).split("\n") if "▸" in line)
        await pilot.click("#list KeyedTable", offset=(row.index("▸") - 1, 1))
        await shows(pilot, "as above")
