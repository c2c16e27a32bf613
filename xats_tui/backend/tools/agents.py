"""Tools about agents: registering, leaving, who is there, which pane one lives in."""

import re
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from xats_tui.backend.clock import to_wire
from xats_tui.backend.errors import Refusal
from xats_tui.backend.model import Agent, Binding, Client, Delivery, DeliveryKind
from xats_tui.backend.services.agents import checked_label, team_of
from xats_tui.backend.services.runtime_identity import Candidate, Wanted
from xats_tui.backend.store.agents import Registration
from xats_tui.backend.tools.delivery import THREAD_ID, checked_delivery
from xats_tui.backend.tools.kit import Answer, Arguments, Call, Optional, Positive, Tool
from xats_tui.backend.transports.codex_appserver import control_url

NonEmpty = Annotated[str, StringConstraints(min_length=1)]
ClientName = Literal["codex", "claude-code", "opencode", "custom"]

DEFAULT_ROLE = "default"

THREAD = "threadId"
"""Where Codex names the thread of a call, in `_meta`."""

HOST_SESSION = "xats/host_session"
"""Where the bridge names the session of the program that started it, in `_meta`."""

LONGEST_SESSION = 200

UNBOUND_HINT = (
    "No usable tmux_pane_id is bound, so you cannot be woken through your pane. Call bind_runtime_identity with the "
    "pid of your user interface (in Claude Code: $PPID of a shell tool call) or with its tty and pane; "
    "detect_tmux_pane helps to find them."
)


class Echo(Arguments):
    msg: str


class RegisterAgent(Arguments):
    client: ClientName = Field(description="The program you run in.")
    model: str = Field(description="The model you are, for people to read.")
    name: str = Field(description="Your name in the team, 1 to 64 printable characters.")
    role: Optional[str] = Field(default=None, description="A free label others can broadcast to; default if left out.")
    team: Optional[str] = Field(default=None, description="Only if the user named one.")
    project_dir: Optional[NonEmpty] = Field(
        default=None, description="Current working directory; its last part is the team when none is named."
    )
    client_name: Optional[NonEmpty] = Field(default=None, description="With client custom: what the program is called.")
    ui_pid: Optional[Positive] = Field(
        default=None, description="Pid of your user interface; binds its tmux pane. Not from Codex."
    )
    delivery: Optional[dict[str, Any]] = Field(
        default=None, description='How you are woken besides your pane; {"kind": "none"} clears it.'
    )

    @model_validator(mode="after")
    def _check_what_goes_together(self) -> "RegisterAgent":
        if self.client_name is not None and self.client != "custom":
            raise ValueError("client_name goes with client custom only")
        return self


class NoArguments(Arguments):
    pass


class DetectTmuxPane(Arguments):
    agent: ClientName
    cwd: Optional[str] = None
    tty: Optional[str] = None
    title_contains: Optional[str] = None
    process_pattern: Optional[str] = Field(
        default=None, description="With agent custom: a regular expression for its command line."
    )


class BindRuntimeIdentity(Arguments):
    agent: ClientName
    ui_pid: Optional[Positive] = Field(default=None, description="Pid of your user interface.")
    ui_tty: Optional[str] = None
    tmux_pane_id: Optional[NonEmpty] = None
    process_pattern: Optional[str] = Field(
        default=None, description="With agent custom: a regular expression for its command line."
    )


async def echo(call: Call, arguments: Echo) -> Answer:
    return {"msg": arguments.msg, "echoed_at": to_wire(call.services.clock.now())}


async def register_agent(call: Call, arguments: RegisterAgent) -> Answer:
    client = Client(arguments.client)
    if arguments.ui_pid and client is not Client.CUSTOM:
        await _check_program(call, client, arguments.ui_pid)
    wanted = Registration(
        team=team_of(arguments.team, arguments.project_dir),
        name=checked_label("name", arguments.name),
        role=checked_label("role", DEFAULT_ROLE if arguments.role is None else arguments.role),
        client=client,
        client_name=arguments.client_name,
        model=arguments.model,
        delivery=checked_delivery(arguments.delivery) if arguments.delivery is not None else _thread_of(call, client),
        host_session=_host_session(call),
        ui_pid=arguments.ui_pid if client is Client.CLAUDE_CODE else None,
    )
    binding = await _binding(call, client, arguments.ui_pid)
    async with call.write() as tx:
        agent = await call.services.registry.register(tx, wanted)
        if binding is not None:
            await call.services.registry.bind(tx, agent.agent_id, binding)
    call.services.sessions.identify(call.session, agent.agent_id)
    answer = {"agent_id": agent.agent_id, "team": agent.team}
    reachable = binding or agent.binding or agent.delivery.kind is not DeliveryKind.NONE
    return answer if reachable else {**answer, "hint": UNBOUND_HINT}


