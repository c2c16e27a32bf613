"""Ack loops: what repeats itself is held, what says anything new never is, and a loop that has ended holds nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from xats_tui.backend.services.wakes.ack_loop import LOOP_PERIOD, loop_ends_at
from xats_tui.backend.store.exchanges import Utterance
from xats_tui.core.model.agents import OPERATOR_ID

START = datetime(2026, 11, 22, 14, tzinfo=UTC)

THANKS = ("Thanks!", "You're welcome.", "Thanks again!", "Always welcome.")


def said(text: str, sender: str, at: int, *, need_reply: bool = False, read: bool = True, to: str = "") -> Utterance:
    return Utterance(
        at=START + timedelta(seconds=at),
        sender=sender,
        recipient=to or ("bob" if sender == "alice" else "alice"),
        text=text,
        need_reply=need_reply,
        read=read,
    )


def exchange(rounds: int, lead: str, worker: str) -> list[Utterance]:
    """Return a dialogue of two agents; `{}` in a text is replaced by the number of the round."""
    talk = []
    for number in range(rounds):
        talk.append(said(lead.format(number), "alice", number * 10))
        talk.append(said(worker.format(number), "bob", number * 10 + 5))
    return talk


def acknowledging(rounds: int = 10) -> list[Utterance]:
    """Return a dialogue of two agents that only thank each other."""
    turns = range(rounds * 2)
    return [said(THANKS[turn % len(THANKS)], "bob" if turn % 2 else "alice", turn * 5) for turn in turns]


def test_agents_that_thank_each_other_again_and_again_are_in_a_loop() -> None:
    assert loop_ends_at("bob", acknowledging()) is not None


@pytest.mark.parametrize(
    ("lead", "worker"),
    [
        ("run job {}", "job {} is done"),
        ("next: {}", "ok"),
        ("go on", "file-{}.py is written"),
        ("go on", "what comes after {}?"),
        ("shall I go on?", "yes"),
    ],
)
def test_a_lead_with_short_jobs_and_a_worker_that_reports_are_in_none(lead: str, worker: str) -> None:
    assert loop_ends_at("bob", exchange(20, lead, worker)) is None


def test_few_acknowledgements_are_no_loop() -> None:
    assert loop_ends_at("bob", acknowledging(5)) is None


def test_thanks_in_other_words_are_no_news() -> None:
    politer = said("No, thank YOU so much, great!", "alice", 300, read=False)

    assert loop_ends_at("bob", [*acknowledging(), politer]) is not None


def test_a_short_answer_to_a_question_is_news() -> None:
    asked = said("Shall I deploy?", "bob", 290)
    answer = said("Yes!", "alice", 300, read=False)

    assert loop_ends_at("bob", [*acknowledging(), asked, answer]) is None


def test_more_than_two_on_the_other_side_are_a_meeting() -> None:
    others = [said("ok", f"carol-{number}", 200 + number, to="bob") for number in range(2)]

    assert loop_ends_at("bob", [*acknowledging(), *others]) is None


@pytest.mark.parametrize(
    "news",
    [
        said("Thanks! The build is red.", "alice", 300, read=False),
        said("Thanks?", "alice", 300, read=False),
        said("谢谢？", "alice", 300, read=False),
        said("Thanks!", "alice", 300, need_reply=True, read=False),
        said("thanks " * 40, "alice", 300, read=False),
        said("Thanks!", OPERATOR_ID, 300, read=False, to="bob"),
    ],
)
def test_the_first_message_with_something_new_is_let_through(news: Utterance) -> None:
    repeated = said("Thanks!", "alice", 290, read=False)

    assert loop_ends_at("bob", [*acknowledging(), repeated]) is not None
    assert loop_ends_at("bob", [*acknowledging(), repeated, news]) is None


def test_a_loop_is_over_when_its_repetitions_are_old() -> None:
    talk = acknowledging()
    ends_at = loop_ends_at("bob", talk)

    assert ends_at is not None
    assert ends_at < talk[-1].at + LOOP_PERIOD
    assert loop_ends_at("bob", [one for one in talk if one.at > ends_at - LOOP_PERIOD]) is None
