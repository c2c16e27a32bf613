"""Origin of a call, from its metadata: process, pane, tmux server, reader, and former agents."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import StringConstraints

from xats_tui.backend.services.agents.process_clients import client_in
from xats_tui.backend.services.agents.recognition import FormerAgent, Traces
from xats_tui.backend.services.agents.runtimes import Runtime, hosts_in
from xats_tui.backend.services.receipts import host_reader, thread_reader
from xats_tui.backend.system.tmux_sockets import server_name
from xats_tui.clients.registry import manifest_of
from xats_tui.core.call_meta import BRIDGE, HOST_SESSION, INSTANCE, TMUX_SOCKET, UI
from xats_tui.core.clock import to_wire
from xats_tui.core.model.panes import PaneRef

# no system allows a NUL or a longer path
SOCKET_PATH = re.compile(r"/[^\x00]{0,4095}")
"""A path that may belong to a socket."""

MAX_PID = 2**31 - 1
"""Largest pid of any system; a larger number is not a pid and cannot be stored."""

# JSON can carry half a character, but the database cannot store it
LONE_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a character."""

SocketPath = Annotated[str, StringConstraints(pattern=f"^{SOCKET_PATH.pattern}$")]

THREAD = "threadId"
"""Key in `_meta` with the Codex thread of a call."""

UNBOUND_HINT = (
    "No usable tmux_pane_id is bound, so you cannot be woken through your pane. Call bind_runtime_identity with the "
    "pid of your user interface (in Claude Code: $PPID of a shell tool call) or with its tty and pane; "
    "detect_tmux_pane helps to find them. Claude Code with the channel plugin can be woken by channel_session_id "
    "instead. In a container or behind ssh a pane cannot be verified."
)

WINDOWLESS_HINT = (
    "No usable tmux_pane_id is bound, so you cannot be woken through your pane. Your tools are run by {name} (process "
    "{pid}), which has no terminal and may serve several windows: $TMUX_PANE and $PPID may be another window's, so "
    "they are not believed. Call detect_tmux_pane with agent custom, a process_pattern for your user interface and "
    "your cwd; have the user confirm that the pane is yours; then call bind_runtime_identity with the pid it lists."
)

FOLDER_HINT = (
    "No usable tmux_pane_id is bound, so you cannot be woken through your pane. Your tools are run for all windows of "
    "{title} by one process. Call register_agent again with project_dir = your working directory: your pane is bound "
    "if exactly one window of {title} works there; otherwise the answer says what to do."
)

MAX_CLAIM_CHARS = 200
"""Maximum characters of a claim in `_meta` that are kept."""


def claimed(meta: Mapping[str, Any], key: str) -> str | None:
    """Return the text under this key of a call's `_meta`, if there is one."""
    text = meta.get(key)
    if not isinstance(text, str) or LONE_SURROGATE.search(text):
        return None
    return text[:MAX_CLAIM_CHARS] or None


def claimed_ui(meta: Mapping[str, Any]) -> int | None:
    """Return the pid of the caller's user interface, if its bridge reports it."""
    match meta.get(UI):
        case {"pid": int(pid)} if 0 < pid <= MAX_PID:
            return pid
    return None


def bridge_of(meta: Mapping[str, Any]) -> int | None:
    """Return the pid that the bridge of a call reports for itself."""
    pid = meta.get(BRIDGE)
    return pid if isinstance(pid, int) and pid > 0 else None


def tmux_server(given: str | None, meta: Mapping[str, Any]) -> str:
    """Return the tmux server of a call: the named one, else the caller's, else tmux's own choice."""
    own = meta.get(TMUX_SOCKET)
    socket = given or (own if isinstance(own, str) and SOCKET_PATH.fullmatch(own) else "")
    return server_name(socket) if socket else ""


def traces(meta: Mapping[str, Any]) -> Traces:
    """Return the traces of the runtime that a call comes from."""
    pane = None
    match meta.get(UI):
        case {"pane": str(pane_id)} if pane_id:
            pane = PaneRef(tmux_server(None, meta), pane_id)
    return Traces(
        ui_pid=claimed_ui(meta), thread_id=claimed(meta, THREAD), host_session=claimed(meta, HOST_SESSION), pane=pane
    )


def reader(meta: Mapping[str, Any], session_id: str) -> str:
    """Return the reader of a call's answer: the client's session, else its bridge, else the MCP session."""
    if host_session := claimed(meta, HOST_SESSION):
        return host_reader(host_session)
    if thread := claimed(meta, THREAD):
        return thread_reader(thread)
    if instance := claimed(meta, INSTANCE):
        return f"bridge {instance}"
    return f"session {session_id}"


def shown_former(former: FormerAgent) -> dict[str, Any]:
    """Return a former agent of the caller for an answer."""
    agent = former.agent
    return {"name": agent.name, "team": agent.team, "last_seen_at": to_wire(agent.last_seen_at), "by": former.by}


def unbound_hint(runtime: Runtime, bridge: int | None) -> str:
    """Return a hint for an agent that cannot be woken: how to find the pane that could not be found automatically."""
    is_bridged = bool(runtime.line) and runtime.line[0].pid == bridge
    host = next(iter(hosts_in(runtime.line)), None) if is_bridged else None
    if host is None or host.tty is not None:
        return UNBOUND_HINT
    if manifest := manifest_of(client_in(host)):
        return FOLDER_HINT.format(title=manifest.spec.title)
    return WINDOWLESS_HINT.format(name=host.names[-1], pid=host.pid)
