"""No sequence of events breaks mail, tasks, contracts or wakes: long stories against a simple model.

What must hold is said in the modules of the nouns: `mail`, `board`, `book`, and `waking`, which has them all; `unruly`
has wakes into panes that misbehave.
`XATS_STORIES=60` tells more of them than the ordinary run does.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.properties.mail import Mail
from tests.properties.unruly import UnrulyPanes
from tests.properties.waking import Waking

STORIES = int(os.environ.get("XATS_STORIES", "6"))

EVERY = settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
QUICK = settings(EVERY, max_examples=STORIES, stateful_step_count=30, derandomize=True, phases=[Phase.generate])
"""Settings of the quick run, which reports failures in full; the thorough run reports them briefly."""
THOROUGH = settings(EVERY, max_examples=300, stateful_step_count=50)

UNRULY_QUICK = settings(QUICK, stateful_step_count=12)
UNRULY = settings(EVERY, max_examples=1000, stateful_step_count=12)

THOROUGH_TIMEOUT = 3600
"""Seconds: a story takes one, and what is found takes many to be told in short."""


def test_whatever_happens_nothing_accepted_is_lost_and_no_unread_mail_is_forgotten() -> None:
    run_state_machine_as_test(Waking, settings=QUICK)


@pytest.mark.slow
def test_whatever_is_written_is_read_once_and_whole_in_pages_that_a_host_hands_on() -> None:
    run_state_machine_as_test(Mail, settings=QUICK)


@pytest.mark.parametrize("answers_left", [True, False])
def test_an_answer_comes_again_after_a_restart_only_if_it_may_not_have_left(answers_left: bool) -> None:
    story = Mail()
    try:
        story.writes(sender="ann", to="bob", size=1, need_reply=True, auto_poke=True)
        story.reads(name="bob", limit=1)
        story.starts_anew(answers_left=answers_left)
        story.reads(name="bob", limit=1)
        story.every_message_is_where_it_was_sent()
        assert bool(story.handed_over["bob"]) is not answers_left
    finally:
        story.teardown()


def test_whatever_a_pane_does_no_key_does_harm_and_nothing_is_called_submitted_that_was_not() -> None:
    run_state_machine_as_test(UnrulyPanes, settings=UNRULY_QUICK)


def test_an_agent_whose_pane_is_gone_is_announced_its_mail_through_its_channel_again() -> None:
    story = Waking()
    try:
        story.broadcasts(auto_poke=True, sender="ann")
        story.a_pane_closes(name="bob")
        story.takes_a_channel(name="bob")
        for _ in range(6):
            story.all_is_quiet()
            story.no_unread_mail_is_forgotten()
    finally:
        story.teardown()


def test_mail_is_announced_when_tmux_is_back_and_shows_what_it_showed_before() -> None:
    story = Waking()
    try:
        story.writes(auto_poke=True, need_reply=True, sender="ann", size=1, to="bob")
        story.tmux_stops_or_starts(runs=False)
        story.all_is_quiet()
        story.no_unread_mail_is_forgotten()
    finally:
        story.teardown()


@pytest.mark.slow
@pytest.mark.timeout(THOROUGH_TIMEOUT)
def test_whatever_happens_for_long_nothing_accepted_is_lost_and_no_unread_mail_is_forgotten() -> None:
    run_state_machine_as_test(Waking, settings=THOROUGH)


@pytest.mark.slow
@pytest.mark.timeout(THOROUGH_TIMEOUT)
def test_whatever_a_pane_does_for_long_no_key_does_harm_and_nothing_is_called_submitted_that_was_not() -> None:
    run_state_machine_as_test(UnrulyPanes, settings=UNRULY)
