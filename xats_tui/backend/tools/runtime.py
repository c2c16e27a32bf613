"""Tools about the pane of an agent: finding, binding and announcing it."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from xats_tui.backend.services.agents.pane_candidates import PaneCandidate, PaneQuery
from xats_tui.backend.services.agents.process_patterns import BadPattern
from xats_tui.backend.services.agents.runtimes import Runtime
from xats_tui.backend.tools.base import (
    Answer,
    Arguments,
    Call,
    ClientName,
    Optional,
    Positive,
    Tool,
    completed,
)
from xats_tui.backend.tools.call_context import SocketPath, bridge_of, claimed, claimed_ui, tmux_server
from xats_tui.core.call_meta import INSTANCE, UNASKED
from xats_tui.core.clock import to_wire
from xats_tui.core.errors import Refusal
from xats_tui.core.model.agents import Binding
from xats_tui.core.model.panes import PaneRef

NonEmpty = Annotated[str, StringConstraints(min_length=1)]

DEFAULT_TTL_S = 120
"""Default time for which an announced pane is kept."""

MAX_TTL_S = 600

PATTERN_REQUIRED = "process_pattern is required for agent custom"


class AboutPanes(Arguments):
    """Common arguments of the tools about panes."""

    agent: ClientName
    process_pattern: Optional[str] = Field(
        default=None, description="With agent custom: text that its command line holds, or a regular expression."
    )
    tmux_socket: Optional[SocketPath] = Field(
        default=None, description="Socket of the tmux server, if it is not the default one."
    )


class DetectTmuxPane(AboutPanes):
    cwd: Optional[str] = None
    tty: Optional[str] = None
    title_contains: Optional[str] = None


class BindRuntimeIdentity(AboutPanes):
    ui_pid: Optional[Positive] = Field(default=None, description="Pid of your user interface.")
    ui_tty: Optional[str] = None
    tmux_pane_id: Optional[NonEmpty] = None


class PreRegisterCodexPane(Arguments):
    pane_id: Annotated[str, StringConstraints(pattern="^%", max_length=20)] = Field(
        description="$TMUX_PANE of the launcher."
    )
    xats_agent_id: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(description="A fresh UUID.")
    ttl_seconds: Optional[Positive] = Field(
        default=None, description=f"{DEFAULT_TTL_S} if left out, {MAX_TTL_S} at the most."
    )
    tmux_socket: Optional[SocketPath] = Field(
        default=None, description="Socket of the pane's tmux server, if it is not the default one."
    )


async def detect_tmux_pane(call: Call, arguments: DetectTmuxPane) -> Answer:
    """Find the pane of an agent's user interface."""
    if arguments.agent == "custom" and not (arguments.process_pattern or "").strip():
        raise Refusal("invalid_arguments", detail=PATTERN_REQUIRED)
    wanted = PaneQuery(
        client=arguments.agent,
        process_pattern=arguments.process_pattern,
        cwd=arguments.cwd,
        tty=arguments.tty,
        title_contains=arguments.title_contains,
    )
    candidates = await call.services.identity.detect(wanted, tmux_server(arguments.tmux_socket, call.meta))
    if not candidates:
        raise Refusal("not_found", candidates=[])
    shown = [_shown(candidate) for candidate in candidates]
    if len(candidates) > 1 and candidates[0].score == candidates[1].score:
        raise Refusal("ambiguous_match", candidates=shown)
    return {"ok": True, "pane": shown[0], "candidates": shown}


def check_binding(arguments: BindRuntimeIdentity) -> None:
    """Refuse arguments without a process and without a terminal and pane.

    Raises:
        Refusal: `invalid_arguments`.
    """
    problems = []
    if arguments.agent == "custom" and not (arguments.process_pattern or "").strip():
        problems.append(PATTERN_REQUIRED)
    weaker = (arguments.ui_tty or "").strip() and (arguments.tmux_pane_id or "").strip()
    if arguments.ui_pid is None and not weaker:
        problems.append("pass ui_pid, or both ui_tty and tmux_pane_id")
    if problems:
        raise Refusal("invalid_arguments", detail="; ".join(problems))


