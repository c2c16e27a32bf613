"""A team at work, frozen at one instant, and a coordinator that nobody has connected to."""

from typing import Any

from tests.screens.sample.activity import ACTS, COMMANDS, EVENTS, SESSIONS
from tests.screens.sample.agents import BACKEND, DOCS, FRONTEND, PLANNER, QA, REVIEWER, TRANSLATOR
from tests.screens.sample.clock import NOW, ago
from tests.screens.sample.contracts import CONTRACTS
from tests.screens.sample.messages import INBOX, STREAM
from tests.screens.sample.panes import VIEWS
from tests.screens.sample.tasks import TASKS
from tests.screens.sample.wakes import WAKES
from xats_tui.core.model.agents import (
    Agent,
    RosterEntry,
)
from xats_tui.core.model.health import Health, Rates
from xats_tui.core.model.wakes import Wake
from xats_tui.core.records import replace
from xats_tui.screens.data.snapshot import Snapshot


def entry(
    who: Agent, unread: int = 0, oldest: float = 0, wake: Wake | None = None, *, online: bool = True, **told: Any
) -> RosterEntry:
    """A roster entry with `unread` messages, the oldest `oldest` minutes old."""
    return RosterEntry(
        agent=who,
        online=online,
        connected=online,
        unread=unread,
        oldest_unread_at=ago(minutes=oldest) if unread else None,
        wakes_waiting=int(wake is not None and not wake.is_over),
        latest_wake=wake,
        pane=None,
        **told,
    )


FILLED = Snapshot(
    health=Health(
        version="1.0",
        host="127.0.0.1",
        port=9100,
        started_at=ago(hours=2, minutes=14),
        now=NOW,
        sessions=6,
        agents_connected=6,
        wakes_waiting=2,
        wakes_failed=1,
        dialogs_open=1,
        loop_lag=0.004,
        database_bytes=1_430_000,
        tmux_seconds=0.007,
        tick_seconds=0.019,
    ),
    roster=(
        entry(BACKEND, 2, 5, WAKES[1]),
        entry(FRONTEND, wake=WAKES[0]),
        entry(QA, 1, 4, WAKES[2]),
        entry(PLANNER, wake=WAKES[4]),
        entry(REVIEWER),
        entry(DOCS, 1, 11, WAKES[3]),
        entry(TRANSLATOR, 1, 41, WAKES[5], online=False),
    ),
    views=VIEWS,
    stream=STREAM,
    inbox=INBOX,
    unanswered=(INBOX[0], *(sent for sent in STREAM if sent.need_reply)),
    wakes=WAKES,
    activity=ACTS,
    events=EVENTS,
    commands=COMMANDS,
    sessions=SESSIONS,
    tasks=TASKS,
    contracts=CONTRACTS,
    rates=Rates(
        messages=tuple((minute * 7) % 13 for minute in range(60)),
        submitted=tuple((minute * 5) % 9 for minute in range(60)),
        failed=(*[0] * 57, 1, 0, 0),
        until_read=(2.4, 31.0),
        calls_per_second=3.25,
    ),
)


EMPTY = (
    Snapshot(
        health=replace(
            FILLED.health,
            sessions=0,
            agents_connected=0,
            wakes_waiting=0,
            wakes_failed=0,
            dialogs_open=0,
            started_at=ago(seconds=3),
        )
    )
    if FILLED.health
    else Snapshot()
)
