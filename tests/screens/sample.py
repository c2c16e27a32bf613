"""A team at work, frozen at one instant: what snapshots and screenshots are made of.

`FixedSource` serves it; it can be told to fail, which is how a screen goes stale.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from xats_tui.backend.operator_api.declaration import Verb
from xats_tui.backend.services.schemas.compatibility import compare
from xats_tui.clients.dialogs import read_prompt
from xats_tui.core.clock import Clock
from xats_tui.core.errors import StoreError
from xats_tui.core.events import Scope
from xats_tui.core.model.activity import Activity, LoggedEvent
from xats_tui.core.model.agents import (
    CUSTOM,
    OPERATOR_ID,
    OPERATOR_NAME,
    Agent,
    Binding,
    ClientId,
    Delivery,
    RosterEntry,
    VerificationMode,
)
from xats_tui.core.model.contracts import (
    Contract,
    ContractChange,
    ContractSummary,
    ContractVersion,
    SchemaReason,
    Subscriber,
)
from xats_tui.core.model.health import Health, SessionEntry
from xats_tui.core.model.launches import LaunchFormEntry, LaunchRequest, LaunchResult
from xats_tui.core.model.messages import BROADCAST_MARK, Addressees, Message, Thread
from xats_tui.core.model.panes import PaneLook, PaneReading, PaneRef, PaneState, PaneView, Prompt, TmuxCommand
from xats_tui.core.model.tasks import CANCELLED, Task, TaskDraft, TaskEntry, TaskStatus
from xats_tui.core.model.wakes import DeliveryResult, Gate, Wake, WakeAttempt, WakeStage, WakeStatus
from xats_tui.screens.data.desk import ModeContext
from xats_tui.screens.data.snapshot import Slice, Snapshot, SnapshotSource
from xats_tui.screens.data.verbs import P, T, VerbRefused

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
    name: str, team: str, client: ClientId, pane: str | None = None, seen: float = 20, role: str = "developer"
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
    look = PaneLook(
        pane=PaneRef("", pane), at=ago(seconds=0.4), formats={"pane_current_path": "/home/me/shop"}, screen=screen
    )
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
    who: Agent, number: int, status: WakeStatus, detail: str | None, tries: int, minutes: float, *rungs: WakeStage
) -> Wake:
    """A wake that was queued so many minutes ago and has come to these rungs."""
    queued = ago(minutes=minutes)
    reached = {step: queued + timedelta(seconds=2 * index) for index, step in enumerate((WakeStage.QUEUED, *rungs))}
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
            depends_on=more.get("waits_for", ()),
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


BACKEND = agent("backend", "shop", "claude-code", "%3", role="backend")
FRONTEND = agent("frontend", "shop", "codex", "%4", role="frontend")
QA = agent("qa", "shop", CUSTOM, "%5", seen=250, role="tester")
PLANNER = agent("planner", "shop", "claude-code", "%6", role="lead")
REVIEWER = agent("reviewer", "shop", "opencode", "%8", role="reviewer")
DOCS = agent("docs", "docs", "opencode", "%7", role="writer")
TRANSLATOR = agent("翻訳-translator", "docs", "codex", None, seen=2460, role="writer")

WAKES = (
    wake(FRONTEND, 7, WakeStatus.DELIVERED, None, 1, 0.4, WakeStage.ATTEMPTED, WakeStage.TYPED, WakeStage.SUBMITTED),
    wake(BACKEND, 6, WakeStatus.RETRYING, "a permission dialog is open", 2, 5, WakeStage.ATTEMPTED),
    wake(QA, 5, WakeStatus.FAILED, "the pane is a shell (zsh)", 4, 4, WakeStage.ATTEMPTED),
    wake(DOCS, 4, WakeStatus.RETRYING, "busy", 2, 11, WakeStage.ATTEMPTED),
    wake(PLANNER, 3, WakeStatus.DELIVERED, None, 1, 22, *list(WakeStage)[1:]),
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

GATES = tuple(
    Gate(name=name, holds=not detail.startswith("!"), detail=detail.removeprefix("!"))
    for name, detail in (
        ("already read", "no"),
        ("do not disturb", "off"),
        ("earlier hint", "answered, or long ago"),
        ("budget", "3 of 60 hints in the last hour"),
        ("ack loop", "no"),
        ("owner", "process 4412"),
        ("process", "in the foreground"),
        ("mode", "no copy mode"),
        ("shell", "no shell"),
        ("draft", "none"),
        ("dialog", "none"),
        ("state", "!busy: spinner in the title"),
        ("hooks", "nothing reported"),
        ("quiet", "!unchanged for 0.4 s of 0.5 s"),
    )
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

ORDER_SCHEMAS: tuple[dict[str, Any], ...] = tuple(
    {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An order",
        "type": "object",
        "properties": {
            "id": {"type": number},
            "status": {"enum": statuses},
            "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}, "minItems": 1},
            **more,
        },
        "required": ["id", *more],
        "$defs": {"line": {"type": "object", "properties": {"sku": {"type": "string"}, "count": {"type": "integer"}}}},
    }
    for number, statuses, more in (
        ("string", ["new"], {}),
        ("string", ["new", "paid"], {}),
        ("string", ["new", "paid", "sent"], {}),
        ("integer", ["new", "paid"], {"total": {"type": "number"}}),
    )
)
"""The versions of the contract of the sample, the oldest first."""


def versions(who: Agent, *spans: tuple[bool | None, float]) -> tuple[ContractVersion, ...]:
    """The versions of a contract, the newest first, each breaking or not and so many minutes old."""
    return tuple(
        ContractVersion(
            version=len(spans) - index,
            breaking=breaking,
            note="ids are counted now, totals are sent" if breaking else None,
            registered_by=who.agent_id,
            registered_by_name=who.name,
            registered_at=ago(minutes=minutes),
        )
        for index, (breaking, minutes) in enumerate(spans)
    )


def contract(
    name: str,
    who: Agent,
    of: tuple[ContractVersion, ...],
    *subscribers: Subscriber,
    readers: tuple[Subscriber, ...] = (),
) -> ContractSummary:
    """A contract with these versions."""
    return ContractSummary(
        team=who.team,
        name=name,
        version=of[0].version,
        breaking=of[0].breaking,
        registered_by=who.agent_id,
        registered_by_name=who.name,
        registered_at=of[0].registered_at,
        subscribers=subscribers,
        readers=readers,
        versions=of,
    )


def fetched(who: Agent, version: int | None, minutes: float = 0) -> Subscriber:
    """An agent that fetched a version so many minutes ago."""
    at = ago(minutes=minutes) if version else None
    return Subscriber(agent_id=who.agent_id, name=who.name, fetched_version=version, fetched_at=at)


CONTRACTS = (
    contract(
        "orders",
        BACKEND,
        versions(BACKEND, (True, 0.3), (False, 130), (False, 300), (None, 1500)),
        fetched(FRONTEND, 3, 120),
        fetched(QA, 4, 0.2),
        fetched(REVIEWER, None),
        readers=(fetched(PLANNER, 4, 0.1),),
    ),
    contract("cart", FRONTEND, versions(FRONTEND, (False, 300), (None, 4000))),
    contract("page", DOCS, versions(DOCS, (None, 4320))),
)

OPERATOR = replace(PLANNER, agent_id=OPERATOR_ID, name=OPERATOR_NAME, role=OPERATOR_NAME)

INBOX = (
    message(
        11,
        PLANNER,
        OPERATOR,
        "release today?",
        "Everything is merged but the orders client.\nShall I wait for it?",
        26,
        read=False,
        need_reply=True,
    ),
    message(10, FRONTEND, OPERATOR, None, "The cart is done.", 95, read=True),
)

EVENTS = tuple(
    LoggedEvent(
        event_id=number,
        at=ago(minutes=minutes),
        kind=kind,
        team=who.team,
        actor_id=who.agent_id,
        actor_name=who.name,
        others=others,
        about=about or str(number),
        detail=detail,
    )
    for number, minutes, kind, who, others, about, detail in (
        (9, 0.1, "message_sent", FRONTEND, ("backend",), "", "API changed?"),
        (8, 0.3, "contract_registered", BACKEND, (), "orders", "orders v4"),
        (7, 3, "message_sent", PLANNER, ("backend", "frontend", "qa", "reviewer"), "", "Stand-up"),
        (6, 12, "task_claimed", BACKEND, (), "t-41", "migrate the orders table"),
        (5, 22, "task_completed", FRONTEND, (), "t-39", "cart totals"),
    )
)

COMMANDS = (
    TmuxCommand(number=2, at=ago(seconds=22), pane=PaneRef("", "%4"), what="pressed Enter"),
    TmuxCommand(number=1, at=ago(seconds=23), pane=PaneRef("", "%4"), what="pasted 58 characters"),
)

SESSIONS = tuple(
    SessionEntry(
        session_id=f"5e55{number}0000-0000",
        client=client,
        agent_id=who.agent_id if who else None,
        opened_at=ago(minutes=minutes),
        last_call_at=ago(seconds=called) if called else None,
        has_stream=has_stream,
    )
    for number, (client, who, minutes, called, has_stream) in enumerate(
        (
            ("claude-code 2.1.0", BACKEND, 130, 190, True),
            ("codex-mcp-client 0.98.0", FRONTEND, 120, 6, True),
            ("opencode 1.2", DOCS, 55, 660, False),
            ("", None, 2, None, False),
        )
    )
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
    views={
        PaneRef("", "%3"): view(
            "%3", PaneState.DIALOG, "asks: Bash command · rm -rf build", DIALOG_SCREEN, seconds=192
        ),
        PaneRef("", "%4"): view("%4", PaneState.IDLE, "empty composer", "> \n", seconds=40),
        PaneRef("", "%5"): view("%5", PaneState.SHELL, "zsh", "% \n", minutes=4),
        PaneRef("", "%6"): view("%6", PaneState.DRAFT, "text in the composer", "> and then we\n", seconds=20),
        PaneRef("", "%7"): view("%7", PaneState.BUSY, "spinner in the title", BUSY_SCREEN, minutes=11),
        PaneRef("", "%8"): view("%8", PaneState.IDLE, "empty composer", "> \n", minutes=17),
    },
    stream=STREAM,
    inbox=INBOX,
    unanswered=(INBOX[0], *(sent for sent in STREAM if sent.need_reply)),
    wakes=WAKES,
    activity=tuple(
        Activity(
            activity_id=number,
            at=ago(minutes=minutes),
            actor=OPERATOR_NAME,
            verb=verb,
            agent_id=who.agent_id,
            message_id=message_id,
            detail=detail,
        )
        for number, minutes, verb, who, message_id, detail in (
            (4, 3.5, "replay", QA, WAKES[2].message_id, "tried again"),
            (3, 12, "poke", FRONTEND, None, "submitted: the composer is empty again"),
            (2, 30, "do not disturb", DOCS, None, f"agent:{DOCS.agent_id} until 2026-11-22 14:03 UTC"),
            (1, 75, "force", BACKEND, "8f3c0001-77aa-4d2e", "forced"),
        )
    ),
    events=EVENTS,
    commands=COMMANDS,
    sessions=SESSIONS,
    tasks=(
        task(41, "migrate the orders table", TaskStatus.IN_PROGRESS, 12, BACKEND, blocks=2),
        task(44, "client for orders v4", TaskStatus.PENDING, 6, waits_for=("t-41",)),
        task(45, "rename total_price in every report of the warehouse", TaskStatus.PENDING, 5, waits_for=("t-41",)),
        task(40, "release notes", TaskStatus.IN_PROGRESS, 70, replace(QA, agent_id="gone-0001", name="writer")),
        task(39, "cart totals", TaskStatus.COMPLETED, 22, FRONTEND),
        task(38, "staging database", TaskStatus.COMPLETED, 63, BACKEND),
    ),
    contracts=CONTRACTS,
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


class FixedSource:
    """Serves one picture."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.failing = False
        self.attended: PaneRef | None = None
        self.hear: Callable[[frozenset[Scope]], None] = lambda _: None

    async def load(self, parts: Iterable[Slice], panes: Iterable[PaneRef]) -> Mapping[str, Any]:
        """The parts of the picture, or a failure."""
        if self.failing:
            raise StoreError("database is locked")
        return {part.value: getattr(self.snapshot, part.value) for part in parts}

    async def attempts(self, message_id: str, agent_id: str) -> tuple[WakeAttempt, ...]:
        """The same two attempts for every wake."""
        return ATTEMPTS

    async def why_not(self, message_id: str, agent_id: str) -> tuple[Gate, ...]:
        """The same verdicts for every wake."""
        return GATES

    async def contract_change(self, team: str, name: str, old: int | None, new: int) -> ContractChange | None:
        """Versions of the sample's one schema, whatever the contract."""
        later, earlier = ((ORDER_SCHEMAS[number - 1] if number else None) for number in (new, old))
        book: dict[str, Any] = {"team": team, "name": name, "registered_by": BACKEND.agent_id, "registered_at": NOW}
        note = "ids are counted now, totals are sent" if new == 4 else None
        after = Contract(version=new, schema=later or {}, note=note, **book)
        if old is None or earlier is None:
            return ContractChange(old=None, new=after)
        judged = compare(earlier, after.schema)
        reasons = tuple(
            SchemaReason(path=one.path, what=one.what, of_new=one.direction == "backward") for one in judged.reasons
        )
        before = Contract(version=old, schema=earlier, note=None, **book)
        return ContractChange(old=before, new=after, backward=judged.backward, forward=judged.forward, reasons=reasons)

    async def older(self, before_event_id: int) -> tuple[Message, ...]:
        """Return the snapshot's messages before this event."""
        return tuple(sent for sent in self.snapshot.stream if sent.event_id < before_event_id)

    async def thread(self, event_id: int) -> Thread:
        """Return the messages between the same two agents."""
        known = (*self.snapshot.inbox, *self.snapshot.stream)
        pair = next({sent.from_agent_id, sent.to_agent_id} for sent in known if sent.event_id == event_id)
        theirs = [sent for sent in known if {sent.from_agent_id, sent.to_agent_id} <= pair]
        return Thread(messages=tuple(sorted(theirs, key=lambda sent: sent.sent_at)), more_before=True, more_after=False)

    async def receipts(self, message_id: str) -> tuple[Wake, ...]:
        """A wake of each agent, for whichever message."""
        return self.snapshot.wakes

    async def attend(self, pane: PaneRef | None) -> None:
        """Remember it."""
        self.attended = pane

    def listen(self, hear: Callable[[frozenset[Scope]], None]) -> Callable[[], None]:
        """Remember who hears."""
        self.hear = hear
        return lambda: None


