"""A team at work, frozen at one instant: what snapshots and screenshots are made of.

`FixedSource` serves it; it can be told to fail, which is how a screen goes stale.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from xats_tui.backend.errors import StoreError
from xats_tui.backend.events import Scope
from xats_tui.backend.model import (
    BROADCAST_MARK,
    Agent,
    Binding,
    Client,
    ContractSummary,
    Delivery,
    Health,
    Message,
    PaneLook,
    PaneReading,
    PaneRef,
    PaneState,
    PaneView,
    RosterEntry,
    Subscriber,
    Task,
    TaskEntry,
    TaskStatus,
    VerificationMode,
    Wake,
    WakeAttempt,
    WakeStatus,
    WakeStep,
)
from xats_tui.screens.source import Part, Picture

NOW = datetime(2026, 11, 22, 14, 3, 22, tzinfo=UTC)

DIALOG_SCREEN = """\
\x1b[1m●\x1b[0m \x1b[1mBash\x1b[0m(rm -rf build)
  ⎿  Waiting…
\x1b[90m────────────────────────────────────────────────────────\x1b[39m
 \x1b[38;5;141mBash command\x1b[39m

   rm -rf build
   \x1b[2mRemove the build folder\x1b[0m

 Do you want to proceed?
 \x1b[38;5;153m❯ 1. Yes\x1b[39m
   2. Yes, and don't ask again for rm commands
   3. No, and tell Claude what to do differently (esc)
"""

BUSY_SCREEN = """\
\x1b[32m✔\x1b[39m docs/index.md
\x1b[32m✔\x1b[39m docs/deploy.md
\x1b[36m⠹\x1b[39m Working (\x1b[1m11m04s\x1b[0m • esc to interrupt)
"""


def ago(**span: float) -> datetime:
    """An instant that long before the frozen one."""
    return NOW - timedelta(**span)


class FrozenClock:
    """Stands still until it is told otherwise."""

    def __init__(self, now: datetime = NOW) -> None:
        self.instant = now

    def now(self) -> datetime:
        """The frozen instant."""
        return self.instant

    def monotonic(self) -> float:
        """The same in seconds."""
        return self.instant.timestamp()

    async def sleep(self, seconds: float) -> None:
        """Pass at once."""
        self.instant += timedelta(seconds=seconds)


def agent(
    name: str, team: str, client: Client, pane: str | None = None, seen: float = 20, role: str = "developer"
) -> Agent:
    """An agent, bound to a pane if one is named, that called `seen` seconds ago."""
    bound = pane and Binding(
        pane=PaneRef("", pane),
        tty="pts/7",
        ui_pid=4412,
        ui_started_at=1.0,
        mode=VerificationMode.PID_TTY_PANE,
        bound_at=NOW,
    )
    return Agent(
        agent_id=f"{name}-{team}-0001",
        team=team,
        name=name,
        role=role,
        client=client,
        client_name=None,
        model=None,
        delivery=Delivery(),
        binding=bound or None,
        registered_at=ago(hours=2),
        last_seen_at=ago(seconds=seen),
    )


def view(pane: str, state: PaneState, reason: str, screen: str, **since: float) -> PaneView:
    """A look at a pane that has been in this state for so long."""
    look = PaneLook(pane=PaneRef("", pane), at=ago(seconds=0.4), formats={}, screen=screen)
    return PaneView(
        look=look,
        reading=PaneReading(state=state, reason=reason),
        unchanged_since=ago(**since),
        state_since=ago(**since),
    )


def entry(
    who: Agent, unread: int = 0, oldest: float = 0, wake: Wake | None = None, *, online: bool = True
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
    )


def wake(
    who: Agent, number: int, status: WakeStatus, detail: str | None, tries: int, minutes: float, *rungs: WakeStep
) -> Wake:
    """A wake that was queued so many minutes ago and has come to these rungs."""
    queued = ago(minutes=minutes)
    reached = {step: queued + timedelta(seconds=2 * index) for index, step in enumerate((WakeStep.QUEUED, *rungs))}
    waiting = status is WakeStatus.RETRYING
    return Wake(
        message_id=f"8f3c{number:04d}-77aa-4d2e",
        agent_id=who.agent_id,
        status=status,
        skip_reason=None,
        detail=detail,
        attempts=tries,
        failures=tries if status is WakeStatus.FAILED else 0,
        transport="tmux-pane",
        reached=reached,
        due_at=NOW + timedelta(minutes=6, seconds=40) if waiting else None,
        expires_at=NOW + timedelta(hours=20) if waiting else None,
        updated_at=queued + timedelta(seconds=4),
        sender_id=None,
        subject="deploy docs?",
    )


def message(
    number: int, who: Agent, to: Agent, subject: str | None, body: str, minutes: float, *, read: bool, **more: Any
) -> Message:
    """A message sent so many minutes ago."""
    fields: dict[str, Any] = {
        "to_role": None,
        "need_reply": False,
        "id": f"61aaa24c-{number:04d}",
        "event_id": number,
        **more,
    }
    return Message(
        from_team=who.team,
        to_team=to.team,
        from_agent_id=who.agent_id,
        to_agent_id=to.agent_id,
        subject=subject,
        body=body,
        sent_at=ago(minutes=minutes),
        read_at=ago(minutes=minutes / 2) if read else None,
        from_name=who.name,
        from_role=who.role,
        to_name=to.name,
        **fields,
    )


def task(
    number: int, title: str, status: TaskStatus, minutes: float, owner: Agent | None = None, **more: Any
) -> TaskEntry:
    """A task that came to its state so many minutes ago."""
    moved = ago(minutes=minutes)
    return TaskEntry(
        task=Task(
            id=f"t-{number}",
            team="shop",
            title=title,
            description=None,
            status=status,
            depends_on=(),
            claimed_by=owner.agent_id if owner else None,
            claimed_at=moved if owner else None,
            completed_at=moved if status is TaskStatus.COMPLETED else None,
            result=None,
            created_at=moved - timedelta(minutes=30),
        ),
        owner_name=owner.name if owner else None,
        owner_online=True if owner else None,
        waits_for=more.get("waits_for", ()),
        blocks=more.get("blocks", 0),
    )


BACKEND = agent("backend", "shop", Client.CLAUDE_CODE, "%3", role="backend")
FRONTEND = agent("frontend", "shop", Client.CODEX, "%4", role="frontend")
QA = agent("qa", "shop", Client.CUSTOM, "%5", seen=250, role="tester")
PLANNER = agent("planner", "shop", Client.CLAUDE_CODE, "%6", role="lead")
REVIEWER = agent("reviewer", "shop", Client.OPENCODE, "%8", role="reviewer")
DOCS = agent("docs", "docs", Client.OPENCODE, "%7", role="writer")
TRANSLATOR = agent("翻訳-translator", "docs", Client.CODEX, None, seen=2460, role="writer")

WAKES = (
    wake(FRONTEND, 7, WakeStatus.DELIVERED, None, 1, 0.4, WakeStep.ATTEMPTED, WakeStep.TYPED, WakeStep.SUBMITTED),
    wake(BACKEND, 6, WakeStatus.RETRYING, "a permission dialog is open", 2, 5, WakeStep.ATTEMPTED),
    wake(QA, 5, WakeStatus.FAILED, "the pane is a shell (zsh)", 4, 4, WakeStep.ATTEMPTED),
    wake(DOCS, 4, WakeStatus.RETRYING, "busy", 2, 11, WakeStep.ATTEMPTED),
    wake(PLANNER, 3, WakeStatus.DELIVERED, None, 1, 22, *list(WakeStep)[1:]),
    wake(TRANSLATOR, 2, WakeStatus.SKIPPED, "no pane is known", 0, 41),
)

ATTEMPTS = (
    WakeAttempt(
        number=1,
        at=ago(minutes=11),
        transport="tmux-pane %7",
        outcome="deferred: busy",
        seen_before="⠹ Working (4s • esc to interrupt)",
        seen_after="",
    ),
    WakeAttempt(
        number=2,
        at=ago(minutes=10.5),
        transport="tmux-pane %7",
        outcome="deferred: busy",
        seen_before="⠸ Working (34s • esc to interrupt)",
        seen_after="",
    ),
)

STREAM = (
    message(
        9,
        FRONTEND,
        BACKEND,
        "API changed?",
        "The endpoint answers with a number since this morning.\nOn purpose?",
        0.1,
        read=False,
        need_reply=True,
    ),
    message(8, BACKEND, FRONTEND, "orders v4", "breaking: id is an integer now, total is required", 0.4, read=False),
    *(
        message(
            7,
            PLANNER,
            to,
            None,
            "Stand-up: say in one line what you are on, and what you wait for.",
            3,
            read=to is FRONTEND,
            to_role=BROADCAST_MARK,
        )
        for to in (BACKEND, FRONTEND, QA, REVIEWER)
    ),
    message(
        6,
        QA,
        BACKEND,
        "flaky test",
        "test_checkout fails one run in ten: [red]TimeoutError[/] after 5 s",
        5,
        read=False,
    ),
    message(5, PLANNER, DOCS, "deploy docs?", "Can the new guide go out today?", 11, read=False, need_reply=True),
    message(4, REVIEWER, FRONTEND, None, "Two remarks on the cart branch, both small.", 18, read=True),
    message(3, FRONTEND, PLANNER, "done", "T-39 is merged.", 22, read=True),
    message(2, PLANNER, TRANSLATOR, "新しいガイド", "新しいガイドを翻訳してください。", 41, read=False),
    message(1, BACKEND, QA, None, "Staging is up.", 63, read=True),
)

FILLED = Picture(
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
    views={
        PaneRef("", "%3"): view("%3", PaneState.DIALOG, "Bash(rm -rf build)", DIALOG_SCREEN, minutes=3.2),
        PaneRef("", "%4"): view("%4", PaneState.IDLE, "empty composer", "> \n", seconds=40),
        PaneRef("", "%5"): view("%5", PaneState.SHELL, "zsh", "% \n", minutes=4),
        PaneRef("", "%6"): view("%6", PaneState.DRAFT, "text in the composer", "> and then we\n", seconds=20),
        PaneRef("", "%7"): view("%7", PaneState.BUSY, "spinner in the title", BUSY_SCREEN, minutes=11),
        PaneRef("", "%8"): view("%8", PaneState.IDLE, "empty composer", "> \n", minutes=17),
    },
    stream=STREAM,
    wakes=WAKES,
    tasks=(
        task(41, "migrate the orders table", TaskStatus.IN_PROGRESS, 12, BACKEND, blocks=2),
        task(44, "client for orders v4", TaskStatus.PENDING, 6, waits_for=("t-41",)),
        task(45, "rename total_price in every report of the warehouse", TaskStatus.PENDING, 5, waits_for=("t-41",)),
        task(40, "release notes", TaskStatus.IN_PROGRESS, 70, replace(QA, agent_id="gone-0001", name="writer")),
        task(39, "cart totals", TaskStatus.COMPLETED, 22, FRONTEND),
        task(38, "staging database", TaskStatus.COMPLETED, 63, BACKEND),
    ),
    contracts=(
        ContractSummary(
            team="shop",
            name="orders",
            version=4,
            breaking=True,
            registered_by=BACKEND.agent_id,
            registered_by_name="backend",
            registered_at=ago(seconds=20),
            subscribers=(
                Subscriber(agent_id=FRONTEND.agent_id, name="frontend", fetched_version=3, fetched_at=ago(hours=2)),
                Subscriber(agent_id=QA.agent_id, name="qa", fetched_version=4, fetched_at=ago(seconds=10)),
            ),
        ),
        ContractSummary(
            team="shop",
            name="cart",
            version=2,
            breaking=False,
            registered_by=FRONTEND.agent_id,
            registered_by_name="frontend",
            registered_at=ago(hours=5),
            subscribers=(),
        ),
        ContractSummary(
            team="docs",
            name="page",
            version=1,
            breaking=None,
            registered_by=DOCS.agent_id,
            registered_by_name="docs",
            registered_at=ago(days=3),
            subscribers=(),
        ),
    ),
)

EMPTY = (
    Picture(
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
    else Picture()
)


class FixedSource:
    """Serves one picture."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.failing = False
        self.attended: PaneRef | None = None
        self.hear: Callable[[frozenset[Scope]], None] = lambda _: None

    async def load(self, parts: Iterable[Part], panes: Iterable[PaneRef]) -> Mapping[str, Any]:
        """The parts of the picture, or a failure."""
        if self.failing:
            raise StoreError("database is locked")
        return {part.value: getattr(self.picture, part.value) for part in parts}

    async def attempts(self, message_id: str, agent_id: str) -> tuple[WakeAttempt, ...]:
        """The same two attempts for every wake."""
        return ATTEMPTS

    async def attend(self, pane: PaneRef | None) -> None:
        """Remember it."""
        self.attended = pane

    def listen(self, hear: Callable[[frozenset[Scope]], None]) -> Callable[[], None]:
        """Remember who hears."""
        self.hear = hear
        return lambda: None