async def unregister_self(call: Call, arguments: NoArguments) -> Answer:
    agent = call.agent
    async with call.write() as tx:
        await call.services.registry.unregister(tx, agent)
    call.services.sessions.identify(call.session, None)
    return {"ok": True, "team": agent.team, "name": agent.name, "agent_id": agent.agent_id}


async def list_agents(call: Call, arguments: NoArguments) -> Answer:
    now = call.services.clock.now()
    agents = await call.services.registry.of_team(call.agent.team)
    return {"agents": [_public(agent, online=agent.is_online(now)) for agent in agents]}


async def detect_tmux_pane(call: Call, arguments: DetectTmuxPane) -> Answer:
    if arguments.agent == "custom" and not (arguments.process_pattern or "").strip():
        raise Refusal("invalid_arguments", detail="process_pattern is required for agent custom")
    wanted = Wanted(
        client=Client(arguments.agent),
        process_pattern=arguments.process_pattern,
        cwd=arguments.cwd,
        tty=arguments.tty,
        title_contains=arguments.title_contains,
    )
    candidates = await call.services.identity.detect(wanted)
    if not candidates:
        raise Refusal("not_found", candidates=[])
    shown = [_shown(candidate) for candidate in candidates]
    if len(candidates) > 1 and candidates[0].score == candidates[1].score:
        raise Refusal("ambiguous_match", candidates=shown)
    return {"ok": True, "pane": shown[0], "candidates": shown}


async def bind_runtime_identity(call: Call, arguments: BindRuntimeIdentity) -> Answer:
    _check_binding_arguments(arguments)
    await call.identify()
    binding = await _verified(call, arguments)
    async with call.write() as tx:
        await call.services.registry.bind(tx, call.agent.agent_id, binding)
    answer: dict[str, Any] = {
        "ok": True,
        "tmux_pane_id": binding.pane.pane_id,
        "verification_mode": binding.mode,
        "tty": binding.tty,
    }
    return answer if arguments.ui_pid is None else {**answer, "ui_pid": arguments.ui_pid}


def _check_binding_arguments(arguments: BindRuntimeIdentity) -> None:
    problems = []
    if arguments.agent == "custom" and not (arguments.process_pattern or "").strip():
        problems.append("process_pattern is required for agent custom")
    weaker = (arguments.ui_tty or "").strip() and (arguments.tmux_pane_id or "").strip()
    if arguments.ui_pid is None and not weaker:
        problems.append("pass ui_pid, or both ui_tty and tmux_pane_id")
    if problems:
        raise Refusal("invalid_arguments", detail="; ".join(problems))


async def _verified(call: Call, arguments: BindRuntimeIdentity) -> Binding:
    identity, client = call.services.identity, Client(arguments.agent)
    try:
        if arguments.ui_pid is not None:
            return await identity.by_pid(
                client, arguments.ui_pid, pattern=arguments.process_pattern, pane_id=arguments.tmux_pane_id
            )
        return await identity.by_tty(
            client, arguments.ui_tty or "", arguments.tmux_pane_id or "", pattern=arguments.process_pattern
        )
    except re.error as error:
        raise Refusal("invalid_process_pattern", detail=f"process_pattern is no regular expression: {error}") from error


async def _check_program(call: Call, client: Client, ui_pid: int) -> None:
    if not await call.services.identity.looks_like(client, ui_pid):
        raise Refusal(
            "ui_pid_client_mismatch",
            detail=f"process {ui_pid} is not {client}: pass the pid of your user interface, or the client that it is",
        )


async def _binding(call: Call, client: Client, ui_pid: int | None) -> Binding | None:
    """The pane that the given process proves; a registration does not fail for want of one."""
    if ui_pid is None or client is Client.CUSTOM:
        return None
    try:
        return await call.services.identity.by_pid(client, ui_pid)
    except Refusal:
        return None


