"""The event log tells when an agent began to ask a person something, when that ended, and which agent was lost."""

import os
import signal
from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import Connect, Sql, url_of
from tests.mcp_caller import callers
from tests.patience import eventually
from tests.tmux_server import TmuxServer
from tests.told_dialogs import tell
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.services.agents.registry import operator_in
from xats_tui.backend.services.upkeep.dialog_log import Asking, asked_now
from xats_tui.backend.store.history import happenings
from xats_tui.backend.store.history.happenings import StoredDialog
from xats_tui.backend.store.sql.transactions import Transaction
from xats_tui.core.errors import StoreError
from xats_tui.core.model.activity import LoggedEvent
from xats_tui.core.model.client_states import SCREEN, AgentState
from xats_tui.core.model.pages import StretchRequest, Wanted
from xats_tui.core.model.panes import PaneState
from xats_tui.runtime.settings import Settings

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
BOB = operator_in("red")

LOGGED = "SELECT event_type FROM events WHERE event_type LIKE 'dialog_%' OR event_type LIKE 'agent_%' ORDER BY event_id"


def state(kind: PaneState, reason: str = "asks", *, minute: int = 0, source: str = SCREEN) -> AgentState:
    return AgentState(state=kind, since=NOON + timedelta(minutes=minute), reason=reason, source=source)


def asking(*states: AgentState) -> Asking | None:
    known: Asking | None = None
    for one in states:
        known = asked_now(BOB, known, one)
    return known


def test_a_question_that_was_seen_first_and_told_then_is_one_question() -> None:
    seen = asking(state(PaneState.DIALOG))
    told = asked_now(BOB, seen, state(PaneState.DIALOG, "asks: Bash: ls", minute=1, source="hook"))

    assert seen and told
    assert told.dialog is seen.dialog


def test_a_question_that_a_half_drawn_frame_hid_goes_on_and_another_one_does_not() -> None:
    first = asking(state(PaneState.DIALOG))
    hidden = asked_now(BOB, first, state(PaneState.UNKNOWN, minute=1))
    again = asked_now(BOB, hidden, state(PaneState.DIALOG, minute=2))
    other = asked_now(BOB, again, state(PaneState.DIALOG, "another", minute=3))

    assert first and again and other
    assert again.dialog is first.dialog
    assert other.dialog is not first.dialog


@pytest.mark.parametrize("kind", [PaneState.IDLE, PaneState.BUSY, PaneState.SHELL, PaneState.DEAD])
def test_a_screen_with_something_else_ends_the_question(kind: PaneState) -> None:
    assert asking(state(PaneState.DIALOG), state(kind, minute=1)) is None


async def test_a_question_is_written_when_it_begins_and_when_it_ends(
    backend: Coordinator, register: Connect, sql: Sql
) -> None:
    bob = await register("bob")
    told = tell(backend, bob.agent_id, "rm -rf build")
    await eventually(lambda: sql(LOGGED) == [("dialog_opened",)])

    backend.states.close_dialog(told.dialog.id)
    await eventually(lambda: sql(LOGGED) == [("dialog_opened",), ("dialog_ended",)])

    newest = (await backend.operator.events())[0]
    assert (newest.kind, newest.actor_name, newest.detail) == ("dialog_ended", "bob", "Bash: rm -rf build")


async def test_what_the_database_refuses_to_store_is_written_later(
    backend: Coordinator, register: Connect, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = await register("bob")
    refused, note = list[str](), happenings.note

    async def refuse_once(tx: Transaction, kind: str, dialog: StoredDialog) -> None:
        if kind not in refused:
            refused.append(kind)
            raise StoreError("the disk is full")
        await note(tx, kind, dialog)

    monkeypatch.setattr(happenings, "note", refuse_once)
    told = tell(backend, bob.agent_id, "rm -rf build")
    await eventually(lambda: sql(LOGGED) == [("dialog_opened",)])
    backend.states.close_dialog(told.dialog.id)
    await eventually(lambda: sql(LOGGED) == [("dialog_opened",), ("dialog_ended",)])

    assert refused == ["dialog_opened", "dialog_ended"]


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    ("told_anew", "logged"),
    [("another", ["dialog_opened", "dialog_ended", "dialog_opened"]), ("touch x", ["dialog_opened", "dialog_ended"])],
)
async def test_a_question_outlasts_a_restart_unless_another_one_is_told(
    settings: Settings, sql: Sql, told_anew: str, logged: list[str]
) -> None:
    async with Coordinator.running(settings) as before, callers() as connect:
        bob = await connect(url_of(before))
        await bob.register("bob")
        tell(before, bob.agent_id)
        await eventually(lambda: sql(LOGGED) == [("dialog_opened",)])

    async with Coordinator.running(settings) as after:
        dialog = tell(after, bob.agent_id, told_anew).dialog
        if told_anew == "touch x":
            after.states.close_dialog(dialog.id)
        await eventually(lambda: [kind for (kind,) in sql(LOGGED)] == logged)


@pytest.mark.tmux
async def test_an_agent_whose_program_ends_without_a_farewell_is_written_as_lost(
    backend: Coordinator, register: Connect, tmux: TmuxServer, sql: Sql
) -> None:
    bob = await register("bob")
    pane = await tmux.stand_in("bob")
    await bob.call("bind_runtime_identity", agent="custom", ui_pid=pane.pid, process_pattern="stand_in")
    await backend._departures.look()

    os.kill(pane.pid, signal.SIGKILL)
    await eventually(lambda: sql(LOGGED) == [("agent_lost",)])


async def test_activity_lists_questions_alone_if_a_filter_asks_for_them(
    backend: Coordinator, register: Connect, sql: Sql
) -> None:
    bob = await register("bob")
    await bob.call("task_add", title="a dialog with the user")
    tell(backend, bob.agent_id)
    await eventually(lambda: sql(LOGGED) == [("dialog_opened",)])

    request = StretchRequest(key=(1 << 62, 1 << 62), wanted=Wanted(states=frozenset({"dialog"})))
    found = (await backend.operator.history_stretch(request)).entries
    assert [entry.kind for entry in found if isinstance(entry, LoggedEvent)] == ["dialog_opened"]
    assert len(found) == 1
