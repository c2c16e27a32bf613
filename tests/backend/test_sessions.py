"""Who speaks for an agent, and who gets its notifications."""

import pytest

from tests.fakes import FakeClock, Notified, Published
from xats_tui.backend.events import SessionChanged
from xats_tui.backend.sessions import Session, Sessions


@pytest.fixture
def published() -> Published:
    return Published()


@pytest.fixture
def sessions(published: Published) -> Sessions:
    return Sessions(FakeClock(), published)


def opened(sessions: Sessions, session_id: str, agent_id: str | None = None) -> Session:
    """An open session that speaks for an agent."""
    session = sessions.open(session_id, "test 1", Notified())
    if agent_id is not None:
        sessions.identify(session, agent_id)
    return session


def test_the_newest_session_of_an_agent_speaks_for_it(sessions: Sessions) -> None:
    opened(sessions, "old", "A")
    newest = opened(sessions, "new", "A")

    assert sessions.of_agent("A") is newest
    assert sessions.speaking() == (newest,)


def test_w14_an_old_session_that_closes_does_not_silence_the_new_one(sessions: Sessions) -> None:
    old = opened(sessions, "old", "A")
    newest = opened(sessions, "new", "A")
    sessions.close(old)

    assert sessions.of_agent("A") is newest
    assert len(sessions) == 1


def test_a_session_that_becomes_another_agent_speaks_for_the_first_no_more(sessions: Sessions) -> None:
    session = opened(sessions, "one", "A")
    sessions.identify(session, "B")

    assert sessions.of_agent("A") is None
    assert sessions.of_agent("B") is session


def test_a_closed_session_is_forgotten(sessions: Sessions) -> None:
    session = opened(sessions, "one", "A")
    sessions.close(session)

    assert sessions.get("one") is None
    assert sessions.of_agent("A") is None
    assert sessions.speaking() == ()


def test_mail_that_was_offered_to_one_agent_is_not_confirmed_by_the_next(sessions: Sessions) -> None:
    session = opened(sessions, "one", "A")
    session.offered.append("message")
    sessions.identify(session, "B")

    assert session.offered == []


def test_opening_identifying_and_closing_are_told(sessions: Sessions, published: Published) -> None:
    sessions.close(opened(sessions, "one", "A"))

    assert published.events == [SessionChanged(session_id="one")] * 3
