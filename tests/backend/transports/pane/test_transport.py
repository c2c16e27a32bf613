"""The transport that types, on a pane that obeys: what happens between two of its steps keeps it from going on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.backend.transports.pane.test_gates import AGENT, BINDING, PANE
from tests.fakes import FakePane, FakeProcesses, FakeTerminals, FakeTmux, SkippingClock
from xats_tui.backend.client_states import ClientStates
from xats_tui.backend.hook_reports import HookReports
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.system.processes import Process
from xats_tui.backend.transports.pane.transport import TmuxPane
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.panes import PaneRef
from xats_tui.core.model.wakes import DeliveryResult, Reachability, WakeStage
from xats_tui.core.records import replace

HINT = "[xats] 1 new message from alice: call get_inbox"
QUIET = timedelta(seconds=2)
PID = 42

TOLD_APART = timedelta(milliseconds=150)
"""After which Codex does not take an Enter for a newline of the paste, as was measured."""


class Interrupted(SkippingClock):
    """A clock in whose waits something happens, once."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], object] = lambda: None

    async def sleep(self, seconds: float) -> None:
        """Let it happen, and time pass."""
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        await super().sleep(seconds)


class Disturbed(FakeTmux):
    """A server in which something happens just before a paste."""

    pasting: Callable[[], object] | None = None

    async def paste(self, pane: PaneRef, text: str, *, occupant: int) -> None:
        """Let it happen and others have their turn, and paste."""
        if self.pasting:
            self.pasting()
        await asyncio.sleep(0)
        await super().paste(pane, text, occupant=occupant)


class Place:
    """A pane with its program, and the transport that types into it."""

    def __init__(self, database: Database, clock: Interrupted) -> None:
        self.clock = clock
        self.tmux = Disturbed(self.clock)
        self.processes = FakeProcesses()
        self.terminals = FakeTerminals()
        self.terminal = self.tmux.terminals[PANE.pane_id] = FakePane(tty="pts/1", pid=PID)
        self.processes.there[PID] = Process(pid=PID, started_at=1.0, name="it", command=("it",), tty="pts/1")
        self.monitor = PaneMonitor(self.tmux, self.clock, lambda events: None)
        self.typing = TmuxPane(
            self.tmux,
            self.processes,
            self.terminals,
            self.monitor,
            database,
            HookReports(),
            ClientStates(lambda events: None),
            clock,
            QUIET,
        )

    @property
    def taken(self) -> list[str]:
        """The lines that the program was given."""
        return [line for _, line in self.terminal.taken]

    async def deliver(self, agent: Agent = AGENT, *, forced: bool = False) -> DeliveryResult:
        """Deliver the hint into a pane that has been quiet for long enough."""
        await self.monitor.look(PANE, agent.client)
        self.clock.advance(QUIET.total_seconds())
        return await self.typing.deliver(agent, HINT, forced=forced)

    def behind(self) -> None:
        """Something else is in front now."""
        self.processes.behind.add(PID)

    def end(self) -> None:
        """The program is no more."""
        del self.processes.there[PID]

    def replace(self) -> None:
        """The program gives way to another, as by exec."""
        self.processes.there[PID] = replace(self.processes.there[PID], name="sh")

    def ask(self) -> None:
        """A command reads a line from the terminal."""
        self.terminals.cooked.add("pts/1")

    def close(self) -> None:
        """The pane is no more."""
        del self.tmux.terminals[PANE.pane_id]

    def stop(self) -> None:
        """The server is no more."""
        self.tmux.runs = False

    def type(self) -> None:
        """A person presses a key."""
        self.terminal.line += "y"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """An idle agent in its pane."""
    clock = Interrupted()
    async with Database.opened(tmp_path / "data.db", clock, lambda events: None) as database:
        yield Place(database, clock)


