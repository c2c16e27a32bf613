"""Sessions that speak for an agent, and sessions that get its notifications."""

from datetime import timedelta

import pytest

from tests.fakes import FakeClock, Notified, Published
from xats_tui.backend.mcp_sessions import McpSession, McpSessions, Superseded
from xats_tui.core.events import SessionChanged


@pytest.fixture
def published() -> Published:
    return Published()


@pytest.fixture
def sessions(published: Published) -> McpSessions:
    return McpSessions(FakeClock(), published)


def opened(sessions: McpSessions, session_id: str, agent_id: str | None = None, *evidence: str) -> McpSession:
    """An open session that speaks for an agent; all of them for the same runtime, unless `evidence` says otherwise."""
    session = sessions.open(session_id, "test 1", Notified())
    if agent_id is not None:
        sessions.identify(session, agent_id, frozenset(evidence or ("host:one",)))
    return session


def test_the_newest_session_of_an_agent_speaks_for_it(sessions: McpSessions) -> None:
    opened(sessions, "old", "A")
    newest = opened(sessions, "new", "A")

    assert sessions.of_agent("A") is newest
    assert sessions.speaking() == (newest,)


def test_w14_an_old_session_that_closes_does_not_silence_the_new_one(sessions: McpSessions) -> None:
    old = opened(sessions, "old", "A")
    newest = opened(sessions, "new", "A")
    sessions.close(old)

    assert sessions.of_agent("A") is newest
    assert len(sessions) == 1


def test_w14_an_older_session_speaks_again_when_the_newest_closes(sessions: McpSessions) -> None:
    oldest, older = opened(sessions, "oldest", "A"), opened(sessions, "older", "A")
    newest = opened(sessions, "newest", "A")
    sessions.close(oldest)
    sessions.close(newest)

    assert sessions.of_agent("A") is older
    assert sessions.speaking() == (older,)


def test_registering_again_makes_a_session_the_newest(sessions: McpSessions) -> None:
    first, _ = opened(sessions, "first", "A"), opened(sessions, "second", "A")
    sessions.identify(first, "A", frozenset({"host:one"}))

    assert sessions.of_agent("A") is first
    assert sessions.speaking() == (first,)


def test_one_that_becomes_another_agent_leaves_the_first_to_the_others(sessions: McpSessions) -> None:
    older, newest = opened(sessions, "older", "A"), opened(sessions, "newest", "A")
    sessions.identify(newest, "B")

    assert sessions.of_agent("A") is older
    assert sessions.of_agent("B") is newest


def test_a_session_that_becomes_another_agent_speaks_for_the_first_no_more(sessions: McpSessions) -> None:
    session = opened(sessions, "one", "A")
    sessions.identify(session, "B")

    assert sessions.of_agent("A") is None
    assert sessions.of_agent("B") is session


def test_nobody_speaks_for_an_agent_that_was_removed(sessions: McpSessions) -> None:
    older, newest, other = (
        opened(sessions, "older", "A"),
        opened(sessions, "newest", "A"),
        opened(sessions, "other", "B"),
    )
    sessions.dismiss("A")

    assert (older.agent_id, newest.agent_id, other.agent_id) == (None, None, "B")
    assert sessions.speaking() == (other,)


# Takeover


@pytest.mark.parametrize(
    ("old", "new"), [((), ()), (("host:one",), ()), ((), ("host:one",)), (("host:one",), ("host:two", "thread:one"))]
)
def test_w13_a_session_of_another_runtime_is_superseded(
    sessions: McpSessions, old: tuple[str, ...], new: tuple[str, ...]
) -> None:
    first, second = (sessions.open(name, "test 1", Notified()) for name in ("first", "second"))
    sessions.identify(first, "A", frozenset(old))
    sessions.identify(second, "A", frozenset(new))

    assert first.agent_id is None
    assert first.superseded == Superseded(agent_id="A", at=FakeClock().now())
    assert sessions.speaking() == (second,)
    sessions.close(second)
    assert sessions.of_agent("A") is None


def test_w13_sessions_that_share_a_proof_are_one_runtime(sessions: McpSessions) -> None:
    first = opened(sessions, "first", "A", "host:one", "ui_pid:7@1")
    second = opened(sessions, "second", "A", "ui_pid:7@1", "thread:two")

    assert (first.agent_id, first.superseded) == ("A", None)
    assert (second.agent_id, second.superseded) == ("A", None)


