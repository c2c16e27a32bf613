"""Answering what an agent asks, through keys: on a sample, and on a real coordinator with a real pane."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from tests.conftest import Sql
from tests.screens.looking import settled, shows, text, until
from tests.screens.sample.desk import desk
from tests.screens.sample.filled import FILLED
from tests.screens.sample.told import APPROVAL, EDIT, QUESTION, TELLING
from tests.screens.sample.verbs import FixedVerbs
from tests.screens.supervising import agents, dashboard, open_mode
from tests.tmux_server import TmuxServer
from xats_tui.app import XatsApp
from xats_tui.backend.thread import CoordinatorThread
from xats_tui.core.model.panes import Prompt
from xats_tui.core.records import replace
from xats_tui.runtime.settings import Settings
from xats_tui.screens.data.verbs import VerbRefused
from xats_tui.screens.dialogs.answering import AnswerPrompt
from xats_tui.screens.dialogs.overlays import ConfirmDialog
from xats_tui.screens.modes.places import Mode

ASKING = Path(__file__).parents[1] / "asking.py"

BACKEND_ID = "backend-shop-0001"


@asynccontextmanager
async def answering(
    verbs: FixedVerbs, *, size: tuple[int, int] = (120, 40), at_once: bool = False
) -> AsyncIterator[Pilot[Any]]:
    """The dialog for the agent of the sample that asks something, opened from what needs attention."""
    app = XatsApp(desk(verbs=verbs))
    async with app.run_test(size=size, notifications=True) as pilot:
        await shows(pilot, "backend@shop")
        await pilot.press("shift+tab")
        await shows(pilot, "a answer")
        await pilot.press("a")
        await until(pilot, lambda: is_open(pilot))
        if not at_once:
            await settled(pilot)
        yield pilot


def is_open(pilot: Pilot[Any]) -> bool:
    return isinstance(pilot.app.screen, AnswerPrompt)


async def closed(pilot: Pilot[Any]) -> None:
    await until(pilot, lambda: not is_open(pilot))


async def test_what_is_chosen_by_its_digit_for_once_is_sent_with_enter() -> None:
    verbs = FixedVerbs()
    async with answering(verbs) as pilot:
        assert "rm -rf build" in text(pilot)
        await pilot.press("3")
        await shows(pilot, "Send “3. No, and tell Claude what to do differently (esc)” to")
        assert "enter sends it" in text(pilot)
        await pilot.press("enter")
        await closed(pilot)
        await shows(pilot, "answered backend@shop: No, and")
    assert verbs.done == [("answer", BACKEND_ID, 3)]


@pytest.mark.slow
async def test_what_lasts_is_not_proposed_and_enter_that_is_held_down_sends_nothing() -> None:
    verbs = FixedVerbs()
    async with answering(verbs) as pilot:
        await pilot.press("2")
        await shows(pilot, "enter cancels")
        await pilot.press(*["enter"] * 8)
        assert verbs.done == []
        await pilot.press("escape", "2", "right", "enter")
        await closed(pilot)
    assert verbs.done == [("answer", BACKEND_ID, 2)]


@pytest.mark.slow
async def test_a_again_leads_to_the_next_dialog_within_the_dialog_and_after_an_answer() -> None:
    verbs = FixedVerbs()
    app = XatsApp(desk(TELLING, verbs=verbs))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "asks: Bash: touch x")
        await pilot.press("shift+tab", "a")
        await shows(pilot, "翻訳-translator@docs asks")
        await pilot.press("a")
        await shows(pilot, "backend@shop asks")
        await settled(pilot)
        await pilot.press("1", "enter")
        await closed(pilot)
        verbs.asked = APPROVAL
        await pilot.press("down", "a")  # backend is under the cursor, and the snapshot still shows its dialog
        await shows(pilot, "翻訳-translator@docs asks")
    assert verbs.done == [("answer", BACKEND_ID, 1)]


@pytest.mark.slow
async def test_a_digit_that_comes_before_the_question_waits_for_it_and_enter_does_not() -> None:
    class Slow(FixedVerbs):
        def __init__(self) -> None:
            super().__init__()
            self.looked = asyncio.Event()

        async def prompt(self, agent_id: str) -> Any:
            await self.looked.wait()
            return await super().prompt(agent_id)

    verbs = Slow()
    async with answering(verbs, at_once=True) as pilot:
        await pilot.press("1", "enter")
        verbs.looked.set()
        await shows(pilot, "Send “1. Yes” to backend@shop?")
        await settled(pilot)
        assert verbs.done == []
        await pilot.press("enter")
        await closed(pilot)
    assert verbs.done == [("answer", BACKEND_ID, 1)]


@pytest.mark.slow
async def test_escape_leaves_the_question_and_then_the_dialog() -> None:
    verbs = FixedVerbs()
    async with answering(verbs) as pilot:
        await pilot.press("1", "escape")
        await shows(pilot, "1-9 enter choose")
        await pilot.press("escape")
        await closed(pilot)
    assert verbs.done == []


@pytest.mark.slow
async def test_what_is_asked_next_is_shown_in_place() -> None:
    verbs = FixedVerbs()
    assert isinstance(verbs.asked, Prompt)
    later = verbs.asked.screen.replace("rm -rf build", "rm -rf dist")
    verbs.asked_next = replace(verbs.asked, text=verbs.asked.text.replace("build", "dist"), screen=later)
    async with answering(verbs) as pilot:
        await pilot.press("1", "enter")
        await shows(pilot, "The next question:")
        await settled(pilot)  # enter counts for what is seen only
        assert "rm -rf dist" in text(pilot)
        verbs.asked_next = None
        await pilot.press("3", "enter")
        await closed(pilot)
    assert verbs.done == [("answer", BACKEND_ID, 1), ("answer", BACKEND_ID, 3)]


@pytest.mark.slow
async def test_a_prompt_that_changes_meanwhile_is_shown_and_not_answered() -> None:
    verbs = FixedVerbs()
    async with answering(verbs) as pilot:
        await pilot.press("1")
        await shows(pilot, "Send “1. Yes”")
        assert isinstance(verbs.asked, Prompt)
        verbs.asked = replace(verbs.asked, text="rm -rf /", screen="rm -rf /")
        await shows(pilot, "The question has changed; this is the current one.")
        assert "Send it" not in text(pilot)
    assert verbs.done == []


async def test_a_prompt_that_has_changed_when_it_is_sent_is_shown_instead() -> None:
    class Late(FixedVerbs):
        async def answer(self, agent_id: str, seen: Any, number: int, text: str = "") -> Any:
            assert isinstance(self.asked, Prompt)
            self.asked = replace(self.asked, text="rm -rf /", screen="rm -rf /")
            raise VerbRefused("prompt_changed", "the question changed: the agent now asks something else")

    verbs = Late()
    async with answering(verbs) as pilot:
        await pilot.press("1", "enter")
        await shows(pilot, "Nothing was sent: the question changed")
        await shows(pilot, "rm -rf /")


@pytest.mark.slow
async def test_an_answer_whose_outcome_is_unknown_is_said_to_be_so_when_the_question_is_gone() -> None:
    class Unseen(FixedVerbs):
        async def answer(self, agent_id: str, seen: Any, number: int, text: str = "") -> Any:
            self.asked = None
            raise VerbRefused("answer_unseen", "it is not known what became of the answer")

    verbs = Unseen()
    verbs.asked = EDIT
    async with answering(verbs) as pilot:
        await pilot.press("1", "enter")
        await closed(pilot)
        await shows(pilot, "backend@shop: it is not known what became of the answer")


async def test_a_dialog_that_is_gone_closes_with_a_word() -> None:
    verbs = FixedVerbs()
    async with answering(verbs) as pilot:
        verbs.asked = None
        await closed(pilot)
        await shows(pilot, "backend@shop: the agent no longer asks anything")


@pytest.mark.slow
async def test_a_dialog_that_is_not_known_can_only_be_looked_at() -> None:
    verbs = FixedVerbs()
    assert isinstance(verbs.asked, Prompt)
    verbs.asked = replace(verbs.asked, options=(), why_not="this dialog is not one that can be answered from here")
    async with answering(verbs) as pilot:
        await shows(pilot, "not one that can be answered from here: g goes to the pane")
        await pilot.press("1", "enter")
        await settled(pilot)
        assert is_open(pilot)
        await pilot.press("g")
        await closed(pilot)
        await until(pilot, lambda: verbs.done == [("go", BACKEND_ID)])


@pytest.mark.slow
async def test_where_nobody_asks_anything_nobody_can_be_answered() -> None:
    app = XatsApp(desk(replace(FILLED, views={})))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "backend")
        await pilot.press("2")
        await settled(pilot)
        await pilot.press("a")
        await shows(pilot, "answer: no dialog of docs@docs is open")


@pytest.mark.slow
async def test_nothing_is_answered_in_read_only_mode() -> None:
    app = XatsApp(desk(verbs=FixedVerbs(read_only=True)))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "backend")
        await pilot.press("2", "down", "down")
        await settled(pilot)
        await pilot.press("a")
        await shows(pilot, "answer: read-only mode")
        await pilot.press("x")
        await shows(pilot, "remove agent: read-only mode")


@pytest.mark.tmux
async def test_a_prompt_in_a_pane_is_answered(
    settings: Settings, coordinator: CoordinatorThread, tmux: TmuxServer, sql: Sql
) -> None:
    pane = tmux.new_pane([tmux.called("claude"), str(ASKING), "claude-code", "rm -rf build"])
    await tmux.wait_for(pane.pane_id, "rm -rf build")
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        qa = await connect("qa", client="claude-code")
        await qa("bind_runtime_identity", agent="claude-code", ui_pid=pane.pid)
        await shows(pilot, "asks: Bash command · rm -rf build")
        await pilot.press("shift+tab", "a")
        await until(pilot, lambda: is_open(pilot))
        await shows(pilot, "3  No")
        await pilot.press("3", "enter")
        await shows(pilot, "answered qa@shop: No")
        await tmux.wait_for(pane.pane_id, "chose No for rm -rf build")
        ((detail,),) = sql("SELECT detail FROM activity WHERE verb = 'answer'")
        assert detail.startswith("3. No: taken")
        await shows(pilot, "idle")


@pytest.mark.slow
async def test_an_agent_is_removed_after_a_question(
    settings: Settings, coordinator: CoordinatorThread, sql: Sql
) -> None:
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        qa = await connect("qa")
        task = await qa("task_add", title="t")
        await qa("task_claim", task_id=task["task_id"])
        await open_mode(pilot, Mode.AGENTS)
        await shows(pilot, "qa")
        await pilot.press("x")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmDialog))
        await pilot.press("right", "enter")
        await shows(pilot, "qa was not removed: the agent owns")
        await qa("task_complete", task_id=task["task_id"])
        await pilot.press("x", "right", "enter")
        await shows(pilot, "removed qa")
        await shows(pilot, "No agent yet")
        assert sql("SELECT verb FROM activity") == [("remove",)]


@pytest.mark.slow
async def test_a_told_dialog_is_shown_in_the_clients_words_and_not_as_a_screen() -> None:
    verbs = FixedVerbs()
    verbs.asked = EDIT
    async with answering(verbs) as pilot:
        shown = text(pilot)
        assert "wants to use Edit  told by its PermissionRequest hook" in shown
        assert "+    shutil.rmtree(folder)" in shown and "Do you want to proceed?" not in shown
        assert "2  Yes, and allow edits  also for later uses" in shown
        await pilot.press("1", "enter")
        await closed(pilot)
    assert verbs.done == [("answer", BACKEND_ID, 1)]


@pytest.mark.slow
async def test_a_told_question_takes_typed_words() -> None:
    verbs = FixedVerbs()
    verbs.asked = QUESTION
    async with answering(verbs) as pilot:
        await pilot.press("1")
        await shows(pilot, "Your answer:")
        await pilot.press(*"teal", "enter")
        await shows(pilot, "Send “1. Something else: teal” to backend@shop?")
        await pilot.press("right", "enter")
        await closed(pilot)
    assert verbs.done == [("answer", BACKEND_ID, 1, "teal")]


@pytest.mark.slow
async def test_words_for_a_question_that_has_changed_meanwhile_are_not_sent() -> None:
    verbs = FixedVerbs()
    verbs.asked = QUESTION
    async with answering(verbs) as pilot:
        await pilot.press("1")
        await shows(pilot, "Your answer:")
        verbs.asked = replace(QUESTION, id="d3", text="Which size?")
        await until(
            pilot, lambda: "Which size?" in str(pilot.app.screen_stack[-2].query_one("#asked-text", Static).render())
        )
        await pilot.press(*"teal", "enter")
        await shows(pilot, "The question has changed; this is the current one.")
        assert "Send “" not in text(pilot)
    assert verbs.done == []


@pytest.mark.slow
async def test_a_long_told_dialog_is_read_from_its_start_and_scrolled() -> None:
    verbs = FixedVerbs()
    verbs.asked = replace(EDIT, text="\n".join(f"line {number}" for number in range(80)))
    async with answering(verbs, size=(80, 24)) as pilot:
        assert "line 0" in text(pilot) and "line 79" not in text(pilot)
        await pilot.press(*["pagedown"] * 12)
        await shows(pilot, "line 79")


@pytest.mark.slow
async def test_a_told_dialog_without_options_can_only_be_looked_at() -> None:
    verbs = FixedVerbs()
    verbs.asked = replace(EDIT, options=())
    async with answering(verbs) as pilot:
        await shows(pilot, "only the agent's own dialog takes an answer: g goes to the pane")


@pytest.mark.slow
async def test_an_agent_without_a_pane_is_answered_and_nobody_is_sent_to_its_pane() -> None:
    verbs = FixedVerbs()
    verbs.asked = APPROVAL
    app = XatsApp(desk(TELLING, verbs=verbs))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "asks: Bash: touch x")
        await pilot.press("shift+tab", "a")
        await until(pilot, lambda: is_open(pilot))
        await shows(pilot, "command: touch x")
        assert "go to pane" not in text(pilot)
        await pilot.press("g")
        await settled(pilot)
        assert is_open(pilot)
        await pilot.press("3", "enter")
        await closed(pilot)
    assert verbs.done == [("answer", APPROVAL.agent_id, 3)]
