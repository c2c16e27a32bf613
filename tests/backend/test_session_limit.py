"""Sessions closed when there are too many: unused ones, and those of a process with more than its share."""

from datetime import timedelta

from tests.fakes import FakeClock, Notified
from xats_tui.backend.mcp_sessions import McpSession
from xats_tui.backend.session_limit import SessionUse, making_room
from xats_tui.core.model.agents import SeenProcess

NOW = FakeClock().now()
HOG, OTHER = SeenProcess(7, 1.0), SeenProcess(8, 1.0)
SHARE = 2


def occupant(
    name: str,
    seconds: float,
    *,
    agent: bool = False,
    listens: bool = False,
    process: SeenProcess | None = None,
    lives: bool = False,
    under_way: int = 0,
) -> SessionUse:
    """A session that was used so many seconds ago."""
    session = McpSession(
        session_id=name,
        client="c",
        opened_at=NOW - timedelta(hours=1),
        notify=Notified(),
        last_call_at=NOW - timedelta(seconds=seconds),
        agent_id=f"A-{name}" if agent else None,
        under_way=under_way,
    )
    return SessionUse(session=session, listens=listens, process=process, lives=lives)


def ended(*occupants: SessionUse, share: int = SHARE) -> list[str]:
    return [session.session_id for session in making_room(occupants, share, NOW)]


def test_what_is_nobodys_and_idle_goes_first_and_the_oldest_of_it_before_the_others() -> None:
    assert ended(
        occupant("dead agent's", 900, agent=True, process=OTHER),
        occupant("newer", 10),
        occupant("older", 20),
        occupant("silent agent's", 600, agent=True),
    ) == ["older", "newer", "dead agent's", "silent agent's"]


def test_what_is_in_use_stays() -> None:
    assert (
        ended(
            occupant("just called", 1),
            occupant("listens", 900, listens=True),
            occupant("is answered", 900, under_way=1),
            occupant("lives", 900, agent=True, process=OTHER, lives=True),
            occupant("an agent's, of late", 30, agent=True),
            share=4,
        )
        == []
    )


def test_no_process_keeps_more_than_its_share_whatever_it_does_with_it() -> None:
    hog = [
        occupant(f"hog {number}", 100 - number, listens=True, agent=number % 2 == 0, process=HOG, lives=True)
        for number in range(5)
    ]
    others = [occupant(f"other {number}", 500, listens=True, process=OTHER, lives=True) for number in range(SHARE)]

    assert ended(*hog, *others) == ["hog 0", "hog 1", "hog 2"]


def test_those_that_hide_their_process_have_one_share_together() -> None:
    hidden = [occupant(f"hidden {number}", 50 - number, agent=True) for number in range(4)]
    others = [occupant(f"other {number}", 500, agent=True, process=OTHER, lives=True) for number in range(SHARE)]

    assert ended(*hidden, *others) == ["hidden 0", "hidden 1"]