class FixedVerbs:
    """Does nothing and says it did; it remembers what, and can be told to refuse."""

    def __init__(self, *, read_only: bool = False) -> None:
        self.read_only = read_only
        self.refusing = ""
        self.asked: Prompt | None = read_prompt("claude-code", DIALOG_SCREEN, {"pane_width": 56})
        self.asked_next: Prompt | None = None
        self.done: list[tuple[object, ...]] = []

    async def ask(self, verb: Verb[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call the method of that name."""
        answer: T = await getattr(self, verb.name)(*args, **kwargs)
        return answer

    async def poke(self, agent_id: str, text: str) -> DeliveryResult:
        """Claim that it was submitted."""
        self._note("poke", agent_id, text)
        return DeliveryResult(step=WakeStage.SUBMITTED, detail="", seen_before="", seen_after="")

    async def rest_agent(self, agent_id: str, until: datetime | None) -> None:
        """Remember it."""
        self._note("rest", agent_id, until)

    async def disturb_agent(self, agent_id: str) -> None:
        """Remember it."""
        self._note("disturb", agent_id)

    async def go_to(self, agent_id: str) -> None:
        """Remember it."""
        self._note("go", agent_id)

    async def launch(self, wish: LaunchFormEntry) -> LaunchResult:
        """Claim that it is there."""
        self._note("launch", wish.client, wish.name, wish.team, wish.role, wish.folder)
        return LaunchResult(
            wanted=LaunchRequest(
                client=wish.client, name=wish.name, team=wish.team, role=None, folder=Path(wish.folder)
            ),
            agent_id="launched-0001",
            delivery="none",
            pane_id="%9",
            session="work",
            window=4,
            way="tmux attach -t %9",
            is_new_session=False,
        )

    async def prompt(self, agent_id: str) -> Prompt:
        """Return the question of the sample's dialog."""
        if self.asked is None:
            raise VerbRefused("no_dialog", "the agent no longer asks anything")
        return self.asked

    async def answer(self, agent_id: str, seen: Prompt, number: int) -> Prompt | None:
        """Claim that it was taken; refuse if it is not what is asked."""
        if seen != self.asked:
            raise VerbRefused("prompt_changed", "the question changed: the agent now asks something else")
        self._note("answer", agent_id, number)
        self.asked = self.asked_next
        return self.asked

    async def remove_agent(self, agent_id: str) -> None:
        """Remember it."""
        self._note("remove", agent_id)

    async def alert(self, text: str) -> None:
        """Remember it."""
        self._note("alert", text)

    async def save_database(self) -> Path:
        """Claim that it was."""
        self._note("save")
        return Path("/sample/data.db.saved")

    async def replay(self, wakes: Sequence[tuple[str, str]]) -> int:
        """Claim that all were replayed."""
        self._note("replay", *wakes)
        return len(wakes)

    async def cancel_wake(self, message_id: str, agent_id: str) -> None:
        """Remember it."""
        self._note("cancel", message_id, agent_id)

    async def force(self, message_id: str, agent_id: str) -> Wake:
        """Claim that it was submitted, unless a dialog is open."""
        self._note("force", message_id, agent_id)
        forced = next(wake for wake in WAKES if (wake.message_id, wake.agent_id) == (message_id, agent_id))
        is_in_dialog = agent_id == BACKEND.agent_id
        return forced if is_in_dialog else replace(forced, status=WakeStatus.DELIVERED, detail="typed and taken")

    async def send(
        self,
        letters: Sequence[Addressees],
        body: str,
        *,
        subject: str | None,
        need_reply: bool,
        answers: str | None,
    ) -> int:
        """Claim that it was sent."""
        self._note("send", tuple(letters), body, subject, need_reply, answers)
        return sum(len(letter.agent_ids) for letter in letters)

    async def mark_read(self, message_ids: Sequence[str]) -> int:
        """Claim that none was read before."""
        self._note("read", *message_ids)
        return len(message_ids)

    async def add_task(self, team: str, draft: TaskDraft) -> Task:
        """Claim that it is on the board."""
        self._note("add task", team, draft)
        return replace(task(50, draft.title, TaskStatus.PENDING, 0).task, team=team, description=draft.description)

    async def edit_task(self, seen: Task, draft: TaskDraft) -> Task:
        """Claim that it says that."""
        self._note("edit task", seen.id, draft)
        return replace(seen, title=draft.title, description=draft.description, depends_on=draft.depends_on)

    async def reassign_task(self, seen: Task, agent_id: str) -> Task:
        """Claim that it is that agent's."""
        self._note("reassign task", seen.id, agent_id)
        return replace(seen, status=TaskStatus.IN_PROGRESS, claimed_by=agent_id, claimed_at=NOW)

    async def release_task(self, seen: Task) -> Task:
        """Claim that it is nobody's."""
        self._note("release task", seen.id)
        return replace(seen, status=TaskStatus.PENDING, claimed_by=None, claimed_at=None)

    async def cancel_task(self, seen: Task) -> Task:
        """Claim that it is off the board."""
        self._note("cancel task", seen.id)
        return replace(seen, status=TaskStatus.COMPLETED, completed_at=NOW, result=CANCELLED)

    async def restore_task(self, seen: Task, before: Task) -> Task:
        """Claim that it is as before."""
        self._note("restore task", seen.id, before.status)
        return before

    def _note(self, *what: object) -> None:
        if self.refusing:
            raise VerbRefused("refused", self.refusing)
        self.done.append(what)


def desk(snapshot: Snapshot | SnapshotSource = FILLED, *, clock: Clock | None = None, **fields: Any) -> ModeContext:
    """A desk at which this picture is shown, at the frozen instant; `fields` are those of a `ModeContext`."""
    source = FixedSource(snapshot) if isinstance(snapshot, Snapshot) else snapshot
    return ModeContext(**{"source": source, "verbs": FixedVerbs(), "clock": clock or FrozenClock(), **fields})
