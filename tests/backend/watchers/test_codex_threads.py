"""The states and dialogs of Codex threads are on the board as their app-server tells them, and are answered there."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import mcp_types as types
import pytest

from tests.conftest import Connect
from tests.mcp_caller import Caller
from tests.patience import PATIENCE, eventually
from tests.stand_ins.app_server import THREAD, AppServer, app_server
from xats_tui.backend.client_states import ClientStates
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.supervisor import kept_running
from xats_tui.backend.transports.codex_windows import CONTROL_SOCKET
from xats_tui.backend.watchers.codex_threads import CodexThreadWatcher
from xats_tui.core.errors import Refusal
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.client_states import Dialog, Effect, ToldState
from xats_tui.core.model.panes import PaneState

IDLE = {"type": "idle"}
BUSY = {"type": "active", "activeFlags": []}

COMMAND = "item/commandExecution/requestApproval"
TOUCH: dict[str, Any] = {
    "itemId": "call_1",
    "startedAtMs": 1_795_996_282_168,
    "reason": "to mark the place",
    "command": "/bin/bash -lc 'touch x'",
    "commandActions": [{"type": "unknown", "command": "touch x"}],
    "cwd": "/home/ann/proj",
    "availableDecisions": [
        "accept",
        {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": ["touch", "x"]}},
        "cancel",
    ],
}


@pytest.fixture
async def codex(own_tmux_folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AppServer]:
    """A Codex home with a control socket; the folder's path is short enough for one."""
    monkeypatch.setenv("CODEX_HOME", str(own_tmux_folder))
    async with app_server(own_tmux_folder / CONTROL_SOCKET) as server:
        yield server


class Board:
    """What the coordinator knows of the agent bob."""

    def __init__(self, backend: Coordinator, agent_id: str, caller: Caller) -> None:
        self._backend = backend
        self.agent_id = agent_id
        self.caller = caller

    @property
    def told(self) -> ToldState | None:
        return self._backend.states.of(self.agent_id)

    @property
    def dialogs(self) -> tuple[Dialog, ...]:
        return self._backend.states.dialogs(self.agent_id)

    async def comes_to(self, state: PaneState | None) -> None:
        """Wait until the client tells this state."""
        await eventually(lambda: (self.told and self.told.state) == state)

    async def dialog(self) -> Dialog:
        """Wait for a dialog."""
        await eventually(lambda: self.dialogs)
        return self.dialogs[0]

    async def answer(self, dialog: Dialog, number: int) -> None:
        await self._backend.states.answer(dialog, number)


@pytest.fixture
async def bob(codex: AppServer, connect: Connect, backend: Coordinator) -> Board:
    """An agent on the first thread, whose state is known."""
    caller: Caller = await connect()
    meta = cast(types.RequestParamsMeta, {"threadId": THREAD})
    known = {"name": "bob", "client": "codex", "model": "m"}
    result = await caller.client.call_tool("register_agent", known, meta=meta)
    assert not result.is_error
    entry = next(entry for entry in await backend.registry.roster() if entry.agent.name == "bob")
    board = Board(backend, entry.agent.agent_id, caller)
    await board.comes_to(PaneState.IDLE)
    return board


async def test_every_state_of_a_thread_is_told_as_it_changes(codex: AppServer, bob: Board) -> None:
    await codex.set_status(BUSY)
    await bob.comes_to(PaneState.BUSY)
    await codex.set_status({"type": "active", "activeFlags": ["waitingOnApproval"]})
    await bob.comes_to(PaneState.DIALOG)
    assert bob.told and bob.told.detail == "thread active (waitingOnApproval)"
    await codex.set_status({"type": "active", "activeFlags": ["waitingOnUserInput"]})
    await eventually(lambda: bob.told and "waitingOnUserInput" in bob.told.detail)
    assert bob.told.state is PaneState.DIALOG
    await codex.set_status(IDLE)
    await bob.comes_to(PaneState.IDLE)


@pytest.mark.parametrize(
    "status",
    [{"type": "systemError"}, {"type": "notLoaded"}, {"type": "dreaming"}, {"type": "active", "activeFlags": 7}, {}],
)
async def test_a_status_that_says_nothing_of_a_turn_is_no_state(
    status: dict[str, Any], codex: AppServer, bob: Board
) -> None:
    await codex.set_status(status)

    await bob.comes_to(None)


async def test_a_server_that_is_gone_tells_nothing_and_is_found_again(codex: AppServer, bob: Board) -> None:
    codex.status = BUSY
    codex.drop()
    await bob.comes_to(None)

    await bob.comes_to(PaneState.BUSY)


async def test_a_thread_is_joined_for_a_turn_and_left_afterwards(codex: AppServer, bob: Board) -> None:
    assert not codex.is_joined
    await codex.set_status(BUSY)
    await eventually(lambda: codex.is_joined)

    await codex.set_status(IDLE)

    await eventually(lambda: not codex.is_joined)


async def test_a_thread_is_that_of_the_agent_that_registered_last(
    codex: AppServer, bob: Board, backend: Coordinator
) -> None:
    meta = cast(types.RequestParamsMeta, {"threadId": THREAD})
    known = {"name": "cid", "client": "codex", "model": "m"}
    await bob.caller.client.call_tool("register_agent", known, meta=meta)
    entry = next(entry for entry in await backend.registry.roster() if entry.agent.name == "cid")
    cid = Board(backend, entry.agent.agent_id, bob.caller)

    await cid.comes_to(PaneState.IDLE)

    await bob.comes_to(None)


