"""Claude Code is woken through its inbox socket: with nothing typed, only where it takes effect, and never twice."""

import asyncio
import json
import os
import re
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from tests.backend.transports.pane.test_gates import AGENT, BINDING
from tests.fakes import FakePane, FakeTmux
from tests.patience import PATIENCE, eventually
from tests.stand_ins.claude_code import ClaudeCode, claude_code
from tests.tmux_server import short_folder
from xats_tui.backend.client_states import ClientStates
from xats_tui.backend.hook_reports import HookReports
from xats_tui.backend.mcp_sessions import McpSessions
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.system.processes import Processes
from xats_tui.backend.system.sessions.claude_files import LivingSession, SessionFiles
from xats_tui.backend.system.sessions.processes import InboxKey
from xats_tui.backend.transports.inbox.claude_inbox import AVOIDED_FOR, LOST_AFTER, ClaudeInbox
from xats_tui.clients.registry import PLAIN_HOOKS
from xats_tui.core.clock import SystemClock
from xats_tui.core.model.agents import Agent, SeenProcess
from xats_tui.core.model.client_states import Dialog, DialogKind, StateSource, ToldState
from xats_tui.core.model.panes import PaneState
from xats_tui.core.model.wakes import UNCONFIRMED, DeliveryResult, Observation, Reachability, WakeStage
from xats_tui.core.records import replace

HINT = "[xats] 1 new message from alice: call get_inbox"


LONG_AGO_MS = round(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)
"""Time of the latest turn before a test, in milliseconds since the epoch."""


class LaterClock(SystemClock):
    """The system's clock, put forward by a test."""

    ahead = timedelta(0)

    def now(self) -> datetime:
        """The time, put forward."""
        return super().now() + self.ahead


class KnownKeys(SessionFiles):
    """Session files with the key that a bridge would have."""

    known: InboxKey | None = None

    async def key(self, session: LivingSession, bridges: Collection[SeenProcess]) -> InboxKey | None:
        """The key, whichever program asks."""
        return self.known


class Desk:
    """A transport, and an agent in a stand-in."""

    def __init__(self, claude: ClaudeCode) -> None:
        self.claude = claude
        claude.tell("set", fields={"statusUpdatedAt": LONG_AGO_MS})
        self.clock = LaterClock()
        self.reports = HookReports()
        self.states = ClientStates(lambda events: None)
        self.files = KnownKeys()
        self.files.known = InboxKey(socket=str(claude.socket), token=claude.token, bridge=SeenProcess(claude.pid, 0.0))
        sessions = McpSessions(self.clock, lambda events: None)
        self.tmux = FakeTmux(self.clock)
        self.monitor = monitor = PaneMonitor(self.tmux, self.clock, lambda events: None)
        self.inbox = ClaudeInbox(sessions, Processes(), monitor, self.reports, self.states, self.clock, self.files)
        process = SeenProcess(claude.pid, psutil.Process(claude.pid).create_time())
        self.agent: Agent = replace(AGENT, client="claude-code", binding=None, process=process)

    async def readiness(self, *, urgent: bool = False) -> Observation:
        """What is observed."""
        return await self.inbox.readiness(self.agent, urgent=urgent)

    async def deliver(self, *, urgent: bool = False, forced: bool = False) -> DeliveryResult:
        """Deliver the hint."""
        return await self.inbox.deliver(self.agent, HINT, urgent=urgent, forced=forced)

    async def closed(self, *, urgent: bool = False) -> list[str]:
        """The closed gates."""
        return [gate.name for gate in (await self.readiness(urgent=urgent)).gates if not gate.holds]


@pytest.fixture
def sockets() -> Iterator[Path]:
    """A folder with a path that is short enough for sockets."""
    with short_folder() as folder:
        yield folder


@pytest.fixture
async def desk(own_claude_folder: Path, sockets: Path) -> AsyncIterator[Desk]:
    """An idle Claude Code."""
    with claude_code(own_claude_folder, sockets) as claude:
        yield Desk(claude)


