"""Launch requests, launch commands and their results.  Records only."""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from xats_tui.core.model.panes import PaneRef


class LaunchRequest(Struct, frozen=True, kw_only=True):
    """A request to start an agent in a tmux pane of its own."""

    client: str
    """`claude-code`, `codex` or `opencode`."""
    name: str
    team: str
    role: str | None
    folder: Path
    """The agent's working directory."""
    extra: tuple[str, ...] = ()
    """Further arguments for the client, passed unchanged."""
    window_name: str = ""
    """Name of the tmux window; empty for the agent's name."""
    app_server: bool = False
    """Codex: start an app-server for this agent."""
    asks_first: bool = False
    """Let the client's own configuration decide whether the coordinator's tools need permission."""


class LaunchFormEntry(Struct, frozen=True, kw_only=True):
    """A launch request as it was typed into the dashboard's form."""

    client: str
    name: str
    team: str
    """Empty to use the folder's name."""
    role: str
    """Empty for no role."""
    folder: str


class LaunchResult(Struct, frozen=True, kw_only=True):
    """The result of a launch."""

    wanted: LaunchRequest
    agent_id: str | None
    """None if the launcher did not wait for the agent to register."""
    delivery: str
    """The delivery kind beside its pane; `none` if there is none."""
    pane: PaneRef
    session: str
    """Name of the tmux session."""
    window: int
    """Index of the window in the session."""
    is_new_session: bool
    """True if the session was created for this launch, so that no terminal shows it yet."""


class LaunchCommand(Struct, frozen=True, kw_only=True):
    """The programs, port and mark with which a launch request becomes a command."""

    program: str
    """Path of the client's program."""
    bridge: tuple[str, ...]
    """Command line of the bridge, without the agent's identity."""
    hook: tuple[str, ...]
    """Command line for Claude Code's hooks."""
    port: int
    """A free port for a server of the client's own."""
    mark: str
    """An id that distinguishes this launch from every other."""


class ClientStart(Struct, frozen=True, kw_only=True):
    """The command and environment that a pane is to run."""

    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables added to tmux's own; nothing secret, because the process table shows them."""
    announces: bool = False
    """True if the pane must be announced to the coordinator, which cannot find it otherwise."""
    base_url: str = ""
    """URL of the client's own server, if the agent is woken through it and must be told its session."""
