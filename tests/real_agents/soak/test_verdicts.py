"""The judge of a soak sees each way in which a promise is broken, and is content where all are kept."""

import pytest

from tests.real_agents.soak.records import Draft, Message, Obstacle, Records, Turn
from tests.real_agents.soak.verdicts import all_waits, judge
from xats_tui.core.records import replace

HINT = "[xats] 1 new message from bob: call get_inbox"

PROMPTED = frozenset({"eva"})

MESSAGE = Message(message_id="m1", recipient="ann", sent_at=100.0)
TURN = Turn(agent="ann", began_at=101.0, ended_at=103.0, texts=(HINT,), handed=(("m1", 101.5),))
SENT = Draft(agent="ann", text="half a thought", sent=True)
OWN_TURN = Turn(agent="ann", began_at=120.0, ended_at=121.0, texts=("half a  thought",), handed=())

GOOD = Records(messages=(MESSAGE,), turns=(TURN, OWN_TURN), obstacles=(), drafts=(SENT,), complaints=(), braked=())


def test_kept_promises_have_no_faults() -> None:
    assert [verdict.line for verdict in judge(GOOD, PROMPTED) if verdict.faults] == []


AGAIN = replace(TURN, began_at=130.0, ended_at=131.0, handed=(("m1", 130.5),))
LATE = replace(TURN, began_at=140.0, ended_at=141.0, handed=(("m1", 140.5),))
DRAFT = Obstacle(agent="ann", kind="draft", began_at=90.0, ended_at=130.0)


@pytest.mark.parametrize(
    ("records", "promise"),
    [
        (replace(GOOD, turns=(OWN_TURN,)), "every message came before its model"),
        (replace(GOOD, turns=(TURN, OWN_TURN, AGAIN)), "no message came twice, but across a restart"),
        (replace(GOOD, turns=(TURN, OWN_TURN, replace(AGAIN, handed=()))), "no turn was begun for nothing"),
        (
            replace(GOOD, turns=(replace(TURN, texts=(f"x{HINT}",)), OWN_TURN)),
            "no hint was mixed with another text",
        ),
        (replace(GOOD, turns=(TURN,)), "every draft stayed as it was typed"),
        (replace(GOOD, drafts=(replace(SENT, sent=False),)), "every draft stayed as it was typed"),
        (replace(GOOD, complaints=("x",)), "nothing was answered, sent or taken away but by the person"),
        (replace(GOOD, braked=("x",)), "no message was held by a brake"),
        (replace(GOOD, turns=(LATE,), drafts=()), "late only while an obstacle stood"),
        (replace(GOOD, turns=(LATE, OWN_TURN), obstacles=(DRAFT,)), "read 4 s after an obstacle (median)"),
    ],
)
def test_each_broken_promise_is_seen(records: Records, promise: str) -> None:
    assert [verdict.promise for verdict in judge(records, PROMPTED) if verdict.faults] == [promise]


def test_a_message_that_came_again_after_a_restart_did_not_come_twice() -> None:
    restart = Obstacle(agent="ann", kind="restart", began_at=110.0, ended_at=115.0)

    verdicts = judge(replace(GOOD, turns=(TURN, OWN_TURN, AGAIN), obstacles=(restart,)), PROMPTED)

    assert not any(verdict.faults for verdict in verdicts)


@pytest.mark.parametrize(("agent", "freed"), [("ann", 10.0), ("eva", None)])
def test_a_draft_is_in_the_way_of_what_is_typed_alone(agent: str, freed: float | None) -> None:
    records = replace(
        GOOD,
        messages=(replace(MESSAGE, recipient=agent),),
        turns=(replace(LATE, agent=agent),),
        obstacles=(replace(DRAFT, agent=agent),),
    )

    (wait,) = all_waits(records, PROMPTED)

    assert (wait.seconds, wait.after_obstacle) == (40.0, freed)


@pytest.mark.parametrize(
    ("text", "is_alone"),
    [
        (
            f"Another Claude session sent a message:\n{HINT}\n\nThis came from another Claude session.\nBe careful.",
            True,
        ),
        (f"Another Claude session sent a message while you were working:\n{HINT}", True),
        (f"half a thought{HINT}", False),
        (f"Another Claude session sent a message:\nhalf a thought{HINT}", False),
    ],
)
def test_words_that_a_client_puts_around_a_hint_are_no_other_text(text: str, is_alone: bool) -> None:
    verdicts = judge(replace(GOOD, turns=(replace(TURN, texts=(text,)), OWN_TURN)), PROMPTED)
    mixed = next(verdict for verdict in verdicts if verdict.promise == "no hint was mixed with another text")
    assert (not mixed.faults) is is_alone