def _thread_of(call: Call, client: Client) -> Delivery | None:
    """The Codex thread that a call comes from, if this machine's Codex has a control socket."""
    thread_id, url = call.meta.get(THREAD), control_url()
    named = isinstance(thread_id, str) and THREAD_ID.fullmatch(thread_id)
    if client is not Client.CODEX or url is None or not named:
        return None
    return Delivery(kind=DeliveryKind.CODEX_APPSERVER, address={"thread_id": str(thread_id), "ws_url": url})


def _host_session(call: Call) -> str | None:
    session = call.meta.get(HOST_SESSION)
    return session[:LONGEST_SESSION] if isinstance(session, str) and session else None


def _public(agent: Agent, *, online: bool) -> dict[str, Any]:
    channel = agent.delivery.address.get("channel_session_id")
    return {
        "agent_id": agent.agent_id,
        "client": agent.client,
        "client_name": agent.client_name,
        "team": agent.team,
        "role": agent.role,
        "name": agent.name,
        "model": agent.model,
        "tmux_pane_id": agent.binding.pane.pane_id if agent.binding else None,
        "delivery": {"kind": agent.delivery.kind, **({"channel_session_id": channel} if channel else {})},
        "channel_session_id": channel,
        "last_seen_at": to_wire(agent.last_seen_at),
        "online": online,
    }


def _shown(candidate: Candidate) -> dict[str, Any]:
    return {
        "pane_id": candidate.pane_id,
        "session_name": candidate.session_name,
        "window_index": candidate.window_index,
        "pane_index": candidate.pane_index,
        "active": candidate.active,
        "tty": candidate.tty,
        "current_path": candidate.current_path,
        "current_command": candidate.current_command,
        "title": candidate.title,
        "matched_processes": list(candidate.matched_processes),
        "score": candidate.score,
    }


TOOLS = (
    Tool(
        name="echo",
        description="Check the connection: answers your msg and the time. Changes nothing.",
        arguments=Echo,
        run=echo,
        registered=False,
        touches=False,
    ),
    Tool(
        name="register_agent",
        description=(
            "Register yourself with xats, the cross-agent team service, before you use its other tools. Call it again "
            "whenever you like: the same name in the same team is the same agent, keeps its id and its mail, and gets "
            "its other fields refreshed. client is the program that you run in (the one behind ui_pid), not the tool "
            "you call from; for any program that is not listed use custom with client_name. Pass ui_pid, in Claude "
            "Code $PPID of a shell tool call, so that you can be woken in your tmux pane; from Codex leave it out. "
            "Answers agent_id and team; a hint in the answer says how to become reachable when you are not. xats is "
            "the service, not a team: pass team only if the user named one, else project_dir."
        ),
        arguments=RegisterAgent,
        run=register_agent,
        registered=False,
    ),
    Tool(
        name="unregister_self",
        description=(
            "Leave: removes you, and only you, with your contract subscriptions. Refused with tasks_in_progress while "
            "you own unfinished tasks. Afterwards this connection is unregistered. Registering the same name again "
            "brings back your id and your mail."
        ),
        arguments=NoArguments,
        run=unregister_self,
    ),
    Tool(
        name="list_agents",
        description="List the agents of your team, you included, with role, client and whether each is online.",
        arguments=NoArguments,
        run=list_agents,
    ),
    Tool(
        name="detect_tmux_pane",
        description=(
            "Find the tmux pane that really hosts an agent's user interface, from panes, their ttys and the processes "
            "on them, not from focus or $TMUX_PANE. Narrow it with cwd, tty or title_contains. Writes nothing: it is "
            "for finding out why bind_runtime_identity fails."
        ),
        arguments=DetectTmuxPane,
        run=detect_tmux_pane,
        registered=False,
    ),
    Tool(
        name="bind_runtime_identity",
        description=(
            "Bind yourself to the tmux pane that you live in, so that you can be woken there. Pass ui_pid, the pid of "
            "your user interface: it is verified from pid to tty to pane. Weaker, if you cannot know the pid: ui_tty "
            "and tmux_pane_id. With agent custom pass process_pattern, too. A pane belongs to one agent: binding "
            "takes it from whoever had it. Unlike detect_tmux_pane this writes."
        ),
        arguments=BindRuntimeIdentity,
        run=bind_runtime_identity,
        registered=False,
    ),
)
