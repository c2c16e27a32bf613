"""Fifteen agents in three teams that use the same five names, in every state that a person has to tell apart."""

from tests.screens.sample.agents import agent
from tests.screens.sample.clock import ago
from tests.screens.sample.contracts import contract, fetched, versions
from tests.screens.sample.filled import FILLED, entry
from tests.screens.sample.messages import message
from tests.screens.sample.panes import BUSY_SCREEN, DIALOG_SCREEN, view
from tests.screens.sample.tasks import task
from tests.screens.sample.wakes import wake
from xats_tui.core.model.activity import Activity, LoggedEvent
from xats_tui.core.model.agents import OPERATOR_NAME, Agent
from xats_tui.core.model.client_states import ToldWork, UsedTool
from xats_tui.core.model.messages import BROADCAST_MARK
from xats_tui.core.model.panes import PaneRef, PaneState, TmuxCommand
from xats_tui.core.model.tasks import TaskEntry, TaskStatus
from xats_tui.core.model.wakes import WakeStage, WakeStatus
from xats_tui.core.records import replace

TEAM_NAMES = ("mobile", "shop", "warehouse")
NAMES = ("backend", "docs", "frontend", "planner", "qa")

AGENTS = {
    (team, name): agent(name, team, client, f"%{10 + 5 * number + place}", seen=5 + 7 * place + 20 * number, role=role)
    for number, team in enumerate(TEAM_NAMES)
    for place, (name, client, role) in enumerate(
        zip(
            NAMES,
            ("claude-code", "opencode", "codex", "claude-code", "gemini"),
            ("developer", "writer", "developer", "lead", "tester"),
            strict=True,
        )
    )
}


def who(address: str) -> Agent:
    """Return the agent with this address, such as `qa@shop`."""
    name, _, team = address.partition("@")
    return AGENTS[team, name]


def its_task(address: str, number: int, title: str, status: TaskStatus, minutes: float, **more: object) -> TaskEntry:
    """A task of this agent on the board of its team; one that is pending has no owner."""
    owner = who(address)
    made = task(number, title, status, minutes, None if status is TaskStatus.PENDING else owner, **more)
    return replace(made, task=replace(made.task, team=owner.team))


_WOKEN = (
    wake(who("backend@shop"), 21, WakeStatus.FAILED, "the pane is a shell (zsh)", 4, 6, WakeStage.ATTEMPTED),
    wake(who("qa@mobile"), 22, WakeStatus.RETRYING, "dialog: a permission is asked for", 2, 5, WakeStage.ATTEMPTED),
    wake(who("qa@mobile"), 23, WakeStatus.RETRYING, "dialog: a permission is asked for", 1, 3, WakeStage.ATTEMPTED),
    wake(who("frontend@warehouse"), 24, WakeStatus.RETRYING, "state: busy", 3, 9, WakeStage.ATTEMPTED),
    wake(
        who("docs@shop"),
        25,
        WakeStatus.DELIVERED,
        None,
        1,
        1,
        WakeStage.ATTEMPTED,
        WakeStage.TYPED,
        WakeStage.SUBMITTED,
    ),
    wake(who("planner@warehouse"), 26, WakeStatus.DELIVERED, None, 1, 12, *list(WakeStage)[1:]),
)

WAKES = tuple(
    replace(each, sender_id=who(sender).agent_id, subject=subject)
    for each, sender, subject in zip(
        _WOKEN,
        ("qa@mobile", "backend@mobile", "planner@mobile", "backend@warehouse", "docs@mobile", "qa@shop"),
        ("price of an order", "build 7", "stand-up", "stock per shelf", "words for refunds", "tests are green"),
        strict=True,
    )
)

STREAM = (
    message(36, who("backend@shop"), who("backend@mobile"), "orders v4", "id is an integer", 0.5, read=False),
    message(
        35, who("docs@mobile"), who("docs@shop"), "words for refunds", "Which one?", 1, read=False, need_reply=True
    ),
    message(34, who("qa@mobile"), who("backend@shop"), "price of an order", "It is off by one.", 6, read=False),
    message(33, who("backend@mobile"), who("qa@mobile"), "build 7", "Please test it.", 5, read=False, need_reply=True),
    *(
        message(
            32,
            who("planner@warehouse"),
            AGENTS["warehouse", name],
            None,
            "Stand-up",
            9,
            read=name == "qa",
            to_role=BROADCAST_MARK,
        )
        for name in ("backend", "docs", "frontend", "qa")
    ),
    message(31, who("qa@shop"), who("planner@warehouse"), "tests are green", "All of them.", 12, read=True),
)

TASKS = (
    its_task("backend@mobile", 61, "client for orders v4", TaskStatus.IN_PROGRESS, 12, blocks=1),
    its_task("backend@shop", 62, "price of an order", TaskStatus.IN_PROGRESS, 3),
    its_task("frontend@warehouse", 63, "stock per shelf", TaskStatus.IN_PROGRESS, 41),
    its_task("qa@mobile", 64, "test build 7", TaskStatus.PENDING, 5, waits_for=("t-61",)),
    its_task("docs@shop", 65, "guide to refunds", TaskStatus.PENDING, 2),
    its_task("planner@warehouse", 66, "plan of the week", TaskStatus.COMPLETED, 70),
)

