"""Time travel: the log gives each moment of a story back as it was."""

from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.properties.remembering import Remembering
from tests.properties.test_core import QUICK, STORIES, THOROUGH, THOROUGH_TIMEOUT


def test_the_log_tells_of_each_moment_what_the_services_told_then() -> None:
    story = Remembering()

    def write(sender: str, to: str) -> None:
        story.writes(sender=sender, to=to, size=1, need_reply=True, auto_poke=True)

    steps: tuple[Callable[[], object], ...] = (
        lambda: story.a_person_types_or_clears(name="bob", typed=True),
        lambda: write("ann", "bob"),
        lambda: story.is_not_to_be_disturbed(name="bob", minutes=90),
        lambda: story.adds(name="ann", wanted=[]),
        lambda: story.claims(name="bob", one=0),
        lambda: story.the_operator_steps_in(one=0, verb="cancel"),
        lambda: write("cid", "bob"),
        lambda: story.reads(name="bob", limit=1),
        lambda: story.is_not_to_be_disturbed(name="bob", minutes=5),
        lambda: story.the_operator_steps_in(one=0, verb="replay"),
        lambda: story.reads(name="bob", limit=4),
        lambda: story.publishes(name="ann", contract="api", accepted=(0, 5)),
        lambda: story.subscribes(name="bob", contract="api"),
        lambda: story.fetches(name="bob", contract="api", version=1),
        lambda: story.completes(name="bob", one=0),
        lambda: write("bob", "ann"),
        lambda: story.leaves(name="bob"),
        lambda: story.time_passes(700),
        lambda: story.registers_again(name="bob"),
        lambda: story.publishes(name="ann", contract="api", accepted=(0, 9)),
        lambda: story.reads(name="bob", limit=4),
    )
    try:
        story.is_written_down()
        for step in steps:
            step()
            story.is_written_down()
        assert len(story.written) > len(steps) // 2
    finally:
        story.teardown()


@pytest.mark.slow
@pytest.mark.timeout(THOROUGH_TIMEOUT)
def test_the_log_tells_of_each_moment_of_any_story_what_the_services_told_then() -> None:
    run_state_machine_as_test(Remembering, settings=settings(QUICK, max_examples=4 * STORIES))


@pytest.mark.slow
@pytest.mark.timeout(THOROUGH_TIMEOUT)
def test_the_log_tells_of_each_moment_of_long_stories_what_the_services_told_then() -> None:
    run_state_machine_as_test(Remembering, settings=settings(THOROUGH, max_examples=100))
