"""The operator's actions on tasks through keys, on a real coordinator; and the list of tasks, on a sample."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.conftest import Sql
from tests.patience import eventually
from tests.screens.looking import settled, shows, text, until
from tests.screens.sample.clock import NOW, FrozenClock
from tests.screens.sample.desk import desk
from tests.screens.sample.filled import EMPTY, FILLED
from tests.screens.sample.source import FixedSource
from tests.screens.sample.teams import TEAMS
from tests.screens.sample.verbs import FixedVerbs
from tests.screens.supervising import Tool, agents, dashboard, open_mode
from tests.screens.test_modes import opened
from xats_tui.app import XatsApp
from xats_tui.backend.thread import CoordinatorThread
from xats_tui.core.model.tasks import Task, TaskEntry, TaskStatus
from xats_tui.core.records import replace
from xats_tui.runtime.settings import Settings
from xats_tui.screens.details.tasks import TREE_LINES, dependency_tree
from xats_tui.screens.dialogs.asking import Pick
from xats_tui.screens.dialogs.overlays import ConfirmDialog
from xats_tui.screens.dialogs.task_form import TaskForm
from xats_tui.screens.modes.mode_screen import ModeScreen
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.modes.tasks import TasksMode
from xats_tui.screens.query.filters import Filter
from xats_tui.screens.rows.tasks import TASKS

Check = Callable[[Pilot[Any]], Awaitable[None]]


async def claimed(call: Tool, title: str) -> str:
    """The id of a new task that the caller works on."""
    task_id: str = (await call("task_add", title=title))["task_id"]
    await call("task_claim", task_id=task_id)
    return task_id


async def subjects(call: Tool) -> list[str]:
    return [message["subject"] for message in (await call("get_inbox"))["messages"]]


async def opens(pilot: Pilot[Any], dialog: type) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, dialog))


@pytest.mark.slow
async def test_a_task_is_released_and_that_is_undone(
    settings: Settings, coordinator: CoordinatorThread, sql: Sql
) -> None:
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        backend = await connect("backend")
        await claimed(backend, "migrate")
        await open_mode(pilot, Mode.TASKS)
        await shows(pilot, "migrate")
        await pilot.press("u")
        await shows(pilot, "released “migrate”; ctrl+z undoes it")
        assert sql("SELECT status, claimed_by FROM tasks") == [("pending", None)]
        await pilot.press("ctrl+z")
        await shows(pilot, "undone: “migrate” as before")
        assert sql("SELECT status FROM tasks") == [("in_progress",)]
        await pilot.press("ctrl+z")
        await shows(pilot, "nothing was changed in the last 10 s")
        assert await subjects(backend) == ["task released: migrate", "undone: migrate"]
    assert sql("SELECT verb FROM activity") == [("release task",), ("undo",)]


@pytest.mark.slow
async def test_a_task_is_given_to_an_agent_that_is_picked(
    settings: Settings, coordinator: CoordinatorThread, sql: Sql
) -> None:
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        backend, qa = await connect("backend"), await connect("qa")
        task_id = await claimed(backend, "migrate")
        await open_mode(pilot, Mode.TASKS)
        await shows(pilot, "migrate")
        await pilot.press("R")
        await opens(pilot, Pick)
        await shows(pilot, "not now: owns it already")
        await pilot.press(*"qa", "enter")
        await shows(pilot, "gave qa “migrate”")
        assert await subjects(backend) == ["task taken: migrate"]
        assert await subjects(qa) == ["task for you: migrate"]
        await qa("task_complete", task_id=task_id)
    assert sql("SELECT verb FROM activity") == [("reassign task",)]


@pytest.mark.slow
async def test_a_task_is_cancelled_after_a_question_that_proposes_not_to(
    settings: Settings, coordinator: CoordinatorThread, sql: Sql
) -> None:
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        backend = await connect("backend")
        task_id = await claimed(backend, "migrate")
        await backend("task_add", title="client", depends_on=[task_id])
        await open_mode(pilot, Mode.TASKS)
        await shows(pilot, "client")
        await pilot.press("x")
        await opens(pilot, ConfirmDialog)
        await shows(pilot, "backend will be told")
        assert "“client”" in text(pilot)
        await pilot.press("enter")
        await opens(pilot, ModeScreen)
        assert sql("SELECT count(*) FROM activity") == [(0,)]
        await pilot.press("x", "right", "enter")
        await shows(pilot, "cancelled “migrate”")
        await shows(pilot, "✕ migrate")
        await backend("task_claim", task_id=(await backend("task_list", status="pending"))["tasks"][0]["id"])
    assert sql("SELECT verb FROM activity") == [("cancel task",)]


@pytest.mark.slow
async def test_a_task_is_added_with_what_it_waits_for(
    settings: Settings, coordinator: CoordinatorThread, sql: Sql
) -> None:
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        task_id = await claimed(await connect("backend"), "migrate")
        await open_mode(pilot, Mode.TASKS)
        await shows(pilot, "migrate")
        await pilot.press("n")
        await opens(pilot, TaskForm)
        await pilot.press("ctrl+s")
        await shows(pilot, "A task needs a title.")
        await pilot.press(*"client", "tab", *"for v4", "tab", *"migr", "tab", "space")
        await shows(pilot, "waits for 1 task")
        await pilot.press("ctrl+s")
        await shows(pilot, "added “client”")
        await shows(pilot, "waits 1")
    added = sql("SELECT description, depends_on, team FROM tasks WHERE title = 'client'")
    assert added == [("for v4", f'["{task_id}"]', "shop")]
    assert sql("SELECT verb FROM activity") == [("add task",)]


@pytest.mark.slow
async def test_a_task_is_edited_and_the_way_round_of_a_cycle_is_told(
    settings: Settings, coordinator: CoordinatorThread, sql: Sql
) -> None:
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        backend = await connect("backend")
        first = await claimed(backend, "first")
        await backend("task_add", title="second", depends_on=[first])
        await open_mode(pilot, Mode.TASKS)
        await shows(pilot, "second")
        await pilot.press("e")
        await opens(pilot, TaskForm)
        await pilot.press("end", *" step", "tab", "tab", "tab", "enter", "ctrl+s")
        await shows(pilot, "→ second →")
        assert sql("SELECT title, depends_on FROM tasks WHERE id = ?", first) == [("first", "[]")]
        await pilot.press("e")
        await shows(pilot, "continuing your draft")
        await pilot.press("tab", "tab", "tab", "enter", "ctrl+s")
        await shows(pilot, "changed “first step”")
        assert await subjects(backend) == ["task changed: first step"]
    assert sql("SELECT title, depends_on FROM tasks WHERE id = ?", first) == [("first step", "[]")]


@pytest.mark.slow
async def test_what_changed_meanwhile_is_refused_with_what_it_is_now(
    settings: Settings, coordinator: CoordinatorThread, sql: Sql
) -> None:
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        backend = await connect("backend")
        task_id = (await backend("task_add", title="migrate"))["task_id"]
        await open_mode(pilot, Mode.TASKS)
        await shows(pilot, "migrate")
        await pilot.press("x")
        await opens(pilot, ConfirmDialog)
        await backend("task_claim", task_id=task_id)
        await pilot.press("right", "enter")
        await shows(pilot, "task changed: it is in progress")
    assert sql("SELECT status FROM tasks") == [("in_progress",)]
    assert sql("SELECT * FROM activity") == []


@pytest.mark.slow
async def test_looking_at_tasks_changes_nothing_and_marks_nothing_read(
    settings: Settings, coordinator: CoordinatorThread, sql: Sql
) -> None:
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        backend, qa = await connect("backend"), await connect("qa")
        await claimed(backend, "migrate")
        await qa("send_message", to_agent_name="backend", body="x")
        before = sql("SELECT * FROM tasks"), sql("SELECT count(*) FROM messages WHERE read_at IS NULL")
        await open_mode(pilot, Mode.TASKS)
        await shows(pilot, "migrate")
        await pilot.press("right", "left", "enter", "tab", "escape", "e", "escape", "n", "escape", "R", "escape")
        await opens(pilot, ModeScreen)
    assert (sql("SELECT * FROM tasks"), sql("SELECT count(*) FROM messages WHERE read_at IS NULL")) == before
    assert sql("SELECT * FROM activity") == []


@pytest.mark.slow
async def test_nothing_is_done_to_tasks_in_read_only_mode(
    settings: Settings, coordinator: CoordinatorThread, sql: Sql
) -> None:
    async with agents(settings) as connect, dashboard(coordinator, read_only=True) as pilot:
        await claimed(await connect("backend"), "migrate")
        await open_mode(pilot, Mode.TASKS)
        await shows(pilot, "migrate")
        for key, title in (("u", "release"), ("R", "reassign"), ("x", "cancel task"), ("n", "new task"), ("e", "edit")):
            await pilot.press(key)
            await shows(pilot, f"{title}: read-only mode")
    assert sql("SELECT * FROM activity") == []


@pytest.mark.slow
async def test_a_task_whose_owner_is_gone_is_given_away_from_the_attention_panel(
    settings: Settings, coordinator: CoordinatorThread, sql: Sql
) -> None:
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        backend, _ = await connect("backend"), await connect("qa")
        await claimed(backend, "migrate")
        sql("DELETE FROM agents WHERE name = 'backend'")
        await (await connect("planner"))("task_add", title="another")  # so that the picture is loaded again
        await shows(pilot, "R reassign")
        await pilot.press("shift+tab", "R")
        await opens(pilot, Pick)
        await pilot.press(*"qa", "enter")
        await shows(pilot, "gave qa “migrate”")
        await eventually(lambda: sql("SELECT verb FROM activity") == [("reassign task",)])


async def board(check: Check, size: tuple[int, int] = (120, 40), **fields: Any) -> None:
    """Check something on the board of the sample."""
    app = XatsApp(desk(**fields))
    async with app.run_test(size=size, notifications=True) as pilot:
        await shows(pilot, "xats :9100")
        await pilot.press(Mode.TASKS.digit)
        await until(pilot, lambda: isinstance(app.screen, TasksMode))
        await settled(pilot)
        await check(pilot)


def chosen(pilot: Pilot[Any]) -> str | None:
    screen = pilot.app.screen
    assert isinstance(screen, TasksMode)
    return screen.list_panel.table.chosen


@pytest.mark.slow
async def test_the_board_begins_with_what_is_being_done_and_arrows_go_from_column_to_column() -> None:
    async def check(pilot: Pilot[Any]) -> None:
        assert chosen(pilot) == "t-41"
        await pilot.press("left")
        assert chosen(pilot) == "t-45"
        await pilot.press("left", "right", "right")
        assert chosen(pilot) == "t-39"
        await pilot.press("right", "down")
        assert chosen(pilot) == "t-38"

    await board(check)


@pytest.mark.slow
async def test_a_filter_is_for_all_columns() -> None:
    async def check(pilot: Pilot[Any]) -> None:
        await pilot.press("slash", *"@backend", "enter")
        await shows(pilot, "/@backend: 1 of 2")
        assert text(pilot).count("/@backend: 1 of 2") == 2
        assert "no row matches" in text(pilot)

    await board(check)


@pytest.mark.slow
async def test_the_selected_task_stays_selected_when_the_screen_becomes_narrow_and_wide_again() -> None:
    async def check(pilot: Pilot[Any]) -> None:
        await pilot.press("left", "down", "slash", *"orders", "enter")
        for size in ((80, 24), (160, 50)):
            await pilot.resize_terminal(*size)
            await settled(pilot)
            assert chosen(pilot) == "t-44"
            assert "/orders: " in text(pilot)

    await board(check)


@pytest.mark.slow
async def test_a_click_goes_to_a_column() -> None:
    async def check(pilot: Pilot[Any]) -> None:
        await pilot.click("#completed KeyedTable", offset=(5, 2))
        await until(pilot, lambda: chosen(pilot) == "t-38")

    await board(check)


@pytest.mark.slow
async def test_a_change_cannot_be_undone_after_ten_seconds() -> None:
    clock, verbs = FrozenClock(), FixedVerbs()

    async def check(pilot: Pilot[Any]) -> None:
        await pilot.press("u")
        await shows(pilot, "ctrl+z 10s")
        clock.instant += timedelta(seconds=10)
        await pilot.press("ctrl+z")
        await shows(pilot, "nothing was changed")
        assert [what for what, *_ in verbs.done] == ["release task"]

    await board(check, clock=clock, verbs=verbs)


@pytest.mark.slow
async def test_a_board_without_tasks_leaves_the_focus_to_the_line_that_is_being_typed() -> None:
    async with opened(Mode.TASKS, snapshot=EMPTY) as (pilot, _):
        await pilot.press("slash", "a")
        assert isinstance(pilot.app.screen, TasksMode)
        pilot.app.screen.draw()
        await pilot.press("b", "enter")
        assert pilot.app.screen.list_panel.words == "ab"


@pytest.mark.slow
async def test_several_tasks_that_are_marked_are_released_and_undone_together() -> None:
    verbs = FixedVerbs()

    async def check(pilot: Pilot[Any]) -> None:
        await pilot.press("space", "space", "u")
        await shows(pilot, "released 2 tasks")
        await pilot.press("ctrl+z")
        await shows(pilot, "undone: 2 tasks as before")

    await board(check, verbs=verbs)
    assert [what[:2] for what in verbs.done] == [
        ("release task", "t-41"),
        ("release task", "t-40"),
        ("restore task", "t-41"),
        ("restore task", "t-40"),
    ]


@pytest.mark.slow
async def test_what_cannot_be_done_to_a_task_says_why() -> None:
    async def check(pilot: Pilot[Any]) -> None:
        await pilot.press("left", "u")
        await shows(pilot, "release: nobody works on it")
        await pilot.press("R")  # it waits for other tasks, so the key turns to the task whose owner has left
        await shows(pilot, "Give “release notes” to")
        await pilot.press("escape", "right", "right", "e")
        await shows(pilot, "edit: the task is done")

    await board(check)


@pytest.mark.slow
async def test_a_task_that_was_begun_is_kept_for_the_same_key() -> None:
    async def check(pilot: Pilot[Any]) -> None:
        await pilot.press("n")
        await opens(pilot, Pick)  # of two teams, that of the selected task comes first
        await pilot.press("enter")
        await opens(pilot, TaskForm)
        await pilot.press(*"half a [red]title", "escape")
        await shows(pilot, "The draft is kept")
        await pilot.press("n", "enter")
        await shows(pilot, "half a [red]title")

    await board(check)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (160, 50)])
async def test_titles_with_markup_and_control_bytes_break_no_board(size: tuple[int, int]) -> None:
    odd = "[red]x[/] \x1b[2J\n" + "翻" * 5000 + "\u202e"
    entries = [
        replace(entry, task=replace(entry.task, title=odd, description=odd, result=odd)) for entry in FILLED.tasks
    ]

    async def check(pilot: Pilot[Any]) -> None:
        await pilot.press("e")
        await opens(pilot, TaskForm)
        await shows(pilot, "[red]x")
        await pilot.press("escape", "x")
        await opens(pilot, ConfirmDialog)
        assert "\x1b" not in text(pilot)

    await board(check, size, snapshot=FixedSource(replace(FILLED, tasks=tuple(entries))))


def test_a_filter_knows_what_is_blocked_orphaned_and_cancelled() -> None:
    done = FILLED.tasks[4]
    cancelled = replace(done, task=replace(done.task, result="cancelled by the operator"))
    snapshot = replace(FILLED, tasks=(*FILLED.tasks[:4], cancelled, FILLED.tasks[5]))
    rows = TASKS.rows(snapshot, NOW)

    def keys(words: str) -> list[str]:
        return [row.key for row in Filter(words, TASKS.states).select(rows)]

    assert keys("blocked") == ["t-45", "t-44"]
    assert keys("orphaned") == ["t-40"]
    assert keys("cancelled") == ["t-39"]
    assert keys("done") == ["t-38"]


def test_the_tree_draws_each_task_once_and_ends() -> None:
    def task(number: int, *depends_on: int) -> TaskEntry:
        fields = Task(
            id=f"t{number}",
            team="shop",
            title=f"task {number}",
            description=None,
            status=TaskStatus.PENDING,
            depends_on=tuple(f"t{each}" for each in depends_on),
            claimed_by=None,
            claimed_at=None,
            completed_at=None,
            result=None,
            created_at=NOW,
        )
        return TaskEntry(task=fields, owner_name=None, owner_online=None, waits_for=(), blocks=0)

    ring = replace(FILLED, tasks=(task(1, 2, 3), task(2, 3, 1), task(3, 99)))
    many = replace(FILLED, tasks=(task(0), *(task(number, 0) for number in range(1, 100))))

    drawn = dependency_tree(ring, "t1")
    assert drawn
    assert (
        drawn.plain
        == "waits for\n├─ ○ task 2\n└─ ○ task 3\n   └─ t99, not among the newest tasks\n\nblocks\n└─ ○ task 2"
    )
    crowded = dependency_tree(many, "t0")
    assert crowded
    assert len(crowded.plain.splitlines()) == TREE_LINES + 4
    assert dependency_tree(ring, "gone") is None


async def test_the_graph_takes_the_place_of_the_board_and_keeps_the_cursor() -> None:
    async with XatsApp(desk(FILLED)).run_test(size=(120, 40)) as pilot:
        await open_mode(pilot, Mode.TASKS)
        screen = pilot.app.screen
        assert isinstance(screen, TasksMode)
        screen.list_panel.table.choose("t-40")
        await pilot.press("v")
        await shows(pilot, "critical path: 2 tasks")
        assert screen.list_panel.table.chosen == "t-40"
        await pilot.press("v")
        await shows(pilot, "In progress")
        assert screen.list_panel.table.chosen == "t-40"


async def test_on_a_small_screen_a_long_title_leaves_room_for_the_number_of_hidden_columns() -> None:
    async with XatsApp(desk(TEAMS)).run_test(size=(80, 24)) as pilot:
        await open_mode(pilot, Mode.TASKS)
        await pilot.press("v")
        await shows(pilot, "Dependencies of unfinished tasks")
        await shows(pilot, "…  +1 column: C")