async def test_an_idle_session_begins_a_turn_and_that_is_the_proof(desk: Desk) -> None:
    observation = await desk.readiness()
    assert (observation.reach, observation.at_rest) == (Reachability.OPEN, True)
    assert all(gate.holds for gate in observation.gates)

    result = await desk.deliver()

    assert result.step is WakeStage.SUBMITTED
    assert result.detail == "posted to its inbox: a turn has begun"
    assert not result.typed
    assert desk.claude.read == [HINT]


async def test_a_hook_that_reports_the_hint_is_proof_as_well(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.claude.tell("behave", drops=True)
    delivering = asyncio.create_task(desk.deliver())
    await eventually(lambda: desk.claude.tell()["bytes"])

    desk.reports.note(desk.claude.session_id, "UserPromptSubmit", PLAIN_HOOKS, {"prompt": HINT}, desk.clock.now())

    result = await delivering
    assert result.step is WakeStage.SUBMITTED
    assert result.detail.endswith("the client says that it was prompted with the hint")


async def test_another_prompt_is_no_proof(desk: Desk) -> None:
    desk.claude.tell("behave", drops=True)
    delivering = asyncio.create_task(desk.deliver())
    await eventually(lambda: desk.claude.tell()["bytes"])

    asked = {"prompt": f"what is {HINT}?"}
    desk.reports.note(desk.claude.session_id, "UserPromptSubmit", PLAIN_HOOKS, asked, desk.clock.now())

    assert (await delivering).step is WakeStage.ATTEMPTED


async def test_a_post_proves_nothing_and_is_not_repeated(desk: Desk) -> None:
    desk.claude.tell("behave", drops=True)

    first = await desk.deliver()
    sent = desk.claude.tell()["bytes"]
    others = await asyncio.gather(desk.deliver(), desk.deliver(forced=True))

    assert (first.step, first.uncertain) == (WakeStage.ATTEMPTED, True)
    assert first.detail.startswith(UNCONFIRMED)
    assert all(other.step is WakeStage.ATTEMPTED for other in others)
    assert desk.claude.tell()["bytes"] == sent
    assert await desk.closed() == ["own hint"]


async def test_two_deliveries_at_once_post_once(desk: Desk) -> None:
    desk.claude.tell("behave", turn_s=5)

    results = await asyncio.gather(desk.deliver(), desk.deliver())

    assert sorted(result.step for result in results) == [WakeStage.ATTEMPTED, WakeStage.SUBMITTED]
    assert desk.claude.read == [HINT]


async def test_the_same_hint_is_told_apart_because_a_repetition_would_be_dropped(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "EAST-7")
    time.tzset()
    assert (await desk.deliver()).step is WakeStage.SUBMITTED
    await eventually(lambda: desk.claude.tell()["fields"]["status"] == "idle")

    assert (await desk.deliver()).step is WakeStage.SUBMITTED

    first, second = desk.claude.read
    assert first == HINT
    assert re.fullmatch(re.escape(HINT) + r" \(\d\d:\d\d:\d\d\)", second)
    assert second[len(HINT) :][:4] in {
        f" ({hour:%H}" for hour in (datetime.now(), datetime.now() - timedelta(minutes=1))
    }
    monkeypatch.undo()
    time.tzset()


async def test_a_turn_just_before_a_restart_may_have_been_begun_by_the_same_hint(desk: Desk) -> None:
    just_now = round((desk.clock.now() - timedelta(seconds=10)).timestamp() * 1000)
    desk.claude.tell("set", fields={"statusUpdatedAt": just_now})

    assert (await desk.deliver()).step is WakeStage.SUBMITTED

    (line,) = desk.claude.read
    assert line.startswith(f"{HINT} (")


async def test_evidence_that_comes_later_is_reported_without_another_post(desk: Desk) -> None:
    desk.claude.tell("behave", drops=True)
    assert (await desk.deliver()).uncertain
    sent = desk.claude.tell()["bytes"]

    desk.claude.become("busy")

    assert (await desk.readiness()).is_taken
    assert (await desk.deliver()).step is WakeStage.SUBMITTED
    assert desk.claude.tell()["bytes"] == sent


async def test_the_agents_own_call_is_evidence(desk: Desk) -> None:
    desk.claude.tell("behave", drops=True)
    assert (await desk.deliver()).uncertain

    desk.agent = replace(desk.agent, last_seen_at=desk.clock.now() + timedelta(seconds=1))

    assert (await desk.readiness()).is_taken


async def test_a_post_that_an_idle_session_ignores_leaves_the_way_to_another_transport(desk: Desk) -> None:
    desk.claude.tell("behave", drops=True)
    assert (await desk.deliver()).uncertain
    desk.clock.ahead = LOST_AFTER - timedelta(seconds=5)
    assert (await desk.readiness()).reach is Reachability.OPEN

    desk.clock.ahead = LOST_AFTER + timedelta(seconds=5)
    observation = await desk.readiness()
    assert observation.reach is Reachability.UNUSABLE
    assert observation.detail == "its inbox took an earlier hint, and nothing came of it"

    desk.clock.ahead = AVOIDED_FOR + timedelta(seconds=5)
    assert (await desk.readiness()).reach is Reachability.OPEN


async def test_nothing_is_posted_while_a_dialog_is_open(desk: Desk) -> None:
    desk.claude.become("waiting", "permission prompt")

    observation, result = await desk.readiness(urgent=True), await desk.deliver(urgent=True, forced=True)

    assert observation.detail == "dialog: open: permission prompt"
    assert result.step is WakeStage.ATTEMPTED
    assert desk.claude.tell()["bytes"] == 0

    desk.claude.become("idle")
    assert (await desk.deliver()).step is WakeStage.SUBMITTED


async def test_a_dialog_that_a_hook_holds_open_closes_the_gate(desk: Desk) -> None:
    desk.claude.become("busy")  # the file says nothing of it
    dialog = Dialog(
        id="d", agent_id=desk.agent.agent_id, source="hook", kind=DialogKind.PERMISSION, tool="Bash", subject="rm x",
        text="", options=(), opened_at=desk.clock.now(),
    )  # fmt: skip

    async def answer(option: object, text: str) -> None:
        raise AssertionError

    desk.states.open_dialog(dialog, answer)

    assert await desk.closed(urgent=True) == ["dialog"]


async def test_a_busy_session_gets_an_urgent_hint_only(desk: Desk) -> None:
    desk.claude.become("busy")
    assert await desk.closed() == ["state"]
    assert (await desk.deliver()).step is WakeStage.ATTEMPTED
    assert desk.claude.tell()["bytes"] == 0

    result = await desk.deliver(urgent=True)

    assert (result.step, result.uncertain) == (WakeStage.ATTEMPTED, True)
    assert result.detail == f"{UNCONFIRMED}posted in the middle of a turn, for its next request"
    await eventually(lambda: desk.claude.tell()["queue"] == [HINT])


async def test_a_turn_that_may_have_taken_an_urgent_hint_costs_the_inbox_nothing(desk: Desk) -> None:
    desk.claude.become("busy")
    desk.claude.tell("behave", drops=True)
    assert (await desk.deliver(urgent=True)).uncertain
    desk.claude.become("idle")

    assert await desk.closed() == ["own hint"]
    desk.clock.ahead = LOST_AFTER + timedelta(seconds=5)

    assert (await desk.readiness()).detail == "every gate is open"


async def test_a_state_that_is_not_known_is_not_idle(desk: Desk) -> None:
    desk.claude.become("dreaming")

    assert (await desk.readiness(urgent=True)).detail == "its session file tells no state that is known"
    assert (await desk.deliver(urgent=True, forced=True)).step is WakeStage.ATTEMPTED
    assert desk.claude.tell()["bytes"] == 0


@pytest.mark.parametrize(("event", "closed"), [("UserPromptSubmit", ["hooks"]), ("Stop", [])])
async def test_a_hook_that_has_just_said_otherwise_is_waited_for(desk: Desk, event: str, closed: list[str]) -> None:
    desk.reports.note(desk.claude.session_id, event, PLAIN_HOOKS, {}, desk.clock.now())
    assert await desk.closed() == closed

    desk.clock.ahead = timedelta(seconds=3)
    assert await desk.closed() == [], "the file would have followed by now"


async def test_a_stopped_program_is_not_posted_to(desk: Desk) -> None:
    os.kill(desk.claude.pid, signal.SIGSTOP)
    try:
        await eventually(lambda: psutil.Process(desk.claude.pid).status() == psutil.STATUS_STOPPED)

        assert await desk.closed() == ["stopped"]
    finally:
        os.kill(desk.claude.pid, signal.SIGCONT)


def has_ended(desk: Desk) -> None:
    os.kill(desk.claude.pid, signal.SIGKILL)
    desk.claude.process.wait(PATIENCE)


def has_no_file(desk: Desk) -> None:
    desk.claude.file.unlink()


def has_no_inbox(desk: Desk) -> None:
    desk.claude.tell("set", fields={"messagingSocketPath": None})


def has_no_key(desk: Desk) -> None:
    desk.files.known = None


@pytest.mark.parametrize(
    ("without", "detail"),
    [
        (has_ended, "its process has no session file"),
        (has_no_file, "its process has no session file"),
        (has_no_inbox, "its session has no inbox socket"),
        (has_no_key, "no bridge of it runs that has the key"),
    ],
)
async def test_without_an_inbox_another_transport_is_used(
    desk: Desk, without: Callable[[Desk], None], detail: str
) -> None:
    without(desk)

    observation, result = await desk.readiness(), await desk.deliver()

    assert observation.reach is Reachability.UNUSABLE
    assert observation.detail.startswith(detail)
    assert result.step is WakeStage.ATTEMPTED
    assert not result.uncertain


async def test_a_socket_that_has_gone_is_no_inbox(desk: Desk) -> None:
    desk.claude.socket.unlink()

    observation, result = await desk.readiness(), await desk.deliver()

    assert (observation.reach, observation.detail) == (Reachability.UNUSABLE, "its inbox socket is gone")
    assert (result.step, result.detail) == (WakeStage.ATTEMPTED, "its inbox socket is gone")


async def test_another_program_at_the_socket_gets_no_token(desk: Desk) -> None:
    desk.claude.socket.unlink()
    with socket.socket(socket.AF_UNIX) as impostor:
        impostor.bind(str(desk.claude.socket))
        impostor.listen()
        impostor.settimeout(PATIENCE)

        observation, result = await desk.readiness(), await desk.deliver()
        for _ in range(2):
            connection, _ = impostor.accept()
            with connection:
                assert connection.recv(1_000) == b""

    assert observation.reach is Reachability.UNUSABLE

    assert result.detail == "its inbox socket belongs to another program"


@pytest.mark.parametrize(
    ("flag", "settings", "detail"),
    [
        ("--dangerously-skip-permissions", {}, "it may be in the mode bypassPermissions"),
        ("", {"permissions": {"defaultMode": "bypassPermissions"}}, "it may be in the mode bypassPermissions"),
        ("--dangerously-skip-permissions", {"crossSessionInbound": "accept"}, ""),
        ("", {"crossSessionInbound": "hold"}, "the user's settings say crossSessionInbound: hold"),
        ("", {"crossSessionInbound": "refuse"}, "the user's settings say crossSessionInbound: refuse"),
    ],
)
async def test_an_inbox_that_would_hold_or_drop_the_hint_is_left_alone(
    own_claude_folder: Path, sockets: Path, flag: str, settings: dict[str, object], detail: str
) -> None:
    own_claude_folder.mkdir()
    (own_claude_folder / "settings.json").write_text(json.dumps(settings))
    with claude_code(own_claude_folder, sockets, *filter(None, [flag])) as claude:
        desk = Desk(claude)
        observation, result = await desk.readiness(), await desk.deliver()

        assert observation.reach is (Reachability.UNUSABLE if detail else Reachability.OPEN)
        assert observation.detail.startswith(detail)
        assert result.step is (WakeStage.ATTEMPTED if detail else WakeStage.SUBMITTED)
        assert claude.read == ([] if detail else [HINT])


@dataclass(slots=True, kw_only=True)
class FooterPane(FakePane):
    """A pane with Claude Code's footer."""

    footer: str

    def rows(self) -> list[str]:
        """The input line between its rules, and the footer."""
        return ["─" * 60, "❯ half a thought", "─" * 60, f"  {self.footer}"]


BYPASSING, PLANNING = "⏵⏵ bypass permissions on (shift+tab to cycle)", "⏸ plan mode on (shift+tab to cycle)"


@pytest.mark.parametrize(
    ("footer", "reported", "flag", "reach"),
    [
        (PLANNING, "", "", Reachability.OPEN),
        (BYPASSING, "", "", Reachability.UNUSABLE),
        (PLANNING, "", "--dangerously-skip-permissions", Reachability.OPEN),  # left with shift+tab
        (BYPASSING, "plan", "--dangerously-skip-permissions", Reachability.UNUSABLE),  # entered again
        ("a menu hides it", "", "--dangerously-skip-permissions", Reachability.UNUSABLE),
        ("a menu hides it", "bypassPermissions", "", Reachability.UNUSABLE),
        ("a menu hides it", "plan", "", Reachability.OPEN),
    ],
)
async def test_the_footer_on_the_screen_decides_about_the_mode(
    own_claude_folder: Path, sockets: Path, footer: str, reported: str, flag: str, reach: Reachability
) -> None:
    with claude_code(own_claude_folder, sockets, *filter(None, [flag])) as claude:
        desk = Desk(claude)
        desk.agent = replace(desk.agent, binding=BINDING)
        desk.tmux.terminals[BINDING.pane.pane_id] = FooterPane(tty="pts/1", pid=1, footer=footer)
        desk.monitor.track({BINDING.pane: "claude-code"})
        await desk.monitor.look(BINDING.pane, "claude-code")
        if reported:
            desk.reports.note(claude.session_id, "Stop", PLAIN_HOOKS, {"permission_mode": reported}, desk.clock.now())

        assert (await desk.readiness()).reach is reach


async def test_the_projects_settings_may_forbid_but_not_allow(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "proj/.claude").mkdir(parents=True)
    settings = tmp_path / "proj/.claude/settings.json"
    desk.claude.tell("set", fields={"cwd": str(tmp_path / "proj")})

    settings.write_text('{"crossSessionInbound": "refuse"}')
    assert (await desk.readiness()).reach is Reachability.UNUSABLE

    settings.write_text('{"crossSessionInbound": "accept", "permissions": {"defaultMode": "bypassPermissions"}}')
    assert (await desk.readiness()).reach is Reachability.UNUSABLE


async def test_the_repositorys_local_settings_may_forbid_it_in_a_folder_below(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "repo/.git").mkdir(parents=True)
    (tmp_path / "repo/.claude").mkdir()
    (tmp_path / "repo/sub").mkdir()
    (tmp_path / "repo/.claude/settings.local.json").write_text('{"crossSessionInbound": "hold"}')
    desk.claude.tell("set", fields={"cwd": str(tmp_path / "repo/sub")})
    assert (await desk.readiness()).reach is Reachability.UNUSABLE


async def test_another_session_id_after_clear_is_the_same_inbox(desk: Desk) -> None:
    desk.claude.tell("set", fields={"sessionId": "another"})

    assert (await desk.deliver()).step is WakeStage.SUBMITTED


async def test_a_watch_tells_as_soon_as_the_state_changes(desk: Desk) -> None:
    watch = desk.inbox.watch(desk.agent)
    assert not watch.may_be_free()

    told = ToldState(state=PaneState.IDLE, detail="idle", source=StateSource.SESSION_FILE, at=desk.clock.now())
    desk.states.note(desk.agent.agent_id, StateSource.SESSION_FILE, told)

    assert watch.may_be_free()
    assert not watch.may_be_free()
    watch.nudge()
    assert watch.may_be_free()


def test_the_key_is_not_shown() -> None:
    assert "secret" not in repr(InboxKey(socket="/s", token="secret", bridge=SeenProcess(1, 0.0)))
