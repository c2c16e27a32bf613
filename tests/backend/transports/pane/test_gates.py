"""The conditions for typing into a pane: each closes on its own, and says why."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from xats_tui.backend.hook_reports import LATE_REPORT_COUNTS_FOR, SCREEN_WINS_AFTER, HookReport
from xats_tui.backend.system.processes import BoundProcess
from xats_tui.backend.system.terminals import PaneTerminal
from xats_tui.backend.transports.pane.gates import KEYS_NEED, judge, overruled, quiet_for
from xats_tui.backend.transports.pane.seat import PaneFacts
from xats_tui.core.model.agents import Agent, Binding, Delivery, VerificationMode
from xats_tui.core.model.client_states import StateSource, ToldState
from xats_tui.core.model.labels import CUSTOM, ClientId
from xats_tui.core.model.panes import PaneLook, PaneReading, PaneRef, PaneState, PaneView
from xats_tui.core.model.wakes import Gate, first_closed
from xats_tui.core.records import replace

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
QUIET = timedelta(seconds=2)
PANE = PaneRef("", "%1")

BINDING = Binding(
    pane=PANE, tty="pts/1", ui_pid=42, ui_started_at=1.0, mode=VerificationMode.PID_TTY_PANE, bound_at=NOW
)
AGENT = Agent(
    agent_id="A",
    team="red",
    name="bob",
    role="default",
    client=CUSTOM,
    client_name=None,
    model=None,
    delivery=Delivery(),
    binding=BINDING,
    registered_at=NOW,
    last_seen_at=NOW,
)
READ = replace(AGENT, client="claude-code")
OCCUPANT = BoundProcess(pid=42, executable="/bin/it", tty="pts/1", group=7, foreground=7)
RAW = PaneTerminal(raw=True, unread=0)
SEAT = PaneFacts(occupant=OCCUPANT, terminal=RAW)
BEHIND = replace(SEAT, occupant=replace(OCCUPANT, foreground=8))
STOPPED = replace(SEAT, occupant=replace(OCCUPANT, stopped=True))
COOKED = replace(SEAT, terminal=replace(RAW, raw=False))
ECHOING = replace(SEAT, terminal=replace(RAW, echoes=True))
UNASKED = replace(SEAT, terminal=None)
READ_BELOW = replace(SEAT, occupant=replace(OCCUPANT, reader="bash (43)"))
ELSEWHERE = replace(SEAT, occupant=replace(OCCUPANT, tty="pts/9"))
NOWHERE = replace(SEAT, occupant=replace(OCCUPANT, tty=None))
GONE = replace(SEAT, occupant=None)


def view(state: PaneState = PaneState.IDLE, unchanged: timedelta = QUIET, **formats: Any) -> PaneView:
    """A pane in a state, unchanged for so long."""
    shown = {"pane_tty": "/dev/pts/1", "pane_current_command": "vim"} | formats
    return PaneView(
        look=PaneLook(pane=PANE, at=NOW, formats=shown, screen="> "),
        reading=PaneReading(state=state, reason=f"it looks {state}"),
        unchanged_since=NOW - unchanged,
        state_since=NOW - unchanged,
    )


def judged(
    seen: PaneView | None = None,
    seat: PaneFacts = SEAT,
    agent: Agent = AGENT,
    report: HookReport | None = None,
    told: ToldState | None = None,
) -> tuple[Gate, ...]:
    """The gates, for what differs from a pane that may be typed into."""
    seen = seen or view()
    return judge(agent, seen, replace(seat, unchanged=NOW - seen.unchanged_since), report, QUIET, NOW, told)


def closed(gates: tuple[Gate, ...]) -> set[str]:
    """The names of the gates that do not hold."""
    return {gate.name for gate in gates if not gate.holds}


@pytest.mark.parametrize(("client", "seconds"), [(None, 2.0), (CUSTOM, 2.0), ("claude-code", 0.5), ("opencode", 0.5)])
def test_a_screen_that_is_read_need_not_be_quiet_for_as_long(client: ClientId | None, seconds: float) -> None:
    assert quiet_for(client, timedelta(seconds=2)) == timedelta(seconds=seconds)


def test_an_idle_quiet_pane_with_its_owner_in_front_is_open() -> None:
    gates = judged()

    assert closed(gates) == set()
    assert first_closed(gates) is None


@pytest.mark.parametrize(
    ("state", "names"),
    [
        (PaneState.BUSY, {"state"}),
        (PaneState.DRAFT, {"draft", "state"}),
        (PaneState.DIALOG, {"dialog", "state"}),
        (PaneState.COPY_MODE, {"mode", "state"}),
        (PaneState.TMUX_MODE, {"mode", "state"}),
        (PaneState.SHELL, {"shell", "state"}),
        (PaneState.FOREIGN, {"state"}),
        (PaneState.DEAD, {"state"}),
        (PaneState.UNKNOWN, {"state"}),
    ],
)
def test_every_state_but_idle_is_closed_by_its_own_gate(state: PaneState, names: set[str]) -> None:
    gates = judged(view(state))

    assert closed(gates) == names
    shut = first_closed(gates)
    assert shut is not None
    assert f"it looks {state}" in shut.detail


def test_a_pane_that_just_changed_is_not_quiet() -> None:
    assert closed(judged(view(unchanged=QUIET - timedelta(milliseconds=1)))) == {"quiet"}
    assert closed(judged(view(unchanged=QUIET))) == set()


@pytest.mark.parametrize(
    ("seat", "said"),
    [
        (GONE, "process 42 has ended; the pane now runs vim"),
        (ELSEWHERE, "process 42 is on pts/9, not in this pane"),
        (NOWHERE, "process 42 is on no terminal, not in this pane"),
    ],
)
def test_w49_a_pane_whose_owner_is_gone_is_closed_first_of_all(seat: PaneFacts, said: str) -> None:
    shut = first_closed(judged(seat=seat))

    assert shut is not None
    assert (shut.name, shut.detail) == ("owner", said)


@pytest.mark.parametrize(
    ("seat", "formats", "name", "said"),
    [
        (STOPPED, {}, "stopped", "kill -CONT 42"),
        (COOKED, {}, "terminal", "whole lines are read there"),
        (ECHOING, {}, "terminal", "typed keys are echoed there"),
        (UNASKED, {}, "terminal", "cannot be asked"),
        (READ_BELOW, {}, "terminal", "a program below it waits for a key there: bash (43)"),
        (SEAT, {"pane_synchronized": 1}, "synchronized", "tmux set-option -w -t %1 synchronize-panes off"),
        (SEAT, {"pane_input_off": 1}, "input", "the pane's input is off: tmux select-pane -e -t %1"),
    ],
)
def test_a_key_that_would_go_nowhere_or_to_others_is_not_sent_whoever_wants_it(
    seat: PaneFacts, formats: dict[str, Any], name: str, said: str
) -> None:
    gates = judged(view(**formats), seat)

    assert closed(gates) == {name} <= KEYS_NEED
    shut = first_closed(gates, overruled(READ.client))
    assert shut is not None
    assert said in shut.detail


def test_a_pane_that_was_bound_without_a_process_asks_to_be_bound_again() -> None:
    unknown = replace(AGENT, binding=replace(BINDING, ui_pid=None))
    shut = first_closed(judged(seat=GONE, agent=unknown))

    assert shut is not None
    assert "bind it again" in shut.detail


def test_an_owner_behind_another_program_is_not_typed_at() -> None:
    shut = first_closed(judged(seat=BEHIND))

    assert shut is not None
    assert (shut.name, shut.detail) == ("process", "vim is in the foreground instead")


def test_what_the_program_says_of_itself_closes_a_pane_that_looks_idle() -> None:
    said = HookReport(state=PaneState.BUSY, at=NOW, detail="its turn began")

    assert closed(judged(report=said)) == {"hooks"}
    assert closed(judged(report=HookReport(state=PaneState.IDLE, at=NOW, detail="its turn ended"))) == set()


IDLE, BUSY, DIALOG, DRAFT, UNKNOWN = (
    PaneState.IDLE,
    PaneState.BUSY,
    PaneState.DIALOG,
    PaneState.DRAFT,
    PaneState.UNKNOWN,
)

ORDER_OF_TRUST: list[tuple[PaneState, tuple[PaneState, float] | None, tuple[PaneState, float] | None, set[str]]] = [
    # screen, told state and its age, hook and its age: closed gates
    (IDLE, (IDLE, 9), None, set()),
    (IDLE, (BUSY, 9), None, {"told"}),
    (IDLE, (DIALOG, 9), None, {"told"}),
    (IDLE, (UNKNOWN, 9), None, set()),
    (IDLE, (BUSY, 9), (IDLE, 1), {"told"}),
    (IDLE, (DIALOG, 9), (IDLE, 1), {"told"}),
    # an idle state that is told overrules no screen
    (DRAFT, (IDLE, 1), None, {"draft", "state"}),
    (DIALOG, (IDLE, 1), None, {"dialog", "state"}),
    (BUSY, (IDLE, 1), None, {"state"}),
    (UNKNOWN, (IDLE, 1), None, {"state"}),
    # it settles an older report of a hook, and one that the client would have followed by now
    (IDLE, (IDLE, 1), (BUSY, 1.5), set()),
    (IDLE, (IDLE, 1), (DIALOG, 1.5), set()),
    (IDLE, (IDLE, 9), (DIALOG, 2), set()),
    (IDLE, (IDLE, 9), (BUSY, 1), {"hooks"}),
    (IDLE, (IDLE, 9), (DIALOG, 1), {"hooks"}),
    # an unknown state settles nothing
    (IDLE, (UNKNOWN, 1), (BUSY, 1.5), {"hooks"}),
    (IDLE, None, (BUSY, 1.5), {"hooks"}),
    (DIALOG, (IDLE, 1), (DIALOG, 1.5), {"dialog", "state"}),
    # whoever says it closes its own gate
    (BUSY, (BUSY, 1), (BUSY, 1), {"state", "told", "hooks"}),
]


@pytest.mark.parametrize(("screen", "told", "hook", "names"), ORDER_OF_TRUST)
def test_screen_client_and_hooks_are_trusted_in_this_order(
    screen: PaneState,
    told: tuple[PaneState, float] | None,
    hook: tuple[PaneState, float] | None,
    names: set[str],
) -> None:
    gates = judged(
        view(screen),
        report=hook and HookReport(state=hook[0], detail="Stop", at=NOW - timedelta(seconds=hook[1])),
        told=told
        and ToldState(state=told[0], detail="it", source=StateSource.SESSION_FILE, at=NOW - timedelta(seconds=told[1])),
    )

    assert closed(gates) == names


def test_a_word_that_is_older_than_a_calm_screen_is_overtaken_by_it() -> None:
    said = HookReport(state=PaneState.BUSY, at=NOW - 2 * SCREEN_WINS_AFTER, detail="its turn began")

    assert closed(judged(view(unchanged=SCREEN_WINS_AFTER), report=said)) == set()


def test_a_word_that_came_late_is_overtaken_by_a_screen_that_stays_calm_after_it() -> None:
    def after(calm: timedelta, paint: timedelta = timedelta(0)) -> set[str]:
        said = HookReport(state=PaneState.DIALOG, at=NOW - calm, detail="a permission prompt is open")
        return closed(judged(view(unchanged=calm + QUIET), replace(SEAT, paint=paint), report=said))

    assert after(SCREEN_WINS_AFTER) == {"hooks"}
    assert after(LATE_REPORT_COUNTS_FOR) == set()
    assert after(LATE_REPORT_COUNTS_FOR, paint=timedelta(seconds=3)) == {"hooks"}


@pytest.mark.parametrize(
    ("seat", "name", "said"),
    [
        (replace(SEAT, person_at=NOW - timedelta(seconds=3)), "person", "somebody is typing there: a key 3.0 s ago"),
        (replace(SEAT, person_at=NOW - timedelta(seconds=8), paint=timedelta(seconds=5)), "person", "a key 8.0 s ago"),
        (replace(SEAT, undrawn=timedelta(seconds=2)), "drawn", "a key came 2.0 s ago, and nothing was drawn since"),
        (replace(SEAT, terminal=PaneTerminal(raw=True, unread=7)), "unread", "has not read 7 bytes"),
    ],
)
def test_what_is_typed_and_not_drawn_yet_may_be_a_draft(seat: PaneFacts, name: str, said: str) -> None:
    gates = judged(view(unchanged=timedelta(minutes=1)), seat)

    assert closed(gates) == {name}
    shut = first_closed(gates, overruled(READ.client))
    assert shut is not None
    assert said in shut.detail


def test_a_person_who_has_stopped_typing_is_no_obstacle() -> None:
    assert closed(judged(seat=replace(SEAT, person_at=NOW - timedelta(seconds=4)))) == set()


def test_a_slow_pane_has_to_be_quiet_for_longer() -> None:
    slow = replace(SEAT, paint=timedelta(seconds=3))

    assert closed(judged(view(unchanged=timedelta(seconds=5)), slow)) == {"quiet"}
    assert closed(judged(view(unchanged=timedelta(seconds=6)), slow)) == set()


def test_every_gate_says_what_it_saw_open_or_not() -> None:
    for gate in (*judged(), *judged(view(PaneState.DIALOG), BEHIND)):
        assert gate.detail, gate.name


def test_force_passes_what_a_person_may_judge_and_nothing_else() -> None:
    passing = overruled(READ.client)
    for state in (PaneState.DRAFT, PaneState.DIALOG, PaneState.BUSY):
        assert first_closed(judged(view(state, unchanged=timedelta(0)), agent=READ), passing) is None, state
    for gates in (
        judged(view(PaneState.SHELL)),
        judged(view(PaneState.COPY_MODE)),
        judged(seat=GONE),
        judged(seat=ELSEWHERE),
        judged(seat=BEHIND),
    ):
        assert first_closed(gates, passing) is not None


@pytest.mark.parametrize("client", [None, CUSTOM])
def test_force_does_not_pass_a_dialog_of_a_program_without_a_reader_of_its_own(client: ClientId | None) -> None:
    shut = first_closed(judged(view(PaneState.DIALOG), agent=replace(AGENT, client=client)), overruled(client))

    assert shut is not None and shut.name == "dialog"