async def test_an_agent_that_has_left_is_followed_no_longer(codex: AppServer, bob: Board) -> None:
    await bob.caller.call("unregister_self")

    await eventually(lambda: bob.told is None)
    await codex.set_status(BUSY)
    assert bob.told is None


async def test_an_approval_is_shown_with_all_that_is_asked(codex: AppServer, bob: Board) -> None:
    await codex.ask(COMMAND, **TOUCH)

    dialog = await bob.dialog()
    assert (dialog.tool, dialog.subject) == ("shell", "touch x")
    assert dialog.text.splitlines() == [
        "Command: /bin/bash -lc 'touch x'",
        "Folder: /home/ann/proj",
        "Reason: to mark the place",
    ]
    assert [(option.label, option.effect) for option in dialog.options] == [
        ("Yes, proceed", Effect.ALLOW),
        ("Yes, and don't ask again for commands that start with `touch x`", Effect.ALLOW_ALWAYS),
        ("No, and stop the turn", Effect.DENY),
    ]


@pytest.mark.parametrize(
    ("number", "decision"),
    [(1, "accept"), (2, TOUCH["availableDecisions"][1]), (3, "cancel")],
)
async def test_an_answer_is_the_servers_own_decision_word(
    number: int, decision: object, codex: AppServer, bob: Board
) -> None:
    request_id = await codex.ask(COMMAND, **TOUCH)

    await bob.answer(await bob.dialog(), number)

    assert codex.answers == [(request_id, {"decision": decision})]
    assert bob.dialogs == ()
    await bob.comes_to(PaneState.BUSY)


async def test_changes_of_files_are_shown_with_their_diff(codex: AppServer, bob: Board) -> None:
    await codex.set_status(BUSY)
    await eventually(lambda: codex.is_joined)
    change = {"path": "/p/new.txt", "kind": {"type": "add"}, "diff": "one\n"}
    await codex.begin_item({"type": "fileChange", "id": "call_1", "changes": [change]})

    request_id = await codex.ask("item/fileChange/requestApproval", itemId="call_1", startedAtMs=1)

    dialog = await bob.dialog()
    assert dialog.text == "add /p/new.txt\none"
    await bob.answer(dialog, 3)
    assert codex.answers == [(request_id, {"decision": "decline"})]


async def test_changes_of_files_that_began_before_are_left_to_the_window(codex: AppServer, bob: Board) -> None:
    await codex.ask("item/fileChange/requestApproval", itemId="call_1", startedAtMs=1)

    dialog = await bob.dialog()

    assert dialog.options == () and "shown in the window only" in dialog.text


async def test_what_the_window_has_answered_takes_no_answer(codex: AppServer, bob: Board) -> None:
    request_id = await codex.ask(COMMAND, **TOUCH)
    dialog = await bob.dialog()
    await codex.resolve(request_id)
    await eventually(lambda: not bob.dialogs)

    with pytest.raises(Refusal) as refused:
        await bob.answer(dialog, 1)

    assert refused.value.code == "prompt_changed" and codex.answers == []


async def test_the_same_question_asked_again_is_another_dialog(codex: AppServer, bob: Board) -> None:
    request_id = await codex.ask(COMMAND, **TOUCH)
    first = await bob.dialog()
    await codex.resolve(request_id)
    await eventually(lambda: not bob.dialogs)
    await codex.ask(COMMAND, **TOUCH | {"itemId": "call_2"})
    second = await bob.dialog()

    with pytest.raises(Refusal):
        await bob.answer(first, 1)

    assert second.id != first.id and codex.answers == []
    assert bob.dialogs == (second,)


async def test_an_answer_without_an_effect_is_told_as_unseen(
    codex: AppServer, bob: Board, backend: Coordinator
) -> None:
    states, (entry,) = ClientStates(lambda events: None), await backend.registry.roster()

    async def agents() -> list[Agent]:
        return [entry.agent]

    watcher = CodexThreadWatcher(states, backend.tokens, agents, backend.clock, answer_timeout_s=0.1)
    codex.mute = {"answer"}
    async with kept_running("watcher", watcher.run):
        await codex.ask(COMMAND, **TOUCH)
        await eventually(states.dialogs)

        with pytest.raises(Refusal) as refused:
            await states.answer(states.dialogs()[0], 1)

        assert refused.value.code == "answer_unseen" and states.dialogs()


async def test_a_connection_that_breaks_after_an_answer_leaves_it_unseen(codex: AppServer, bob: Board) -> None:
    codex.mute = {"answer"}
    await codex.ask(COMMAND, **TOUCH)
    answering = asyncio.create_task(bob.answer(await bob.dialog(), 1))
    await eventually(lambda: codex.answers)

    codex.drop()

    with pytest.raises(Refusal) as refused:
        await asyncio.wait_for(answering, PATIENCE)
    assert refused.value.code == "answer_unseen"


async def test_a_dialog_is_the_same_after_the_connection_was_lost(codex: AppServer, bob: Board) -> None:
    request_id = await codex.ask(COMMAND, **TOUCH)
    before = await bob.dialog()
    codex.drop()
    await eventually(lambda: not bob.dialogs)

    after = await bob.dialog()

    assert after == before
    await bob.answer(before, 1)
    assert codex.answers == [(request_id, {"decision": "accept"})]
