"""What is to be launched, and what that comes to for a tmux pane.  Records only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchRequest:
    """An agent that is to be started in a tmux pane of its own."""

    client: str
    """`claude-code`, `codex` or `opencode`."""
    name: str
    team: str
    role: str | None
    folder: Path
    """Where it works."""
    extra: tuple[str, ...] = ()
    """Further arguments for the client, as they are."""
    window_name: str = ""
    """Of the tmux window; empty for the agent's name."""
    app_server: bool = False
    """Codex: give it an app-server of its own."""
    asks_first: bool = False
    """Leave it to the client's configuration whether the agent may use the coordinator's tools without asking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchFormEntry:
    """An agent that somebody at the dashboard wants to be started."""

    client: str
    name: str
    team: str
    """Empty for the folder's name."""
    role: str
    """Empty for none."""
    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchResult:
    """What a launch came to."""

    wanted: LaunchRequest
    agent_id: str | None
    """None if nobody waited for it."""
    delivery: str
    """How it is woken besides its pane; `none` if it is not."""
    pane_id: str
    session: str
    """The name of the tmux session."""
    window: int
    """The window's index in it."""
    way: str
    """The command that leads there."""
    is_new_session: bool
    """Whether the session was made for it, so that nobody looks at it yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchCommand:
    """What a start needs beside the wish."""

    program: str
    """Path of the client's program."""
    bridge: tuple[str, ...]
    """The command line of the bridge, without who the agent is."""
    hook: tuple[str, ...]
    """The command line for Claude Code's hooks."""
    port: int
    """One that nobody listens at, for a server of the client's own."""
    mark: str
    """What tells this launch from every other one."""
    has_remote: bool = False
    """Codex: whether the user's configuration reaches a server of our name by a URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientStart:
    """What a pane is to run."""

    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to what tmux gives its panes; nothing secret, for it is seen in the process table."""
    announces: bool = False
    """Whether the pane has to be announced to the coordinator, which cannot find it out otherwise."""
    base_url: str = ""
    """Where the client's own server will be, if it is woken through it and has to be told which session."""
