"""The operator answers a dialog that a client tells of, over the client's interface, and nothing but what was seen."""

import asyncio
from pathlib import Path

import pytest

from tests.conftest import Connect
from tests.mcp_caller import Caller
from tests.tmux_server import TmuxServer
from tests.told_dialogs import tell
from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.errors import Refusal
from xats_tui.core.model.client_states import DialogOption, StateSource, ToldState
from xats_tui.core.model.panes import PaneState

ASKING = Path(__file__).parents[3] / "asking.py"


async def noted(backend: Coordinator) -> str:
    """The one entry of the activity log."""
    (entry,) = await backend.operator.activity()
    assert (entry.actor, entry.verb) == ("operator", "answer")
    return entry.detail


@pytest.fixture
async def bob(register: Connect) -> Caller:
    """An agent without a pane."""
    caller: Caller = await register("bob", client="codex")
    return caller


async def test_a_told_dialog_is_answered_without_a_pane_and_written_down(backend: Coordinator, bob: Caller) -> None:
    told = tell(backend, bob.agent_id)
    idle = ToldState(state=PaneState.IDLE, detail="idle", source=StateSource.THREAD, at=backend.clock.now())
    backend.states.note(bob.agent_id, StateSource.THREAD, idle)
    seen = await backend.operator.prompt(bob.agent_id)

    following = await backend.operator.answer(bob.agent_id, seen, 1)

    assert seen == told.dialog
    assert (told.got, following) == ([(1, "")], None)
    assert await noted(backend) == "1. Allow once: taken (stand-in); asked was: Bash: touch x"
    with pytest.raises(Refusal, match="no_dialog"):  # it is off the board
        await backend.operator.prompt(bob.agent_id)


async def test_what_else_is_asked_comes_back(backend: Coordinator, bob: Caller) -> None:
    first, second = tell(backend, bob.agent_id), tell(backend, bob.agent_id, "touch y")

    assert await backend.operator.answer(bob.agent_id, first.dialog, 3) == second.dialog
    assert (first.got, second.got) == ([(3, "")], [])


async def test_a_dialog_that_has_changed_is_not_answered(backend: Coordinator, bob: Caller) -> None:
    told = tell(backend, bob.agent_id)
    seen = await backend.operator.prompt(bob.agent_id)
    told.change(subject="rm -rf /", text="rm -rf /")

    with pytest.raises(Refusal, match="prompt_changed"):
        await backend.operator.answer(bob.agent_id, seen, 1)

    assert told.got == []
    assert await noted(backend) == "1. Allow once: prompt changed (stand-in); asked was: Bash: touch x"


async def test_a_dialog_that_was_closed_is_not_answered(backend: Coordinator, bob: Caller) -> None:
    told = tell(backend, bob.agent_id)
    backend.states.close_dialog(told.dialog.id)

    with pytest.raises(Refusal, match="prompt_changed"):
        await backend.operator.answer(bob.agent_id, told.dialog, 1)

    assert told.got == []


@pytest.mark.parametrize("code", ["not_taken", "answer_unseen"])
async def test_an_answer_without_effect_is_told_and_stays_open(code: str, backend: Coordinator, bob: Caller) -> None:
    told = tell(backend, bob.agent_id)
    told.refusal = Refusal(code, detail="the server said 500")

    with pytest.raises(Refusal, match=code) as refused:
        await backend.operator.answer(bob.agent_id, told.dialog, 1)

    assert "keys" not in refused.value.fields["sentence"] and "the server said 500" in refused.value.fields["sentence"]
    assert f"1. Allow once: {code.replace('_', ' ')} (stand-in)" in await noted(backend)
    assert await backend.operator.prompt(bob.agent_id) == told.dialog


async def test_one_dialog_gets_one_answer_at_a_time(backend: Coordinator, bob: Caller) -> None:
    told, asked, go_on = tell(backend, bob.agent_id), asyncio.Event(), asyncio.Event()
    got: list[int] = []

    async def slowly(option: DialogOption, text: str) -> None:
        asked.set()
        await go_on.wait()
        got.append(option.number)

    backend.states.open_dialog(told.dialog, slowly)
    first = asyncio.create_task(backend.operator.answer(bob.agent_id, told.dialog, 1))
    await asked.wait()

    with pytest.raises(Refusal, match="being_answered"):
        await backend.operator.answer(bob.agent_id, told.dialog, 3)

    go_on.set()
    await first
    assert got == [1]


