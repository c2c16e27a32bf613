"""Tools that make a session somebody's: registering as any agent, as this Claude Code, as this Codex."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from xats_tui.backend.services.agents.applications import (
    RegistrationCheck,
    RegistrationPlan,
    RegistrationRequest,
    RegistrationResult,
)
from xats_tui.backend.services.agents.registry import checked_label, team_of
from xats_tui.backend.services.agents.runtimes import Runtime
from xats_tui.backend.services.wakes.codex_threads import CodexThread
from xats_tui.backend.tools.base import (
    Answer,
    Arguments,
    BrokenRules,
    Call,
    ClientName,
    Optional,
    Positive,
    Tool,
    completed,
)
from xats_tui.backend.tools.call_context import (
    THREAD,
    SocketPath,
    bridge_of,
    claimed,
    claimed_ui,
    shown_former,
    tmux_server,
    traces,
    unbound_hint,
)
from xats_tui.clients.registry import CLIENTS, manifest_of, own_server, with_self_tool
from xats_tui.core.call_meta import FOLDER, HOST_SESSION, INSTANCE, LAUNCH, OWN_CHANNEL, UNASKED
from xats_tui.core.errors import Refusal
from xats_tui.core.model.agents import CHANNEL_PROXY_ROLE, DeliveryKind
from xats_tui.core.model.labels import CUSTOM, ClientId
from xats_tui.core.records import replace

NonEmpty = Annotated[str, StringConstraints(min_length=1)]
NonBlank = Annotated[str, StringConstraints(pattern=r"\S")]

MAX_LABEL_CHARS = 200
"""Characters of what a program and its model are called: everybody's list of agents holds them."""

ModelName = Annotated[str, StringConstraints(max_length=MAX_LABEL_CHARS)]


