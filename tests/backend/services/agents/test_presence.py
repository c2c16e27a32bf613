"""Presence of agents, and the evidence for it."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import cast

import psutil
import pytest

from tests.fakes import FakeClock, Notified, Published
from tests.patience import PATIENCE
from xats_tui.backend.mcp_sessions import McpSessions
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.services.agents.presence import PROCESS_CACHE_S, Presence
from xats_tui.backend.system.processes import Processes
from xats_tui.core.model.agents import Agent, Binding, Delivery, SeenProcess, VerificationMode
from xats_tui.core.model.labels import CUSTOM, ClientId
from xats_tui.core.model.panes import PaneLook, PaneReading, PaneRef, PaneState, PaneView
from xats_tui.core.records import replace

CLOCK = FakeClock()
LONG_AGO = CLOCK.now() - timedelta(hours=3)
PANE = PaneRef("", "%1")

AGENT = Agent(
    agent_id="A",
    team="red",
    name="bob",
    role="default",
    client="claude-code",
    client_name=None,
    model="m",
    delivery=Delivery(),
    binding=None,
    registered_at=LONG_AGO,
    last_seen_at=LONG_AGO,
)

BOUND = replace(
    AGENT,
    binding=Binding(
        pane=PANE, tty=None, ui_pid=None, ui_started_at=None, mode=VerificationMode.TTY_PANE, bound_at=LONG_AGO
    ),
)


class Panes:
    """Monitor with a settable view of one pane."""

    def __init__(self) -> None:
        self.state: PaneState | None = None

    def view(self, pane: PaneRef) -> PaneView | None:
        """The view of the pane in the state that a test wants."""
        if self.state is None:
            return None
        look = PaneLook(pane=pane, at=LONG_AGO, formats={}, screen="")
        reading = PaneReading(state=self.state, reason="")
        return PaneView(look=look, reading=reading, unchanged_since=LONG_AGO, state_since=LONG_AGO)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def sessions(clock: FakeClock) -> McpSessions:
    return McpSessions(clock, Published())


@pytest.fixture
def panes() -> Panes:
    return Panes()


@pytest.fixture
def presence(sessions: McpSessions, panes: Panes, clock: FakeClock) -> Presence:
    return Presence(sessions, cast(PaneMonitor, panes), Processes(), clock)


@pytest.fixture
def program() -> Iterator[subprocess.Popen[bytes]]:
    """A process that lives until it is killed."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate(timeout=PATIENCE)


async def test_one_that_called_in_the_last_five_minutes_is_there(presence: Presence, clock: FakeClock) -> None:
    just_now = replace(AGENT, last_seen_at=clock.now() - timedelta(minutes=4, seconds=59))
    earlier = replace(AGENT, agent_id="B", last_seen_at=clock.now() - timedelta(minutes=5))

    assert await presence.among([just_now, earlier]) == {"A"}


async def test_one_whose_session_is_listened_to_is_there(presence: Presence, sessions: McpSessions) -> None:
    session = sessions.open("S", "test 1", Notified())
    sessions.identify(session, "A")
    assert await presence.among([AGENT]) == frozenset()
    with sessions.streaming("S"):
        assert await presence.among([AGENT]) == {"A"}


async def test_one_whose_process_lives_is_there_and_a_reused_pid_is_somebody_else(
    presence: Presence, clock: FakeClock, program: subprocess.Popen[bytes]
) -> None:
    started_at = psutil.Process(program.pid).create_time()
    agent = replace(BOUND, process=SeenProcess(program.pid, started_at))
    another = replace(BOUND, agent_id="B", process=SeenProcess(program.pid, started_at - 60))
    assert await presence.among([agent, another]) == {"A"}

    program.kill()
    program.wait(PATIENCE)
    clock.advance(PROCESS_CACHE_S)
    assert await presence.among([agent, another]) == frozenset()


async def test_a_call_counts_for_nothing_once_its_caller_is_seen_to_have_gone(
    presence: Presence, sessions: McpSessions, clock: FakeClock, program: subprocess.Popen[bytes]
) -> None:
    called = replace(AGENT, last_seen_at=clock.now())
    session = sessions.open("S", "test 1", Notified())
    session.last_call_at = clock.now()
    sessions.identify(session, "A")
    assert await presence.among([called]) == {"A"}
    dead = replace(called, process=SeenProcess(2**22 + 1, 1.0))
    assert await presence.among([dead]) == frozenset(), "its process has ended"

    clock.advance(1)
    with sessions.streaming("S"):
        assert await presence.among([called, dead]) == {"A"}
    assert await presence.among([called]) == frozenset(), "its bridge was killed"
    sessions.close(session)
    assert await presence.among([called]) == frozenset()


async def test_a_session_that_never_listened_and_ends_leaves_its_call_standing(
    presence: Presence, sessions: McpSessions, clock: FakeClock
) -> None:
    """As of a script that connects for each call."""
    session = sessions.open("S", "test 1", Notified())
    sessions.identify(session, "A")
    sessions.close(session)

    assert await presence.among([replace(AGENT, last_seen_at=clock.now())]) == {"A"}


async def test_a_process_that_gave_way_to_a_shell_is_there_no_more(presence: Presence) -> None:
    with subprocess.Popen(["bash", "--norc"], stdin=subprocess.PIPE) as shell:
        seen = SeenProcess(shell.pid, psutil.Process(shell.pid).create_time())
        async with asyncio.timeout(PATIENCE):
            while await presence.among([replace(AGENT, process=seen)]):
                await asyncio.sleep(0.01)
        assert shell.stdin is not None
        shell.stdin.close()


@pytest.mark.parametrize(
    ("state", "client", "there"),
    [
        (PaneState.IDLE, "codex", True),
        (PaneState.BUSY, "claude-code", True),
        (PaneState.DRAFT, "opencode", True),
        (PaneState.DIALOG, "claude-code", True),
        (PaneState.SHELL, "claude-code", False),
        (PaneState.DEAD, "codex", False),
        (PaneState.UNKNOWN, "codex", False),
        (PaneState.IDLE, CUSTOM, False),
        (None, "codex", False),
    ],
)
async def test_one_whose_client_shows_in_its_pane_is_there(
    presence: Presence, panes: Panes, state: PaneState | None, client: ClientId, there: bool
) -> None:
    panes.state = state

    assert ("A" in await presence.among([replace(BOUND, client=client)])) is there


async def test_a_dead_process_is_not_made_up_for_by_its_pane(presence: Presence, panes: Panes) -> None:
    panes.state = PaneState.IDLE

    assert await presence.among([replace(BOUND, process=SeenProcess(2**22 + 1, 1.0))]) == frozenset()
