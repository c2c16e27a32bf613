"""A session with an inbox is woken by a message; its receipts say what became of it, and nothing is put beside it."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import Any

import pytest

from tests.backend.transports.pane.test_gates import AGENT
from tests.fakes import FakeClock, FakeTmux
from tests.patience import eventually
from tests.stand_ins.session_peer import SESSION, SessionPeer, session_peer
from tests.tmux_server import short_folder
from xats_tui.backend.client_states import ClientStates
from xats_tui.backend.hook_reports import HookReports
from xats_tui.backend.mcp_sessions import McpSessions
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.system.processes import Processes
from xats_tui.backend.system.sessions.registered import RegisteredSession, SessionRegistry
from xats_tui.backend.transports.inbox import session_inbox
from xats_tui.backend.transports.inbox.allowance import BURST
from xats_tui.backend.transports.inbox.outcomes import AVOIDED_FOR, LOST_AFTER
from xats_tui.backend.transports.inbox.receipt_inbox import ReceiptInbox
from xats_tui.backend.transports.inbox.receipts import SentMessage, Status, parsed
from xats_tui.backend.transports.inbox.session_inbox import ASKED_AGAIN_AFTER, SessionInboxes
from xats_tui.clients.registry import PLAIN_HOOKS
from xats_tui.clients.spec import SessionInbox
from xats_tui.core.model.agents import SeenProcess
from xats_tui.core.model.client_states import Dialog, DialogKind
from xats_tui.core.model.wakes import HELD, UNCONFIRMED, DeliveryResult, Observation, Reachability, WakeStage
from xats_tui.core.records import replace

HINT = "[xats] 1 new message from alice: call mcp__xats__get_inbox"


class KnownSession(SessionRegistry):
    """A registry with one session."""

    def __init__(self, peer: SessionPeer) -> None:
        self.session: RegisteredSession | None = peer.session

    async def session_of(
        self, process: SeenProcess, bridges: Collection[SeenProcess], inbox: SessionInbox
    ) -> RegisteredSession | None:
        """The session, whichever program asks."""
        return self.session


class Desk:
    """A transport, and an agent in the stand-in."""

    def __init__(self, peer: SessionPeer, receipts: ReceiptInbox, clock: FakeClock) -> None:
        self.peer, self.clock = peer, clock
        self.reports, self.states = HookReports(), ClientStates(lambda events: None)
        self.registry = KnownSession(peer)
        sessions = McpSessions(clock, lambda events: None)
        monitor = PaneMonitor(FakeTmux(clock), clock, lambda events: None)
        self.inbox = SessionInboxes(
            sessions, Processes(), monitor, self.reports, self.states, receipts, clock, self.registry
        )
        self.agent = replace(AGENT, client="qwen", binding=None, process=peer.process, last_seen_at=clock.now())

    async def readiness(self) -> Observation:
        """What is observed."""
        return await self.inbox.readiness(self.agent)

    async def deliver(self, *, forced: bool = False) -> DeliveryResult:
        """Deliver the hint."""
        return await self.inbox.deliver(self.agent, HINT, forced=forced)

    async def closed(self) -> list[str]:
        """The closed gates."""
        return [gate.name for gate in (await self.readiness()).gates if not gate.holds]

    async def told(self, status: str, /, **changes: Any) -> None:
        """Have a receipt sent for the newest post."""
        await self.peer.tell(status, **changes)


@pytest.fixture
async def desk(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """An idle session, and our own inbox."""
    monkeypatch.setattr(session_inbox, "RECEIPT_WITHIN_S", 0.05)
    clock = FakeClock()
    receipts = ReceiptInbox(clock)
    with short_folder() as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
        taking = asyncio.create_task(receipts.run())
        async with session_peer(folder) as peer:
            await eventually(lambda: receipts.path)
            yield Desk(peer, receipts, clock)
        taking.cancel()
        await asyncio.wait([taking])
        assert sorted(path.name for path in folder.iterdir()) == ["socks"], "our own socket is gone"


async def test_a_message_is_posted_with_the_key_of_the_bridge_and_its_receipt_is_the_proof(desk: Desk) -> None:
    assert await desk.closed() == []

    result = await desk.deliver()

    assert (result.step, result.typed) == (WakeStage.SUBMITTED, False)
    assert result.detail == "the receipt says that its inbox has queued the hint"
    (post,) = desk.peer.posts
    assert (post["toSessionId"], post["priority"], post["message"]["content"]) == (SESSION, "next", HINT)
    assert len(post["replyToken"]) == 64 and desk.peer.token not in f"{post}{result}{desk.peer.session}"


async def test_a_held_message_waits_for_its_person_and_no_other_hint_is_put(desk: Desk) -> None:
    desk.peer.answer = "held"

    result = await desk.deliver()

    assert (result.step, result.uncertain) == (WakeStage.ATTEMPTED, True)
    assert result.detail.startswith(f"{UNCONFIRMED}{HELD}")
    observation = await desk.readiness()
    assert (observation.reach, observation.at_rest) == (Reachability.OPEN, False)
    assert await desk.closed() == ["own hint"]
    assert (await desk.deliver(forced=True)).step is WakeStage.ATTEMPTED
    assert len(desk.peer.posts) == 1


async def test_a_held_message_that_is_released_is_submitted(desk: Desk) -> None:
    desk.peer.answer = "held"
    await desk.deliver()

    await desk.told("delivered")

    assert (await desk.readiness()).is_taken
    assert (await desk.deliver()).step is WakeStage.SUBMITTED
    assert len(desk.peer.posts) == 1


async def test_after_its_person_declined_it_nothing_is_put_but_by_the_operator(desk: Desk) -> None:
    desk.peer.answer = "held"
    await desk.deliver()

    await desk.told("denied")

    observation = await desk.readiness()
    assert (await desk.closed(), observation.at_rest) == (["declined"], False)
    desk.peer.answer = "delivered"
    assert (await desk.deliver()).step is WakeStage.ATTEMPTED
    assert (await desk.deliver(forced=True)).step is WakeStage.SUBMITTED


@pytest.mark.parametrize(
    ("status", "fields", "told"),
    [
        ("refused", {}, "its settings refuse messages of other programs"),
        ("misaddressed", {}, "it had begun another session when an earlier hint came"),
        ("dropped", {"dropReason": "queue-full"}, "it dropped an earlier hint (queue-full)"),
    ],
)
async def test_where_a_message_is_turned_away_the_next_way_is_taken(
    desk: Desk, status: str, fields: dict[str, str], told: str
) -> None:
    desk.peer.answer = None
    delivering = asyncio.create_task(desk.deliver())
    await eventually(lambda: desk.peer.posts)

    await desk.told(status, **fields)

    result = await delivering
    assert (result.step, result.uncertain, result.failed, result.detail) == (WakeStage.ATTEMPTED, False, False, told)
    observation = await desk.readiness()
    assert (observation.reach, observation.detail) == (Reachability.UNUSABLE, told)
    desk.clock.advance(AVOIDED_FOR.total_seconds())
    assert await desk.closed() == []


async def test_a_held_message_that_expires_leaves_the_next_way(desk: Desk) -> None:
    desk.peer.answer = "held"
    await desk.deliver()

    await desk.told("expired")

    assert (await desk.readiness()).reach is Reachability.UNUSABLE


@pytest.mark.parametrize(
    "forgery",
    [{"token": "0" * 64}, {"origMsgId": "another"}, {"msgV": 2}, {"status": "sold"}, {"type": "user"}],
    ids=str,
)
async def test_a_receipt_that_is_not_the_sessions_own_counts_for_nothing(desk: Desk, forgery: dict[str, Any]) -> None:
    desk.peer.answer = None
    await desk.deliver()

    await desk.told("delivered", **forgery)

    assert await desk.closed() == ["own hint"]


def test_an_outcome_that_is_no_word_is_no_receipt() -> None:
    told = {"msgV": 1, "type": "control", "action": "delivery_status", "status": [], "origMsgId": "m"}

    assert parsed(json.dumps(told).encode()) is None


async def test_a_receipt_of_another_process_counts_for_nothing(desk: Desk) -> None:
    receipts, clock = ReceiptInbox(desk.clock), desk.clock
    foreign = replace(desk.peer.session, process=SeenProcess(1, 0.0))
    sent = SentMessage(text=HINT, at=clock.now(), session=foreign, seen_before="", was_idle=True)
    taking = asyncio.create_task(receipts.run())
    await eventually(lambda: receipts.path)
    receipts.expect(sent)

    await desk.peer.tell("delivered", dict(sent.lines(receipts.path)[1]))

    taking.cancel()
    assert sent.status is None


async def test_a_message_without_a_receipt_is_asked_for_again_and_taken_once(desk: Desk) -> None:
    desk.peer.answer = None
    assert (await desk.deliver()).uncertain
    desk.peer.verdicts[desk.peer.posts[0]["msgId"]] = "delivered"

    desk.clock.advance(ASKED_AGAIN_AFTER.total_seconds())
    await desk.readiness()
    await eventually(lambda: len(desk.peer.posts) == 2)

    assert desk.peer.taken == [HINT]
    await eventually(lambda: desk.inbox._sent[desk.agent.agent_id].status is Status.DELIVERED)
    assert (await desk.deliver()).step is WakeStage.SUBMITTED


async def test_a_message_of_which_no_receipt_ever_comes_is_lost_and_the_next_way_is_taken(desk: Desk) -> None:
    desk.peer.answer = None
    await desk.deliver()

    desk.clock.advance(LOST_AFTER.total_seconds())

    observation = await desk.readiness()
    assert (observation.reach, observation.detail) == (
        Reachability.UNUSABLE,
        "its inbox took an earlier hint, and no receipt has come",
    )


async def test_a_call_of_the_agent_shows_that_it_took_what_an_idle_session_was_given(desk: Desk) -> None:
    desk.peer.answer = None
    await desk.deliver()
    sent = desk.inbox._sent[desk.agent.agent_id]
    sent.was_idle = True

    desk.clock.advance(1)
    desk.agent = replace(desk.agent, last_seen_at=desk.clock.now())

    assert (await desk.readiness()).is_taken


async def test_a_dialog_or_a_busy_program_is_left_alone(desk: Desk) -> None:
    desk.agent = replace(desk.agent, host_session=SESSION)
    desk.reports.note(SESSION, "UserPromptSubmit", PLAIN_HOOKS, {}, desk.clock.now())
    assert await desk.closed() == ["hooks"]
    desk.reports.note(SESSION, "SessionEnd", PLAIN_HOOKS, {}, desk.clock.now())
    dialog = Dialog(
        id="A/1",
        agent_id=desk.agent.agent_id,
        source="x",
        kind=DialogKind.PERMISSION,
        tool="bash",
        subject="touch x",
        text="",
        options=(),
        opened_at=desk.clock.now(),
    )

    async def answer(*_: Any) -> None:
        """Take none."""

    desk.states.open_dialog(dialog, answer)
    assert await desk.closed() == ["dialog"]
    assert (await desk.deliver()).step is WakeStage.ATTEMPTED
    assert desk.peer.posts == []


@pytest.mark.parametrize("part", ["socket", "folder"])
async def test_a_socket_that_others_have_access_to_gets_nothing(desk: Desk, part: str) -> None:
    path: Path = desk.peer.socket if part == "socket" else desk.peer.socket.parent
    path.chmod(0o777)

    assert (await desk.readiness()).detail == "its inbox socket is open to other users"
    assert (await desk.deliver()).step is WakeStage.ATTEMPTED
    assert desk.peer.posts == []


async def test_a_socket_behind_which_another_process_listens_gets_nothing(desk: Desk) -> None:
    init = SeenProcess(1, 0.0)
    desk.registry.session = replace(desk.peer.session, process=init)

    assert (await desk.deliver()).detail == "its inbox socket belongs to another program"
    assert desk.peer.posts == []


async def test_without_a_session_the_next_way_is_taken(desk: Desk) -> None:
    desk.registry.session = None
    assert (await desk.readiness()).reach is Reachability.UNUSABLE


async def test_no_more_is_posted_than_an_inbox_takes(desk: Desk) -> None:
    for _ in range(BURST):
        await desk.deliver()
    assert await desk.closed() == ["rate"]
    desk.clock.advance(2)
    assert await desk.closed() == []