def _of_a_kind(delivery: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(delivery.get("kind"), str):
        raise ValueError("kind is required, as text")
    return delivery


DeliveryFields = Annotated[dict[str, Any], AfterValidator(_of_a_kind)]

DEFAULT_ROLE = "default"
IN_USE = "name_in_use"
"""The refusal of a registration that nobody called for."""

GOES_WITH = {
    "client_name": ("client", CUSTOM),
    **{field: ("client", spec.id) for spec in CLIENTS.values() for field in spec.registration_fields},
    "claude_ui_pid": ("role", CHANNEL_PROXY_ROLE),
}
"""Fields that make sense with one client or role only."""


class Registering(Arguments):
    """Arguments of every registration."""

    name: NonEmpty = Field(description="Your name in the team, 1 to 64 printable characters.")
    role: Optional[str] = Field(default=None, description="A free label others can broadcast to; default if left out.")
    team: Optional[str] = Field(default=None, description="Only if the user named one.")
    project_dir: Optional[NonEmpty] = Field(
        default=None, description="Current working directory; its last part is the team when none is named."
    )
    tmux_socket: Optional[SocketPath] = Field(
        default=None, description="Socket of your tmux server, if it is not the default one."
    )


class RegisterAgent(Registering):
    client: ClientName = Field(description="The program you run in.")
    model: ModelName = Field(description="The model you are, for people to read.")
    client_name: Optional[Annotated[str, StringConstraints(min_length=1, max_length=MAX_LABEL_CHARS)]] = Field(
        default=None, description="With client custom: what the program is called."
    )
    ui_pid: Optional[Positive] = Field(
        default=None, description="Pid of your user interface; binds its tmux pane. Not from Codex."
    )
    channel_session_id: Optional[NonEmpty] = Field(
        default=None, description="Claude Code: found by ui_pid, so leave it out."
    )
    thread_id: Optional[NonBlank] = Field(default=None, description="Codex: $CODEX_THREAD_ID.")
    ws_url: Optional[str] = Field(default=None, description="Codex: URL of an app-server of your own.")
    auth_token_ref: Optional[NonEmpty] = Field(
        default=None,
        description="Codex: variable of the coordinator with that server's token; the operator has to list it.",
    )
    base_url: Optional[NonEmpty] = Field(
        default=None, description="opencode started with --port: http://127.0.0.1:PORT; you are woken through it."
    )
    session_id: Optional[NonEmpty] = Field(default=None, description="opencode: your session there.")
    claude_ui_pid: Optional[Positive] = Field(default=None, description="Channel proxies only.")
    delivery: Optional[DeliveryFields] = Field(
        default=None,
        description='How you are woken besides your pane, if no other field says it; {"kind": "none"} clears it.',
        json_schema_extra={"properties": {"kind": {"type": "string"}}, "required": ["kind"]},
    )

    @model_validator(mode="before")
    @classmethod
    def _name_the_model(cls, fields: Any) -> Any:
        """Name the default model of a client that registers by its name and thread alone."""
        spec = CLIENTS.get(fields["client"]) if isinstance(fields, dict) and _is_known(fields.get("client")) else None
        return {"model": spec.default_model, **fields} if spec and spec.has_threads else fields


class RegisterClaudeSelf(Registering):
    model: Optional[ModelName] = None
    ui_pid: Optional[Positive] = Field(default=None, description="$PPID of a shell tool call.")
    channel_session_id: Optional[NonEmpty] = Field(default=None, description="Found by ui_pid, so leave it out.")


class RegisterCodexSelf(Registering):
    model: Optional[ModelName] = None
    thread_id: Optional[NonBlank] = Field(default=None, description="$CODEX_THREAD_ID of your tool shell.")
    ws_url: Optional[NonEmpty] = Field(default=None, description="Of the app-server, if it is not the usual one.")
    auth_token_ref: Optional[NonEmpty] = Field(
        default=None, description="Variable of the coordinator with the server's token; the operator has to list it."
    )


def check_register_agent(arguments: RegisterAgent) -> None:
    """Refuse fields that make no sense with this client or role.

    Raises:
        BrokenRules: every such field.
    """
    said = {"client": arguments.client, "role": (arguments.role or "").strip()}
    problems = {
        field: f"{field} goes with {what} {wanted} only"
        for field, (what, wanted) in GOES_WITH.items()
        if getattr(arguments, field) is not None and said[what] != wanted
    }
    if manifest_of(arguments.client):
        problems.pop("client_name", None)  # as its handshake has it, which may hold the name of our server
    if own_server(arguments.client):
        for field in ("base_url", "session_id"):
            problems.pop(field, None)
    if arguments.session_id is not None and arguments.base_url is None:
        problems.setdefault("session_id", "session_id goes with base_url only")
    if problems:
        raise BrokenRules(problems)


async def register_agent(call: Call, arguments: RegisterAgent) -> Answer:
    """Register as any agent."""
    client = arguments.client
    delivery = arguments.delivery
    if delivery is None and arguments.base_url is not None:
        opencode = {"base_url": arguments.base_url, "session_id": arguments.session_id}
        delivery = {"kind": DeliveryKind.OPENCODE_SERVER, **opencode}
    wanted = RegistrationCheck(
        **_common(call, arguments, client, arguments.model),
        client_name=arguments.client_name,
        ui_pid=arguments.ui_pid,
        claimed_ui=claimed_ui(call.meta),
        delivery=delivery,
        codex=_thread(call, arguments) if client in CLIENTS and CLIENTS[client].has_threads else None,
        channel_session_id=arguments.channel_session_id,
        channel_ui_pid=await call.services.runtimes.believed(arguments.claude_ui_pid, call.session),
    )
    return await _register(call, wanted)


async def register_claude_self(call: Call, arguments: RegisterClaudeSelf) -> Answer:
    """Register as the Claude Code that calls."""
    wanted = RegistrationCheck(
        **_of_itself(call, arguments, "register_claude_self"),
        ui_pid=arguments.ui_pid,
        channel_session_id=arguments.channel_session_id,
    )
    return await _register(call, wanted)


async def register_codex_self(call: Call, arguments: RegisterCodexSelf) -> Answer:
    """Register as the Codex that calls."""
    wanted = RegistrationCheck(
        **_of_itself(call, arguments, "register_codex_self"),
        codex=_thread(call, arguments),
        needs_thread=True,
    )
    return await _register(call, wanted)


async def _register(call: Call, wanted: RegistrationCheck) -> Answer:
    services, session = call.services, call.session
    runtime = await services.runtimes.of(session, claimed(call.meta, INSTANCE), wanted.own_ui, bridge_of(call.meta))
    wanted = replace(wanted, runtime=runtime, asked=_asked(call))
    wanted = replace(wanted, succeeds=await services.registrar.left_behind(wanted, session))
    try:
        await services.registrar.check(services.database, wanted, session)
        found = await services.registrar.look(wanted, session)
        registered = await completed(_stored(call, wanted, runtime, found))
    except Refusal as refusal:
        session.turned_away = str(refusal.fields["detail"]) if refusal.code == IN_USE else ""
        raise
    return _answer(wanted, registered, bridge_of(call.meta))


async def _stored(
    call: Call, wanted: RegistrationCheck, runtime: Runtime, found: RegistrationPlan
) -> RegistrationResult:
    """Store a registration, and let the session speak as the agent."""
    services, session = call.services, call.session
    async with call.write() as tx:
        registered = await services.registrar.register(tx, wanted, found, session)
        agent_id, peer = registered.agent.agent_id, runtime.peer
        await services.kept_sessions.identify(tx, session, agent_id, runtime.proofs, peer)
        await services.takeovers.note(tx, registered.agent, registered.losers, runtime)
    superseded = services.sessions.identify(session, agent_id, runtime.proofs, peer)
    await services.takeovers.tell(registered.agent, registered.losers, runtime, superseded)
    await services.receipts.withdraw(agent_id, services.sessions.readers_of(agent_id))
    if wanted.carried_channel is not None:
        services.channels.attach(session, wanted.carried_channel, agents_own=True)
    return registered


def _asked(call: Call) -> RegistrationRequest:
    """Return the origin of this registration; unknown words of a bridge of another version count as unasked."""
    said = call.meta.get(UNASKED)
    if said is None:
        return RegistrationRequest.EXPLICITLY
    return (
        RegistrationRequest(said)
        if said in set(RegistrationRequest) - {RegistrationRequest.EXPLICITLY}
        else RegistrationRequest.AGAIN
    )


def _common(
    call: Call, arguments: RegisterAgent | RegisterClaudeSelf | RegisterCodexSelf, client: ClientId, model: str
) -> dict[str, Any]:
    """Return the fields of every registration; `model` is the name if the model names none."""
    return {
        "team": team_of(arguments.team, arguments.project_dir),
        "name": checked_label("name", arguments.name),
        "role": checked_label("role", DEFAULT_ROLE if arguments.role is None else arguments.role),
        "client": client,
        "model": model if arguments.model is None else arguments.model,
        "tmux_socket": tmux_server(arguments.tmux_socket, call.meta),
        "host_session": claimed(call.meta, HOST_SESSION),
        "folder": claimed(call.meta, FOLDER),
        "traces": traces(call.meta),
        "carried_channel": claimed(call.meta, OWN_CHANNEL),
        "launch": claimed(call.meta, LAUNCH),
    }


def _thread(call: Call, arguments: RegisterAgent | RegisterCodexSelf) -> CodexThread:
    return CodexThread(
        thread_id=arguments.thread_id,
        ws_url=arguments.ws_url,
        auth_token_ref=arguments.auth_token_ref,
        own=claimed(call.meta, THREAD),
    )


def _of_itself(call: Call, arguments: RegisterClaudeSelf | RegisterCodexSelf, tool: str) -> dict[str, Any]:
    """Return the common fields for the client that registers itself by this tool.

    The handshake's name stands for a model that is not named, if it is this client's.
    """
    spec = with_self_tool(tool)
    assert spec is not None, f"no client registers by {tool}"
    said = call.session.client
    return _common(call, arguments, spec.id, said if spec.self_sign in said.lower() else spec.default_model)


def _is_known(client: object) -> bool:
    return isinstance(client, str) and client in CLIENTS


def _answer(wanted: RegistrationCheck, registered: RegistrationResult, bridge: int | None) -> Answer:
    agent, found, binding = registered.agent, registered.found, registered.binding
    answer: dict[str, Any] = {"agent_id": agent.agent_id, "team": agent.team}
    if found.bound_channel is not None:
        answer["channel_session_id"] = found.bound_channel
    if wanted.codex and wanted.delivery is None and found.delivery:  # a channel of its own has no thread
        known = found.delivery.address
        answer |= {key: known[key] for key in ("thread_id", "ws_url") if key in known}
    if binding is not None:
        answer["bound"] = {"tmux_pane_id": binding.pane.pane_id, "evidence": found.evidence}
    if agent.client != wanted.client:
        answer["client"] = agent.client
    if found.former:
        answer["you_were"] = [shown_former(one) for one in found.former]
    hint = found.unbound or unbound_hint(wanted.runtime, bridge)
    has_lost = bool(found.unbound) and not found.must_be_free
    return answer if registered.is_reachable and not has_lost else {**answer, "hint": hint}


TOOLS = (
    Tool(
        name="register_agent",
        description=(
            "Register yourself with xats, the cross-agent team service, before you use its other tools. Call it again "
            "whenever you like: the same name in the same team is the same agent, keeps its id and its mail, and gets "
            "its other fields refreshed. client is the program that you run in (the one behind ui_pid), not the tool "
            "you call from; for any program that is not listed use custom with client_name. Pass ui_pid, in Claude "
            "Code $PPID of a shell tool call, so that you can be woken in your tmux pane and your channel is found; a "
            "channel_session_id that is not that pid's is refused. From Codex leave ui_pid out: your thread is known "
            "from the call. Answers agent_id and team, and what was bound; you_were lists other names that this "
            "program has had; a hint says how to become reachable when you are not. xats is the service, not a team, "
            "and the bare word register does not mean this tool: pass team only if the user named one, else "
            "project_dir."
        ),
        arguments=RegisterAgent,
        check=check_register_agent,
        run=register_agent,
        registered=False,
    ),
    Tool(
        name="register_claude_self",
        description=(
            "Claude Code: register the session that this call comes from. Do not do it with curl or another client, "
            "which would register a session of its own. Pass ui_pid = $PPID of a shell tool call: your tmux pane and "
            "your channel are found by it. A channel_session_id that you pass wins, but is refused if that pid has "
            "another one. Otherwise like register_agent, also as to team and project_dir."
        ),
        arguments=RegisterClaudeSelf,
        run=register_claude_self,
        registered=False,
    ),
    Tool(
        name="register_codex_self",
        description=(
            "Codex: register with the thread on which you are to be woken. Pass thread_id = $CODEX_THREAD_ID if your "
            "tool shell has it; without one, and if the call does not tell, the answer is thread_id_required with the "
            "candidates. There is no ui_pid here: a launcher's pre_register_codex_pane binds the pane. ws_url is "
            "$CROSS_AGENT_TEAMS_CODEX_WS_URL of the coordinator unless you pass it, else your own server if it is a "
            "stock Codex's, else ws://127.0.0.1:8799. Otherwise like register_agent."
        ),
        arguments=RegisterCodexSelf,
        run=register_codex_self,
        registered=False,
    ),
)