CONTRACTS = tuple(
    contract(
        "orders",
        who(f"backend@{team}"),
        versions(who(f"backend@{team}"), *spans),
        fetched(who(f"frontend@{team}"), had, 30),
        readers=(fetched(who(f"qa@{team}"), len(spans), 10),),
    )
    for team, had, spans in (
        ("shop", 1, ((True, 20), (None, 900))),
        ("mobile", 2, ((False, 40), (None, 800))),
        ("warehouse", 1, ((None, 700),)),
    )
)

EVENTS = tuple(
    LoggedEvent(
        event_id=number,
        at=ago(minutes=minutes),
        kind=kind,
        team=team,
        actor_id=who(actor).agent_id,
        actor_name=who(actor).name,
        others=tuple(who(other).agent_id for other in others),
        about=about or str(number),
        detail=detail,
    )
    for number, minutes, kind, team, actor, others, about, detail in (
        (36, 0.5, "message_sent", "mobile", "backend@shop", ("backend@mobile",), "", "orders v4"),
        (34, 6, "message_sent", "shop", "qa@mobile", ("backend@shop",), "", "price of an order"),
        (30, 20, "contract_registered", "shop", "backend@shop", (), "orders", "orders v2"),
        (29, 41, "task_claimed", "warehouse", "frontend@warehouse", (), "t-63", "stock per shelf"),
    )
)

ACTS = (
    Activity(
        activity_id=9,
        at=ago(minutes=2),
        actor=OPERATOR_NAME,
        verb="replay",
        agent_id=who("backend@shop").agent_id,
        message_id=WAKES[0].message_id,
        detail="tried again",
    ),
    Activity(
        activity_id=8,
        at=ago(minutes=14),
        actor=OPERATOR_NAME,
        verb="poke",
        agent_id=who("backend@warehouse").agent_id,
        message_id=None,
        detail="submitted: the composer is empty again",
    ),
)

STATES = {
    "qa@mobile": (PaneState.DIALOG, "asks: Bash command · rm -rf build", DIALOG_SCREEN, 192),
    "backend@shop": (PaneState.SHELL, "zsh", "% \n", 240),
    "frontend@warehouse": (PaneState.BUSY, "spinner in the title", BUSY_SCREEN, 640),
    "backend@mobile": (PaneState.BUSY, "spinner in the title", BUSY_SCREEN, 75),
    "docs@warehouse": (PaneState.DRAFT, "text in the composer", "> and then we\n", 20),
}
"""State, reason, screen and seconds of each pane that is not idle."""

VIEWS = {
    PaneRef("", pane): view(pane, state, reason, screen, seconds=seconds)
    for one in AGENTS.values()
    if one.binding
    for pane in [one.binding.pane.pane_id]
    for state, reason, screen, seconds in [
        STATES.get(one.address, (PaneState.IDLE, "empty composer", f"● {one.address} is ready.\n\n> \n", 40))
    ]
}

UNREAD = {"backend@mobile": (1, 0.5), "docs@shop": (1, 1), "backend@shop": (1, 6), "qa@mobile": (2, 5)}
"""Unread messages of each agent that has some, and minutes since the oldest."""

CALLED = {
    "backend@mobile": UsedTool(name="task_claim", at=ago(minutes=12)),
    "docs@mobile": UsedTool(name="send_message", at=ago(minutes=1)),
    "qa@shop": UsedTool(name="get_inbox", at=ago(seconds=53)),
    "docs@warehouse": UsedTool(name="get_inbox", at=ago(minutes=9)),
}
"""The last call of this server's tools."""

TOLD = {
    "qa@mobile": ToldWork(
        tool=UsedTool(name="run_shell_command: rm -rf build", at=ago(seconds=192)), model="gemini-3-pro", tokens=48_211
    ),
    "backend@shop": ToldWork(model="claude-sonnet-5"),
}
"""What hooks told."""

TEAMS = replace(
    FILLED,
    roster=tuple(
        entry(
            one,
            *UNREAD.get(one.address, (0, 0)),
            next((each for each in WAKES if each.agent_id == one.agent_id), None),
            online=one.address != "docs@mobile",
            called=CALLED.get(one.address),
            work=TOLD.get(one.address),
        )
        for one in AGENTS.values()
    ),
    health=replace(FILLED.health, wakes_waiting=3, wakes_failed=1, dialogs_open=1) if FILLED.health else None,
    views=VIEWS,
    stream=STREAM,
    inbox=(),
    unanswered=tuple(sent for sent in STREAM if sent.need_reply),
    wakes=WAKES,
    activity=ACTS,
    events=EVENTS,
    commands=(TmuxCommand(number=1, at=ago(seconds=22), pane=PaneRef("", "%14"), what="pressed Enter"),),
    sessions=(),
    tasks=TASKS,
    contracts=CONTRACTS,
)
"""Three teams of equal names at work."""
