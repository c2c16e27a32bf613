"""Which way was used last, which is next, and which would be better."""

from datetime import UTC, datetime, timedelta

from xats_tui.core.model.ways import Way, WayState, better_than, last_used, next_used

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def way(name: str, state: WayState, used: int | None = None) -> Way:
    """A way that was used so many minutes ago."""
    at = None if used is None else NOW - timedelta(minutes=used)
    return Way(name=name, types=name == "pane", state=state, detail="why", last_used_at=at)


INBOX, HOOK, PANE = (
    way("inbox", WayState.MISSING, 9),
    way("hook", WayState.TURN_END, 3),
    way("pane", WayState.WAITS, 5),
)


def test_the_way_of_the_newest_hint_was_used_last() -> None:
    assert last_used((INBOX, HOOK, PANE)) is HOOK
    assert last_used((way("pane", WayState.OPEN),)) is None


def test_the_next_wake_takes_the_first_way_that_leads_to_the_agent_and_a_hook_begins_no_turn() -> None:
    assert next_used((INBOX, HOOK, PANE)) is PANE
    assert next_used((INBOX, HOOK)) is None
    assert next_used((way("server", WayState.BROKEN), way("pane", WayState.UNUSABLE))) is None


def test_better_ways_are_those_before_it() -> None:
    assert better_than(PANE, (INBOX, HOOK, PANE)) == (INBOX, HOOK)
    assert better_than(None, (INBOX, HOOK)) == (INBOX, HOOK)
