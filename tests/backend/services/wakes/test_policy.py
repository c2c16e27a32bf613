"""The wake policy, as a table: what was seen, and what is to be done about it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xats_tui.backend.services.wakes.policy import (
    HINT_PATIENCE,
    Defer,
    Deliver,
    GiveUp,
    Skip,
    Verdict,
    WakeContext,
    after_delivery,
    decide,
    hint,
    look_again_at,
)
from xats_tui.clients.registry import MAX_HINT_CHARS
from xats_tui.core.model.agents import Agent, Delivery
from xats_tui.core.model.labels import CUSTOM
from xats_tui.core.model.wakes import DeliveryResult, Gate, Observation, Reachability, Wake, WakeStage, WakeStatus
from xats_tui.core.records import replace

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)

OPEN = Observation(
    reach=Reachability.OPEN, detail="every gate is open", gates=(Gate(name="state", holds=True, detail="idle"),)
)
CLOSED = Observation(
    reach=Reachability.OPEN, detail="draft: text", gates=(Gate(name="draft", holds=False, detail="text"),)
)
NO_PANE = Observation(reach=Reachability.NO_PANE, detail="no pane is bound")
GONE = Observation(reach=Reachability.AGENT_GONE, detail="process 7 has ended")
BROKEN = Observation(reach=Reachability.BROKEN, detail="no server running")


def an_agent(last_seen_at: datetime = NOW - timedelta(hours=1)) -> Agent:
    return Agent(
        agent_id="a",
        team="shop",
        name="backend",
        role="default",
        client=CUSTOM,
        client_name=None,
        model="m",
        delivery=Delivery(),
        binding=None,
        registered_at=NOW,
        last_seen_at=last_seen_at,
    )


def a_wake(
    *,
    attempts: int = 0,
    failures: int = 0,
    status: WakeStatus = WakeStatus.RETRYING,
    submitted: timedelta | None = None,
    age: timedelta = timedelta(0),
) -> Wake:
    return Wake(
        message_id="m",
        agent_id="a",
        status=status,
        skip_reason=None,
        detail=None,
        attempts=attempts,
        failures=failures,
        transport=None,
        reached={} if submitted is None else {WakeStage.SUBMITTED: NOW - submitted},
        due_at=NOW,
        expires_at=NOW - age + timedelta(hours=24),
        updated_at=NOW,
    )


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def waits(detail: str, seconds: float) -> Defer:
    return Defer(reason="guard_failed", detail=detail, until=after(seconds), until_idle=True)


def holds_back(detail: str, seconds: float) -> Defer:
    return Defer(reason="guard_failed", detail=detail, until=after(seconds))


def breaks(seconds: float) -> Defer:
    return Defer(reason="tmux_unavailable", detail="no server running", until=after(seconds), failed=True)


delivered_10_s_ago = a_wake(status=WakeStatus.DELIVERED, submitted=timedelta(seconds=10))
delivered_10_min_ago = a_wake(status=WakeStatus.DELIVERED, submitted=timedelta(minutes=10))
too_late = GiveUp(reason="retry_exhausted", detail="the message was not read in time")
seen_before_it_was_noted = replace(
    delivered_10_s_ago, reached={**delivered_10_s_ago.reached, WakeStage.SEEN: NOW - timedelta(seconds=11)}
)
"""The model was quick: it had its mail before its hint was seen to be gone."""
unconfirmed = replace(a_wake(attempts=1), detail="unconfirmed: no answer", due_at=after(25))
unanswered = "an earlier hint has not been answered yet"

TABLE: dict[str, tuple[tuple[Wake, ...], Agent | None, Observation, Verdict]] = {
    "every gate is open": ((a_wake(),), an_agent(), OPEN, Deliver()),
    "a draft stands there": ((a_wake(),), an_agent(), CLOSED, waits("draft: text", 30)),
    "a second time": ((a_wake(attempts=1),), an_agent(), CLOSED, waits("draft: text", 180)),
    "a third time": ((a_wake(attempts=2),), an_agent(), CLOSED, waits("draft: text", 600)),
    "a hundredth time": ((a_wake(attempts=99),), an_agent(), CLOSED, waits("draft: text", 600)),
    "new mail beside old": ((a_wake(attempts=9), a_wake()), an_agent(), CLOSED, waits("draft: text", 30)),
    "no pane": ((a_wake(),), an_agent(), NO_PANE, Skip(reason="no_pane", detail="no pane is bound")),
    "the agent's process has ended": ((a_wake(),), an_agent(), GONE, GiveUp(reason="no_pane", detail=GONE.detail)),
    "the agent has left": ((a_wake(),), None, NO_PANE, GiveUp(reason="no_pane", detail="the agent has left")),
    "tmux does not answer": ((a_wake(),), an_agent(), BROKEN, breaks(30)),
    "nor for the fourth time": (
        (a_wake(attempts=3, failures=3),),
        an_agent(),
        BROKEN,
        GiveUp(reason="retry_exhausted", detail=BROKEN.detail),
    ),
    "busy for long is no failure": ((a_wake(attempts=50, failures=0),), an_agent(), BROKEN, breaks(600)),
    "a day old": ((a_wake(age=timedelta(hours=24)),), an_agent(), OPEN, too_late),
    "a day old beside new": ((a_wake(age=timedelta(hours=24)), a_wake()), an_agent(), OPEN, Deliver()),
    "a hint stands unanswered": ((delivered_10_s_ago, a_wake()), an_agent(), OPEN, holds_back(unanswered, 50)),
    "a hint was answered at once": ((seen_before_it_was_noted, a_wake()), an_agent(), OPEN, Deliver()),
    "new mail beside a hint that may be taken yet": (
        (unconfirmed, a_wake()),
        an_agent(),
        OPEN,
        replace(holds_back("unconfirmed: an earlier hint may be taken yet", 25), until_idle=True),
    ),
    "its time is over": ((replace(unconfirmed, due_at=NOW), a_wake()), an_agent(), OPEN, Deliver()),
    "it was answered": ((delivered_10_s_ago, a_wake()), an_agent(after(-5)), OPEN, Deliver()),
    "it is long ago": ((delivered_10_min_ago, a_wake()), an_agent(), OPEN, Deliver()),
    "still unread after a while": ((delivered_10_min_ago,), an_agent(), OPEN, Deliver()),
}


@pytest.mark.parametrize("case", TABLE)
def test_the_policy_decides_by_what_is_seen(case: str) -> None:
    wakes, agent, observation, verdict = TABLE[case]

    assert decide(wakes, agent, observation, NOW) == verdict


def test_a_delivery_without_proof_is_tried_again() -> None:
    verdict = after_delivery((a_wake(),), came_to(WakeStage.TYPED, "Enter was not taken"), NOW)

    assert verdict == waits("Enter was not taken", 30)


def test_a_delivery_that_may_take_effect_yet_is_no_failure_and_not_repeated_before_its_time() -> None:
    verdict = after_delivery((a_wake(),), came_to(WakeStage.ATTEMPTED, "no answer", uncertain=True), NOW)

    assert verdict == Defer(reason="guard_failed", detail="no answer", until=NOW + HINT_PATIENCE, until_idle=True)


def test_a_delivery_with_proof_leaves_nothing_to_decide() -> None:
    assert after_delivery((a_wake(),), came_to(WakeStage.SUBMITTED, ""), NOW) is None


def came_to(step: WakeStage, detail: str, *, uncertain: bool = False) -> DeliveryResult:
    """The result of a delivery."""
    return DeliveryResult(step=step, detail=detail, seen_before="", seen_after="", uncertain=uncertain)


@pytest.mark.parametrize(
    ("senders", "count", "expected"),
    [
        (["qa"], 1, "[xats] 1 new message from qa: call get_inbox"),
        (["backend", "qa", "qa"], 3, "[xats] 3 new messages from backend, qa: call get_inbox"),
        (["a", "b", "c", "d", "e"], 5, "[xats] 5 new messages from a, b, c and 2 more: call get_inbox"),
    ],
)
def test_one_hint_names_the_senders(senders: list[str], count: int, expected: str) -> None:
    assert hint(senders, count) == expected


def test_a_hint_names_the_tool_as_the_model_has_to_search_for_it() -> None:
    assert hint(["qa"], 1, "mcp__xats__get_inbox") == "[xats] 1 new message from qa: call mcp__xats__get_inbox"
    assert len(hint(["a" * 64, "b" * 64, "c" * 64], 99, "mcp__xats__get_inbox")) == MAX_HINT_CHARS


@given(st.lists(st.text(min_size=1, max_size=300), min_size=1), st.integers(min_value=1, max_value=10**6))
def test_a_hint_is_one_harmless_line_whatever_the_names(senders: list[str], count: int) -> None:
    line = hint(senders, count)

    assert len(line) <= MAX_HINT_CHARS
    assert line.isprintable()
    assert line.endswith(": call get_inbox")


@given(
    attempts=st.integers(min_value=0, max_value=500),
    failures=st.integers(min_value=0, max_value=3),
    observation=st.sampled_from([OPEN, CLOSED, BROKEN]),
    submitted=st.none() | st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=20)),
)
def test_mail_that_can_still_be_read_is_never_forgotten(
    attempts: int, failures: int, observation: Observation, submitted: timedelta | None
) -> None:
    status = WakeStatus.RETRYING if submitted is None else WakeStatus.DELIVERED
    wake = a_wake(attempts=attempts, failures=min(attempts, failures), status=status, submitted=submitted)

    verdict = decide((wake,), an_agent(), observation, NOW)

    if isinstance(verdict, GiveUp):
        assert wake.failures >= 3
    elif isinstance(verdict, Defer):
        assert NOW < verdict.until <= NOW + max(HINT_PATIENCE, timedelta(seconds=600))
    else:
        assert verdict == Deliver()


RESTRAINTS: dict[str, tuple[WakeContext, str, datetime]] = {
    "not to be disturbed": (
        WakeContext(resting=True, resting_until=after(7200)),
        f"do not disturb until {after(7200).astimezone():%H:%M}",
        after(7200),
    ),
    "not to be disturbed at all": (
        WakeContext(resting=True),
        "do not disturb until it is turned off",
        after(600),
    ),
    "the hour's hints are spent": (
        WakeContext(hints=60, oldest_hint_at=after(-600), hint_budget=60),
        "60 of 60 hints in an hour led to no new mail",
        after(3000),
    ),
    "nothing but acknowledgements": (
        WakeContext(ack_loop_until=after(90)),
        "only acknowledgements go back and forth",
        after(90),
    ),
}


@pytest.mark.parametrize("case", RESTRAINTS)
def test_what_is_not_on_the_screen_can_hold_a_wake_back_too(case: str) -> None:
    wake_context, detail, until = RESTRAINTS[case]

    verdict = decide((a_wake(),), an_agent(), OPEN, NOW, wake_context)

    assert verdict == Defer(reason="guard_failed", detail=detail, until=until)


def test_mail_is_looked_at_again_sooner_where_there_is_another_way() -> None:
    assert look_again_at(["channel", "pane"], "channel", NOW) == after(60)
    assert look_again_at(["channel", "pane"], "pane", NOW) == after(600)