async def test_an_answer_that_needs_words_gets_them_and_keeps_them_out_of_the_log(
    backend: Coordinator, bob: Caller
) -> None:
    other = DialogOption(number=1, label="Other", needs_typing=True)
    told = tell(backend, bob.agent_id, "which?", options=(other,))

    with pytest.raises(Refusal, match="not_answerable"):
        await backend.operator.answer(bob.agent_id, told.dialog, 1, "  ")
    await backend.operator.answer(bob.agent_id, told.dialog, 1, "the password is swordfish")

    assert told.got == [(1, "the password is swordfish")]
    assert "swordfish" not in await noted(backend)


async def test_neither_question_nor_words_reach_the_log_file(
    backend: Coordinator, bob: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    other = DialogOption(number=1, label="Other", needs_typing=True)
    told = tell(backend, bob.agent_id, "curl -H 'key: hunter2'", options=(other,))

    await backend.operator.answer(bob.agent_id, told.dialog, 1, "swordfish")

    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("xats_tui"))
    assert "answered bob@" in ours
    assert "hunter2" not in ours and "swordfish" not in ours


async def test_a_dialog_that_can_only_be_looked_at_says_so(backend: Coordinator, bob: Caller) -> None:
    told = tell(backend, bob.agent_id, options=())

    assert await backend.operator.prompt(bob.agent_id) == told.dialog
    with pytest.raises(Refusal, match="not_answerable"):
        await backend.operator.answer(bob.agent_id, told.dialog, 1)


async def test_a_dialog_is_not_answered_for_another_agent(backend: Coordinator, bob: Caller, register: Connect) -> None:
    carol, told = await register("carol"), tell(backend, bob.agent_id)

    with pytest.raises(Refusal, match="prompt_changed"):
        await backend.operator.answer(carol.agent_id, told.dialog, 1)

    assert told.got == []


@pytest.mark.tmux
async def test_the_told_dialog_comes_before_the_same_one_on_the_screen(
    backend: Coordinator, register: Connect, tmux: TmuxServer
) -> None:
    pane = tmux.new_pane([tmux.called("claude"), str(ASKING), "claude-code", "touch x"])
    await tmux.wait_for(pane.pane_id, "touch x")
    bob = await register("bob", client="claude-code")
    await bob.call("bind_runtime_identity", agent="claude-code", ui_pid=pane.pid)
    told = tell(backend, bob.agent_id)

    assert await backend.operator.asked(bob.agent_id) == (told.dialog,)
    await backend.operator.answer(bob.agent_id, told.dialog, 1)
    assert "chose" not in tmux.capture(pane.pane_id)

    # what the interface can only tell is answered on the screen
    told.change(options=())
    (prompt,) = await backend.operator.asked(bob.agent_id)
    assert prompt.options and prompt != told.dialog
    await backend.operator.answer(bob.agent_id, prompt, 3)
    await tmux.wait_for(pane.pane_id, "chose No for touch x")


async def test_the_roster_and_the_health_count_a_told_dialog(backend: Coordinator, bob: Caller) -> None:
    told = tell(backend, bob.agent_id)

    (entry,) = await backend.operator.roster()
    assert entry.state and (entry.state.state, entry.state.reason) == (PaneState.DIALOG, "asks: Bash: touch x")
    assert (await backend.operator.health()).dialogs_open == 1

    backend.states.close_dialog(told.dialog.id)
    (entry,) = await backend.operator.roster()
    assert entry.state is None and (await backend.operator.health()).dialogs_open == 0


async def test_a_dialog_without_a_question_is_said_to_be_one(backend: Coordinator, bob: Caller) -> None:
    waiting = ToldState(
        state=PaneState.DIALOG, detail="waitingOnApproval", source=StateSource.THREAD, at=backend.clock.now()
    )
    backend.states.note(bob.agent_id, StateSource.THREAD, waiting)

    (entry,) = await backend.operator.roster()

    assert entry.state and (entry.state.state, entry.state.source) == (PaneState.DIALOG, "thread")
    assert entry.told == waiting
    with pytest.raises(Refusal, match="question_unseen"):
        await backend.operator.prompt(bob.agent_id)