def test_registering_again_adds_to_what_proves_the_runtime(sessions: McpSessions) -> None:
    first = opened(sessions, "first", "A", "host:one")
    sessions.identify(first, "A")
    opened(sessions, "second", "A", "host:one")

    assert first.agent_id == "A"


def test_what_proved_one_agents_runtime_proves_nothing_of_the_next(sessions: McpSessions) -> None:
    first = opened(sessions, "first", "A", "thread:one")
    sessions.identify(first, "B", frozenset({"thread:two"}))
    opened(sessions, "second", "B", "thread:one")

    assert first.superseded is not None


def test_registering_takes_the_name_back(sessions: McpSessions) -> None:
    first, second = opened(sessions, "first", "A", "host:one"), opened(sessions, "second", "A", "host:two")
    sessions.identify(first, "A", frozenset({"host:one"}))

    assert (first.agent_id, first.superseded) == ("A", None)
    assert second.agent_id is None
    assert sessions.speaking() == (first,)


def test_a_superseded_session_that_unregistered_or_moved_on_is_superseded_no_more(sessions: McpSessions) -> None:
    first, second = opened(sessions, "first", "A", "host:one"), opened(sessions, "second", "A", "host:two")
    sessions.identify(first, "B")
    sessions.identify(second, None)

    assert (first.superseded, second.superseded) == (None, None)
    assert sessions.speaking() == (first,)


# Life


def test_an_agent_is_connected_while_one_of_its_sessions_has_a_stream(sessions: McpSessions) -> None:
    older, newest = opened(sessions, "older", "A"), opened(sessions, "newest", "A")
    assert not sessions.is_connected("A")

    with sessions.streaming("older"):
        assert sessions.is_connected("A")
        assert (sessions.has_stream(older), sessions.has_stream(newest)) == (True, False)
    assert not sessions.is_connected("A")


def test_closing_twice_is_told_once(sessions: McpSessions, published: Published) -> None:
    session = opened(sessions, "one")
    sessions.close(session)
    sessions.close(session)

    assert published.events == [SessionChanged(session_id="one")] * 2


def test_a_session_that_ends_while_it_registers_speaks_for_nobody(sessions: McpSessions) -> None:
    session = opened(sessions, "closed")
    sessions.close(session)
    sessions.identify(session, "A")

    assert sessions.of_agent("A") is None
    assert sessions.speaking() == ()


def test_a_closed_session_is_forgotten(sessions: McpSessions) -> None:
    session = opened(sessions, "one", "A")
    sessions.close(session)

    assert sessions.get("one") is None
    assert sessions.of_agent("A") is None
    assert sessions.speaking() == ()


def test_opening_identifying_and_closing_are_told(sessions: McpSessions, published: Published) -> None:
    sessions.close(opened(sessions, "one", "A"))

    assert published.events == [SessionChanged(session_id="one")] * 3


# Going without a word


def test_a_session_that_listened_is_connected_until_its_stream_ends_whenever_it_called(
    sessions: McpSessions,
) -> None:
    session = opened(sessions, "one", "A")
    session.last_call_at = FakeClock().now()
    assert sessions.is_connected("A")

    with sessions.streaming("one"):
        assert sessions.is_connected("A")
    assert not sessions.is_connected("A")
    assert sessions.has_left("A")


def test_a_session_that_comes_back_or_calls_again_is_there(sessions: McpSessions) -> None:
    session = opened(sessions, "one", "A")
    sessions.leave(session)
    assert sessions.has_left("A")
    with sessions.streaming("one"):
        assert not sessions.has_left("A")

    session.last_call_at = FakeClock().now() + timedelta(seconds=1)
    assert not sessions.has_left("A")


def test_an_agent_has_left_when_all_of_its_sessions_have(sessions: McpSessions) -> None:
    first, second = opened(sessions, "first", "A"), opened(sessions, "second", "A")
    sessions.leave(first)
    assert not sessions.has_left("A")
    sessions.leave(second)
    sessions.close(first)
    sessions.close(second)
    assert sessions.has_left("A")

    opened(sessions, "third", "A")
    assert not sessions.has_left("A")


def test_whoever_nobody_can_come_back_as_after_a_restart_has_left(sessions: McpSessions) -> None:
    opened(sessions, "one", "A")
    sessions.forget({"A", "B"})

    assert (sessions.has_left("A"), sessions.has_left("B"), sessions.has_left("C")) == (False, True, False)