async def test_a_hint_is_pasted_and_entered_no_sooner_than_a_program_can_tell_the_two_apart(place: Place) -> None:
    proof = await place.deliver()

    assert place.taken == [HINT]
    assert list(proof.times) == [WakeStage.ATTEMPTED, WakeStage.TYPED, WakeStage.SUBMITTED]
    assert proof.times[WakeStage.SUBMITTED] - proof.times[WakeStage.ATTEMPTED] >= TOLD_APART


async def test_a_program_with_another_start_is_a_stranger(place: Place) -> None:
    agent = replace(AGENT, binding=replace(BINDING, ui_started_at=99.0))

    assert (await place.typing.readiness(agent)).reach is Reachability.AGENT_GONE
    assert (await place.deliver(agent)).step is WakeStage.ATTEMPTED
    assert (place.taken, place.terminal.line) == ([], "")


async def test_an_agent_without_a_pane_is_not_reached(place: Place) -> None:
    nowhere = replace(AGENT, binding=None)

    assert not place.typing.serves(nowhere)
    assert (await place.typing.readiness(nowhere)).reach is Reachability.NO_PANE


@pytest.mark.parametrize("forced", [False, True])
@pytest.mark.parametrize("trouble", ["behind", "end"])
async def test_nothing_is_pasted_where_the_agent_is_not_in_front(trouble: str, forced: bool, place: Place) -> None:
    getattr(place, trouble)()

    assert (await place.deliver(forced=forced)).step is WakeStage.ATTEMPTED
    assert (place.taken, place.terminal.line) == ([], "")


async def test_a_draft_stays_unless_the_operator_overrules_it(place: Place) -> None:
    place.terminal.line = "half a sentence "

    assert (await place.deliver()).step is WakeStage.ATTEMPTED
    assert (place.taken, place.terminal.line) == ([], "half a sentence ")
    assert (await place.deliver(forced=True)).step is WakeStage.SUBMITTED
    assert place.taken == [f"half a sentence {HINT}"]


async def test_what_is_typed_into_the_paste_is_not_submitted(place: Place) -> None:
    place.tmux.pasting = place.type

    proof = await place.deliver()

    assert (proof.step, proof.detail) == (
        WakeStage.ATTEMPTED,
        "pasted, but not seen in the input line so far: not submitted",
    )
    assert place.taken == []


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ("type", "the input line changed after the hint: not submitted"),
        ("end", "not submitted: owner: process 42 has ended; the pane now runs it"),
        ("behind", "not submitted: process: it is in the foreground instead"),
        ("replace", "not submitted: process: another program has taken the agent's place"),
        ("ask", "not submitted: terminal: whole lines are read there, as by a command that asks something"),
    ],
)
async def test_what_happens_between_paste_and_enter_keeps_enter_back(trouble: str, said: str, place: Place) -> None:
    place.clock.meanwhile = getattr(place, trouble)

    proof = await place.deliver()

    assert (proof.step, proof.detail) == (WakeStage.TYPED, said)
    assert place.taken == []


async def test_a_swallowed_enter_is_not_repeated_at_once(place: Place) -> None:
    place.terminal.swallows = True

    proof = await place.deliver()

    assert (proof.step, proof.detail) == (
        WakeStage.TYPED,
        "the hint stands in the input line: Enter was not taken",
    )
    assert place.terminal.enters == 1


async def test_two_hints_at_once_are_one_after_the_other(place: Place) -> None:
    await place.monitor.look(PANE, AGENT.client)
    place.clock.advance(QUIET.total_seconds())

    proofs = await asyncio.gather(*(place.typing.deliver(AGENT, HINT) for _ in range(2)))

    assert [proof.step for proof in proofs] == [WakeStage.SUBMITTED, WakeStage.ATTEMPTED]
    assert place.taken == [HINT]


@pytest.mark.parametrize(("lost", "failed"), [("stop", True), ("close", False)])
async def test_a_server_that_goes_before_the_paste_is_a_failure_and_a_pane_that_does_is_none(
    lost: str, failed: bool, place: Place
) -> None:
    place.tmux.pasting = getattr(place, lost)

    proof = await place.deliver()

    assert (proof.step, proof.failed) == (WakeStage.ATTEMPTED, failed)
