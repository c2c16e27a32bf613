"""A program that nothing is known of has the prompt at which it was idle before."""

from datetime import timedelta

from tests.backend.transports.pane.test_gates import AGENT, NOW, READ, SEAT, view
from xats_tui.backend.transports.pane.gates import judge
from xats_tui.backend.transports.pane.prompts import KnownPrompts
from xats_tui.core.model.panes import PaneReading, PaneState, PaneView
from xats_tui.core.records import replace

LONG_AGO = NOW - timedelta(hours=1)


def showing(prompt: str, seconds: float, state: PaneState = PaneState.IDLE) -> PaneView:
    """A pane whose input line begins so, some seconds from now."""
    shown = view(unchanged=timedelta(minutes=1))
    look = replace(shown.look, at=NOW + timedelta(seconds=seconds))
    return replace(shown, look=look, reading=PaneReading(state=state, reason="", composer=prompt))


def test_another_prompt_than_before_is_not_known() -> None:
    prompts = KnownPrompts()
    assert prompts.other(showing("bob>", 0), "1/2", LONG_AGO) == ""
    assert prompts.other(showing("#", 1), "1/2", LONG_AGO) == "bob>"
    assert prompts.other(showing("bob>", 2), "1/2", LONG_AGO) == ""


def test_it_is_known_once_the_agent_has_called_and_it_is_still_there() -> None:
    prompts = KnownPrompts()
    prompts.other(showing("bob>", 0), "1/2", LONG_AGO)
    assert prompts.other(showing("plan>", 1), "1/2", LONG_AGO) == "bob>"
    assert prompts.other(showing("plan>", 9), "1/2", NOW + timedelta(seconds=5)) == ""
    assert prompts.other(showing("bob>", 10), "1/2", NOW + timedelta(seconds=5)) == "plan>"


def test_another_program_has_another_prompt() -> None:
    prompts = KnownPrompts()
    prompts.other(showing("bob>", 0), "1/2", LONG_AGO)
    assert prompts.other(showing("#", 1), "1/3", LONG_AGO) == ""


def test_what_is_read_as_busy_teaches_no_prompt() -> None:
    prompts = KnownPrompts()
    assert prompts.other(showing("bob> x", 0, PaneState.DRAFT), "1/2", LONG_AGO) == ""
    assert prompts.other(showing("bob>", 1), "1/2", LONG_AGO) == ""


def test_a_line_that_begins_otherwise_than_before_is_not_typed_into() -> None:
    seat = replace(SEAT, other_prompt="bob>", unchanged=timedelta(minutes=1))
    gates = judge(AGENT, showing("#", 0), seat, None, timedelta(seconds=2), NOW)

    (closed,) = [gate for gate in gates if not gate.holds]
    assert closed.name == "state"
    assert closed.detail.startswith("unknown: the line begins with '#', earlier it began with 'bob>'")


def test_an_unknown_screen_says_what_would_make_it_known_unless_its_client_has_a_reader() -> None:
    unknown = replace(view(), reading=PaneReading(state=PaneState.UNKNOWN, reason="no prompt"))
    details = [
        gate.detail
        for agent in (AGENT, READ)
        for gate in judge(agent, unknown, SEAT, None, timedelta(seconds=2), NOW)
        if gate.name == "state"
    ]
    assert details == [
        "unknown: no prompt; a manifest for its program would tell (docs/clients.md)",
        "unknown: no prompt",
    ]
