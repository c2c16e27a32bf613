"""The Messages mode through keys: threads, the operator's inbox, older messages, and writing as the operator."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import TextArea

from tests.conftest import Sql
from tests.patience import eventually
from tests.screens.looking import put, settled, shows, text, until
from tests.screens.sample.agents import BACKEND, FRONTEND, OPERATOR, PLANNER
from tests.screens.sample.desk import desk
from tests.screens.sample.filled import FILLED
from tests.screens.sample.messages import INBOX, STREAM, message
from tests.screens.sample.source import FixedSource
from tests.screens.sample.verbs import FixedVerbs
from tests.screens.supervising import agents, dashboard, open_mode
from tests.screens.test_modes import is_open, names, opened, table
from xats_tui.app import XatsApp
from xats_tui.backend.thread import CoordinatorThread
from xats_tui.core.events import Scope
from xats_tui.core.model.messages import BROADCAST_MARK, Addressees
from xats_tui.core.model.pages import Key, ListName, Stretch, StretchRequest, Totals
from xats_tui.core.records import replace
from xats_tui.runtime.settings import Settings
from xats_tui.screens.data.snapshot import MAX_STREAM_MESSAGES
from xats_tui.screens.dialogs.compose import Compose, WhoGetsIt
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.widgets.thread import ThreadPanel


def sent(verbs: FixedVerbs) -> list[tuple[object, ...]]:
    return [done for done in verbs.done if done[0] == "send"]


def is_composing(pilot: Pilot[Any]) -> Callable[[], bool]:
    return lambda: isinstance(pilot.app.screen, Compose) and pilot.app.screen.focused is not None


@pytest.mark.slow
async def test_enter_opens_the_thread_of_two_agents_oldest_first_with_bodies() -> None:
    async with opened(Mode.MESSAGES) as (pilot, _):
        await pilot.press("enter")
        await shows(pilot, "Thread frontend ⇄ backend")
        await shows(pilot, "breaking: id is an integer now")
        shown = text(pilot)
        assert shown.index("breaking: id is an integer now") < shown.index("On purpose?")
        await pilot.press("escape")
        await shows(pilot, "sent          2026-11-22")


@pytest.mark.slow
async def test_a_click_on_the_message_opens_its_thread() -> None:
    async with opened(Mode.MESSAGES) as (pilot, _):
        await pilot.click("#detail", offset=(5, 5))
        await shows(pilot, "Thread frontend ⇄ backend")
        assert isinstance(pilot.app.screen.focused, ThreadPanel)


@pytest.mark.slow
async def test_a_thread_grows_while_it_is_open() -> None:
    async with opened(Mode.MESSAGES) as (pilot, source):
        await pilot.press("enter")
        await shows(pilot, "On purpose?")
        answer = message(12, BACKEND, FRONTEND, None, "Yes, see the contract.", 0, read=False)
        source.snapshot = replace(FILLED, stream=(answer, *STREAM))
        source.hear(frozenset({Scope.MESSAGES}))
        await until(pilot, lambda: text(pilot).count("Yes, see the") == 2)


@pytest.mark.slow
async def test_how_long_a_reply_is_missing_and_that_one_came_is_seen() -> None:
    answered = replace(STREAM[0], answered_at=STREAM[0].sent_at)
    snapshot = replace(FILLED, stream=(answered, *STREAM[1:]))
    async with opened(Mode.MESSAGES, snapshot=snapshot) as (pilot, _):
        await shows(pilot, "✓ answered after 0s")
        await pilot.press("C")  # the names of agents take the room of the column
        await shows(pilot, "↩ 11m")
        await pilot.press("slash", *"unanswered", "enter")
        await until(pilot, lambda: names(pilot) == ["5"])


FOUND = {"@qa": ["7", "6", "1"], "docs": ["5", "2"], "reply": ["9", "5"], "read @planner": ["3"]}


@pytest.mark.slow
async def test_messages_are_filtered_by_agent_team_and_state() -> None:
    async with opened(Mode.MESSAGES) as (pilot, _):
        for words, found in FOUND.items():
            await pilot.press("slash", "ctrl+u")
            await put(pilot, words)
            await pilot.press("enter")
            await until(pilot, lambda found=found: names(pilot) == found)  # type: ignore[misc]


async def test_the_receipts_say_how_far_a_wake_has_come() -> None:
    async with opened(Mode.MESSAGES) as (pilot, _):
        await shows(pilot, "○ backend: not yet")
        await shows(pilot, "◐ waiting: a permission dialog is")


@pytest.mark.slow
async def test_the_inbox_shows_mail_to_the_operator_and_marks_it_only_by_its_key() -> None:
    verbs = FixedVerbs()
    async with opened(Mode.MESSAGES, verbs=verbs) as (pilot, _):
        assert "1 for you" in text(pilot)
        await pilot.press("x")
        await shows(pilot, "mark read: no unread message to you is selected")
        await pilot.press("i")
        await shows(pilot, "My inbox 1 unread")
        await pilot.press("enter", "escape", "down", "up")
        assert verbs.done == []
        await pilot.press("x")
        await shows(pilot, "marked 1 message as read")
        await pilot.press("escape")
        await shows(pilot, "Messages 8 unread")
    assert verbs.done == [("read", INBOX[0].id)]


@pytest.mark.slow
async def test_mail_to_the_operator_leads_from_live_into_the_inbox() -> None:
    async with opened(Mode.LIVE) as (pilot, _):
        await pilot.press("shift+tab", "down", "down", "down", "enter")
        await until(pilot, lambda: is_open(pilot, Mode.MESSAGES))
        await shows(pilot, "My inbox 1 unread")
        assert table(pilot).chosen == str(INBOX[0].event_id)


@pytest.mark.slow
async def test_an_empty_inbox_says_how_agents_write_to_it() -> None:
    async with opened(Mode.MESSAGES, snapshot=replace(FILLED, inbox=())) as (pilot, _):
        await pilot.press("i")
        await shows(pilot, "No message to you yet.")


async def test_a_message_is_written_and_sent_to_who_is_selected() -> None:
    verbs = FixedVerbs()
    async with opened(Mode.MESSAGES, verbs=verbs) as (pilot, _):
        await pilot.press("m")
        await until(pilot, is_composing(pilot))
        await pilot.press(*"hi", "enter", *"you", "ctrl+s")
        await shows(pilot, "sent to backend@shop")
    to_backend = Addressees(team="shop", agent_ids=(BACKEND.agent_id,))
    assert sent(verbs) == [("send", (to_backend,), "hi\nyou", None, True, False, None)]


@pytest.mark.slow
async def test_a_message_that_cannot_wait_is_sent_as_urgent() -> None:
    verbs = FixedVerbs()
    async with opened(Mode.MESSAGES, verbs=verbs) as (pilot, _):
        await pilot.press("m")
        await until(pilot, is_composing(pilot))
        await pilot.press(*"stop", "tab", "space", "ctrl+s")
        await shows(pilot, "sent to backend@shop")
    to_backend = Addressees(team="shop", agent_ids=(BACKEND.agent_id,))
    assert sent(verbs) == [("send", (to_backend,), "stop", None, True, True, None)]


@pytest.mark.slow
async def test_recipients_are_completed_and_whoever_is_unknown_is_named() -> None:
    verbs = FixedVerbs()
    async with opened(Mode.ACTIVITY, verbs=verbs) as (pilot, _):
        await pilot.press("m")
        await until(pilot, is_composing(pilot))
        screen = pilot.app.screen
        assert isinstance(screen, Compose)
        screen.to.value = ""
        screen.to.focus()
        await pilot.press(*"nob", "tab")
        await pilot.press("ctrl+s")
        await shows(pilot, "No agent is called nob.")
        screen.to.value = ""
        screen.to.focus()
        await pilot.press(*"fro")
        await shows(pilot, "frontend@shop")
        await pilot.press("tab", "tab", *"about", "tab", "space", "tab", *"text", "ctrl+s")
        await shows(pilot, "sent to frontend@shop")
    to_frontend = Addressees(team="shop", agent_ids=(FRONTEND.agent_id,))
    assert sent(verbs) == [("send", (to_frontend,), "text", "about", False, False, None)]


@pytest.mark.slow
async def test_a_broadcast_shows_who_gets_it_and_asks() -> None:
    verbs = FixedVerbs()
    async with opened(Mode.MESSAGES, verbs=verbs) as (pilot, _):
        await pilot.press("i", "m")
        await until(pilot, is_composing(pilot))
        await pilot.press(*"team:docs", "tab", "tab", "tab", *"news", "ctrl+s")
        await until(pilot, lambda: isinstance(pilot.app.screen, WhoGetsIt))
        assert "docs@docs" in text(pilot)
        assert "away, receives it later" in text(pilot)
        await pilot.press("enter")  # the question proposes not to
        await until(pilot, is_composing(pilot))
        assert sent(verbs) == []
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(pilot.app.screen, WhoGetsIt))
        await pilot.press("right", "enter")
        await shows(pilot, "sent to docs@docs, 翻訳-translator@docs")
    (letters,) = [done[1] for done in sent(verbs)]
    ids = tuple(entry.agent.agent_id for entry in FILLED.roster if entry.agent.team == "docs")
    assert letters == (Addressees(team="docs", agent_ids=ids, to_role=BROADCAST_MARK),)


async def test_a_reply_goes_to_the_sender_and_marks_the_operators_mail_as_read() -> None:
    verbs = FixedVerbs()
    async with opened(Mode.MESSAGES, verbs=verbs) as (pilot, _):
        await pilot.press("i", "r")
        await until(pilot, is_composing(pilot))
        await shows(pilot, "Shall I wait for it?")
        await pilot.press(*"no", "ctrl+s")
        await shows(pilot, "sent to planner@shop")
    to_planner = Addressees(team="shop", agent_ids=(PLANNER.agent_id,))
    assert sent(verbs) == [("send", (to_planner,), "no", "Re: release today?", False, False, INBOX[0].id)]


async def test_who_left_cannot_be_answered_and_is_named() -> None:
    gone = replace(STREAM[0], from_agent_id="gone", from_name="writer")
    async with opened(Mode.MESSAGES, snapshot=replace(FILLED, stream=(gone,))) as (pilot, _):
        await pilot.press("r")
        await shows(pilot, "writer is no longer registered")


@pytest.mark.slow
async def test_a_reply_to_the_operators_own_message_goes_to_whom_it_went() -> None:
    mine = message(12, OPERATOR, BACKEND, "Re: x", "hello", 1, read=True)
    async with opened(Mode.MESSAGES, snapshot=replace(FILLED, stream=(mine,))) as (pilot, _):
        await pilot.press("r")
        await until(pilot, is_composing(pilot))
        screen = pilot.app.screen
        assert isinstance(screen, Compose)
        assert (screen.to.value, screen.subject.value) == ("backend@shop", "Re: x")


@pytest.mark.slow
async def test_a_draft_is_kept_when_one_leaves_and_gone_when_it_was_sent() -> None:
    verbs = FixedVerbs()
    async with opened(Mode.MESSAGES, verbs=verbs) as (pilot, _):
        await pilot.press("m")
        await until(pilot, is_composing(pilot))
        await pilot.press(*"half", "escape")
        await shows(pilot, "The draft is kept")
        await pilot.press("down", "m")
        await until(pilot, is_composing(pilot))
        assert pilot.app.screen.query_one(TextArea).text == ""
        await pilot.press("escape", "up", "m")
        await until(pilot, lambda: is_composing(pilot)() and pilot.app.screen.query_one(TextArea).text == "half")
        await pilot.press("ctrl+s")
        await shows(pilot, "sent to backend@shop")
        await pilot.press("m")
        await until(pilot, is_composing(pilot))
        assert pilot.app.screen.query_one(TextArea).text == ""


@pytest.mark.slow
async def test_a_draft_is_kept_when_sending_is_refused() -> None:
    verbs = FixedVerbs()
    verbs.refusing = "one of the recipients is no longer registered"
    async with opened(Mode.MESSAGES, verbs=verbs) as (pilot, _):
        await pilot.press("m")
        await until(pilot, is_composing(pilot))
        await pilot.press(*"hello", "ctrl+s")
        await shows(pilot, "not sent: one of the recipients")
        await pilot.press("m")
        await until(pilot, lambda: is_composing(pilot)() and pilot.app.screen.query_one(TextArea).text == "hello")


@pytest.mark.slow
async def test_a_body_over_the_limit_is_not_sent_and_the_limit_is_shown() -> None:
    assert FILLED.health
    verbs = FixedVerbs()
    snapshot = replace(FILLED, health=replace(FILLED.health, body_limit=10))
    async with opened(Mode.MESSAGES, verbs=verbs, snapshot=snapshot) as (pilot, _):
        await pilot.press("m")
        await until(pilot, is_composing(pilot))
        await pilot.press(*"12345678901", "é", "ctrl+s")
        await shows(pilot, "The message is 3 bytes too long.")
        await shows(pilot, "13 of 10 bytes")
        pilot.app.screen.query_one(TextArea).text = " "
        await pilot.press("ctrl+s")
        await shows(pilot, "The message is empty.")
    assert verbs.done == []


@pytest.mark.slow
async def test_nothing_is_written_in_read_only_mode() -> None:
    async with opened(Mode.MESSAGES, verbs=FixedVerbs(read_only=True)) as (pilot, _):
        await pilot.press("m")
        await shows(pilot, "message: read-only mode")
        assert is_open(pilot, Mode.MESSAGES)


@asynccontextmanager
async def opened_at(source: FixedSource) -> AsyncIterator[Pilot[Any]]:
    """The Messages mode on a source of its own."""
    app = XatsApp(desk(source))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "xats :9100")
        await pilot.press("3")
        await until(pilot, lambda: is_open(pilot, Mode.MESSAGES))
        await settled(pilot)
        yield pilot


class LongSource(FixedSource):
    """Serves a stream of a thousand messages, the newest of them in the picture."""

    def __init__(self) -> None:
        self.all = tuple(
            message(number, FRONTEND, BACKEND, None, f"number {number}", (1000 - number) / 10, read=True)
            for number in range(1000, 0, -1)
        )
        self.asked: list[StretchRequest] = []
        super().__init__(replace(FILLED, stream=self.all[:MAX_STREAM_MESSAGES], totals=Totals(messages=1000)))

    def stored(self, name: ListName) -> Sequence[tuple[Key, Any]]:
        return [((sent.event_id,), sent) for sent in self.all]

    async def stretch(self, name: ListName, request: StretchRequest) -> Stretch[Any]:
        self.asked.append(request)
        return await super().stretch(name, request)


async def ends_with(pilot: Pilot[Any], key: str) -> None:
    await until(pilot, lambda: names(pilot)[-1] == key)


async def test_older_messages_come_at_the_end_and_the_cursor_stays_on_its_row() -> None:
    async with opened_at(LongSource()) as pilot:
        assert "300 of 1,000" in text(pilot)
        await pilot.press("end")
        await ends_with(pilot, "602")
        assert table(pilot).chosen == "701"
        assert len(names(pilot)) == MAX_STREAM_MESSAGES
        assert "older messages; esc newest" in text(pilot)
        await until(pilot, lambda: f"{99 + int(table(pilot).scroll_y)} newer ▲" in text(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: names(pilot)[0] == "1000")
        assert "older messages" not in text(pilot)


@pytest.mark.slow
async def test_every_message_is_reached_by_going_on_and_back() -> None:
    async with opened_at(LongSource()) as pilot:
        met: set[str] = set(names(pilot))
        while names(pilot)[-1] != "1":
            last = names(pilot)[-1]
            await pilot.press("end")
            await until(pilot, lambda last=last: names(pilot)[-1] != last)  # type: ignore[misc]
            met |= set(names(pilot))
            assert len(names(pilot)) <= MAX_STREAM_MESSAGES
        assert met == {str(number) for number in range(1, 1001)}
        await pilot.press("end")
        assert table(pilot).chosen == "1"
        while names(pilot)[0] != "1000":
            first = names(pilot)[0]
            await pilot.press("home")
            await until(pilot, lambda first=first: names(pilot)[0] != first)  # type: ignore[misc]
        await settled(pilot)
        assert "older messages" not in text(pilot)


@pytest.mark.slow
async def test_new_messages_do_not_move_older_ones_that_are_read() -> None:
    source = LongSource()
    async with opened_at(source) as pilot:
        await pilot.press("end")
        await ends_with(pilot, "602")
        shown = names(pilot)
        fresh = message(1001, FRONTEND, BACKEND, None, "number 1001", 0, read=False)
        source.all = (fresh, *source.all)
        source.snapshot = replace(source.snapshot, stream=source.all[:MAX_STREAM_MESSAGES])
        source.hear(frozenset({Scope.MESSAGES}))
        await until(pilot, lambda: any(request.until for request in source.asked))
        await settled(pilot)
        assert (names(pilot), table(pilot).chosen) == (shown, "701")
        await pilot.press("escape")
        await until(pilot, lambda: names(pilot)[0] == "1001")


async def test_a_filter_goes_on_in_the_store_and_says_when_nothing_is_there() -> None:
    async with opened_at(LongSource()) as pilot:
        await pilot.press("slash")
        await put(pilot, "number 77")
        await pilot.press("enter")
        await until(pilot, lambda: names(pilot)[0] == "977")
        await pilot.press("o")
        await until(pilot, lambda: "677" in names(pilot))
        while "77" not in names(pilot):
            await settled(pilot)
            await pilot.press("o")
        await settled(pilot)
        await pilot.press("o")
        await shows(pilot, "no older message matches the filter")
        await shows(pilot, "in all")
        await pilot.press("slash", "ctrl+u")
        await put(pilot, "number 1042")
        await pilot.press("enter")
        await shows(pilot, "no message matches “number 1042”, however old")


@pytest.mark.slow
async def test_without_its_filter_the_list_shows_what_is_around_the_match() -> None:
    async with opened_at(LongSource()) as pilot:
        await pilot.press("slash")
        await put(pilot, "number 177")
        await pilot.press("enter")
        await until(pilot, lambda: names(pilot) == ["177"])
        await pilot.press("escape")
        await until(pilot, lambda: "176" in names(pilot))
        assert table(pilot).chosen == "177"
        assert "older messages; esc newest" in text(pilot)


@pytest.mark.slow
async def test_the_operator_and_an_agent_write_to_each_other(
    settings: Settings, coordinator: CoordinatorThread, sql: Sql
) -> None:
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        qa = await connect("qa")
        await open_mode(pilot, Mode.AGENTS)
        await shows(pilot, "qa")
        await pilot.press("m")
        await until(pilot, is_composing(pilot))
        await pilot.press(*"ready?", "ctrl+s")
        await shows(pilot, "sent to qa@shop")
        (mail,) = (await qa("get_inbox"))["messages"]
        assert (mail["from_name"], mail["from_team"], mail["body"]) == ("operator", "shop", "ready?")
        await qa("send_message", to_agent_name="operator", body="[red]ready[/]", subject="yes")
        await open_mode(pilot, Mode.MESSAGES)
        await shows(pilot, "1 for you")
        await pilot.press("i", "enter")
        await shows(pilot, "Thread qa ⇄ operator")
        await shows(pilot, "[red]ready[/]")
        assert sql("SELECT count(*) FROM messages WHERE read_at IS NOT NULL AND to_agent_id = 'operator'") == [(0,)]
        await pilot.press("r")
        await until(pilot, is_composing(pilot))
        await pilot.press(*"go", "ctrl+s")
        await eventually(lambda: len(sql("SELECT * FROM activity WHERE verb = 'message'")) == 2)
        await until(pilot, lambda: "for you" not in text(pilot))
        assert sql("SELECT count(*) FROM messages WHERE read_at IS NOT NULL AND to_agent_id = 'operator'") == [(1,)]


@pytest.mark.slow
async def test_looking_at_messages_and_threads_marks_nothing_read(
    settings: Settings, coordinator: CoordinatorThread, sql: Sql
) -> None:
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        backend, qa = await connect("backend"), await connect("qa")
        await backend("send_message", to_agent_name="qa", body="please look")
        await backend("send_message", to_agent_name="operator", body="and you")
        await open_mode(pilot, Mode.MESSAGES)
        await shows(pilot, "please look")
        await pilot.press("enter", "escape", "down", "enter", "escape", "i", "enter", "escape", "escape")
        await settled(pilot)
        assert sql("SELECT count(*) FROM messages WHERE read_at IS NOT NULL") == [(0,)]
        assert sql("SELECT * FROM activity") == []
        assert [mail["body"] for mail in (await qa("get_inbox"))["messages"]] == ["please look"]


@pytest.mark.slow
async def test_a_broadcast_reaches_all_of_the_list_shown_also_who_is_away(
    settings: Settings, coordinator: CoordinatorThread, sql: Sql
) -> None:
    async with agents(settings) as connect, dashboard(coordinator) as pilot:
        await connect("backend")
        await connect("qa")
        sql("UPDATE agents SET last_seen_at = '2020-01-01T00:00:00.000Z' WHERE name = 'qa'")
        await open_mode(pilot, Mode.MESSAGES)
        await shows(pilot, "No message yet")
        await pilot.press("m")
        await until(pilot, is_composing(pilot))
        await pilot.press(*"role:dev", "tab")
        await shows(pilot, "2 agents: backend@shop, qa@shop")
        await pilot.press("tab", "tab", "tab", *"stand-up", "ctrl+s")
        await until(pilot, lambda: isinstance(pilot.app.screen, WhoGetsIt))
        await pilot.press("right", "enter")
        await shows(pilot, "sent to backend@shop, qa@shop")
        assert sql("SELECT to_role, need_reply FROM messages") == [("developer", 1), ("developer", 1)]