async def bind_runtime_identity(call: Call, arguments: BindRuntimeIdentity) -> Answer:
    """Bind the caller to the pane that was proved to be its own."""
    services, session = call.services, call.session
    ui_pid = arguments.ui_pid or claimed_ui(call.meta)
    runtime = await services.runtimes.of(session, claimed(call.meta, INSTANCE), ui_pid, bridge_of(call.meta))
    binding = await _verified(call, arguments, runtime)
    await completed(_bound(call, binding, runtime))
    answer: dict[str, Any] = {
        "ok": True,
        "tmux_pane_id": binding.pane.pane_id,
        "verification_mode": binding.mode,
        "tty": binding.tty,
    }
    return answer if arguments.ui_pid is None else {**answer, "ui_pid": arguments.ui_pid}


async def _bound(call: Call, binding: Binding, runtime: Runtime) -> None:
    """Bind the caller to its pane, and tell the agents that lose it."""
    services, session = call.services, call.session
    async with call.write() as tx:
        if in_use := await services.runtimes.why_not_bind(tx, binding, session):
            raise Refusal("pane_in_use", detail=in_use)
        displaced = await services.runtimes.displaced(tx, call.agent, binding, runtime, session)
        # a bridge's automatic binding never takes a pane from another agent
        if displaced and UNASKED in call.meta:
            raise Refusal("pane_in_use", detail=f"pane {binding.pane.pane_id} now belongs to {displaced[0].address}")
        agent = await services.registry.bind(tx, call.agent.agent_id, binding)
        await services.takeovers.note(tx, agent, displaced, runtime)
    await services.takeovers.tell(agent, displaced, runtime)


async def pre_register_codex_pane(call: Call, arguments: PreRegisterCodexPane) -> Answer:
    """Announce that a Codex will run in a pane."""
    pane = PaneRef(tmux_server(arguments.tmux_socket, call.meta), arguments.pane_id)
    await call.services.identity.check_server(pane.socket)
    lifetime = timedelta(seconds=min(arguments.ttl_seconds or DEFAULT_TTL_S, MAX_TTL_S))
    async with call.write() as tx:
        expires_at = await call.services.registrar.announce(tx, pane, arguments.xats_agent_id, lifetime)
    return {"ok": True, "expires_at": to_wire(expires_at)}


async def _verified(call: Call, arguments: BindRuntimeIdentity, runtime: Runtime) -> Binding:
    identity, client = call.services.identity, arguments.agent
    pattern, pane_id = arguments.process_pattern, arguments.tmux_pane_id
    socket = tmux_server(arguments.tmux_socket, call.meta)
    try:
        if arguments.ui_pid is not None:
            return await identity.by_pid(
                client,
                arguments.ui_pid,
                pattern=pattern,
                pane_id=pane_id,
                socket=socket,
                is_host=runtime.shows(arguments.ui_pid),
            )
        return await identity.by_tty(client, arguments.ui_tty or "", pane_id or "", pattern=pattern, socket=socket)
    except BadPattern as error:
        raise Refusal("invalid_process_pattern", detail=f"process_pattern cannot be used: {error}") from error


def _shown(candidate: PaneCandidate) -> dict[str, Any]:
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
        check=check_binding,
        run=bind_runtime_identity,
    ),
    Tool(
        name="pre_register_codex_pane",
        description=(
            "For launchers of Codex, before any agent is there; needs no registration. Pass pane_id = $TMUX_PANE and "
            "xats_agent_id = a fresh UUID, then start `codex --remote URL` with a config override whose argument holds "
            'xats.agent_id="THAT-UUID". The Codex in the pane is bound to it when it registers without ui_pid. Counts '
            "for ttl_seconds, 120 if left out, 600 at the most. Answers expires_at."
        ),
        arguments=PreRegisterCodexPane,
        run=pre_register_codex_pane,
        registered=False,
    ),
)
