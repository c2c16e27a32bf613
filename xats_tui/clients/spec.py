"""`ClientSpec`: everything the program knows of a client without running it.

Standard library only: the bridge imports this module at every start.
"""

import re
from dataclasses import dataclass

from xats_tui.clients.hook_table import HookTable

SERVER = "xats"
"""Name of our MCP server in every client's configuration, as `xats-tui setup` and `xats-tui launch` write it."""

LAUNCH_VARIABLE = "XATS_LAUNCH"
"""Variable with the mark of the launch that a bridge belongs to."""

CODEX_URL_VARIABLE = "XATS_CODEX_URL"
"""Variable with the URL of the app-server that a bridge's Codex has for itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLimit:
    """The largest tool answer that a client hands on to its model whole."""

    tokens: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnServer:
    """An HTTP server of the client's own that speaks as opencode's does, and the login that it asks for."""

    username: str
    """The variable that sets the name when the client is started."""
    password: str
    """The variable that sets the password."""
    default_username: str
    """The name where the variable is not set."""
    needs_password: bool = False
    """True if it refuses everything while no password is set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionInbox:
    """An inbox of each session for messages of other programs, which answers with receipts (Qwen Code's Cross-Session
    Protocol, version 1).
    """

    folder: str
    """The client's folder in the home, in whose `sessions` each session is registered."""
    folder_variable: str
    """The variable that names another folder."""
    socket: str
    """The variable in which a session names its inbox to the programs that it starts."""
    token: str
    """The variable in which it gives them the key to the inbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSpec:
    """A client: its names, its signs, its limits.

    A folder `clients/<module>/` holds one as `SPEC` in `spec.py`, and beside it what its claims need:
    `screen.py` (`read_screen`), `dialog.py` (`read_dialog`), `config_files.py` (`PROGRAM`), `launch.py` (`start`).
    A manifest (`clients/manifests/`) makes one out of a TOML file.
    """

    id: str
    """The client on the wire, in the database and on the command line, such as `some-client`."""
    title: str
    """Its name for people."""
    order: int = 100
    """Its place in lists; equal ones are sorted by id."""

    program: str
    """The command on PATH."""
    install: str
    """The command that installs it."""
    executables: frozenset[str]
    """Names of its executables, scripts and packages, in lower case."""
    packages: frozenset[str] = frozenset()
    """Folders that a script of its lies in, besides those of `node_modules`."""
    helpers: re.Pattern[str] | None = None
    """Command lines of its processes that show no user interface."""
    pane_command: re.Pattern[str] | None = None
    """The client's name in `pane_current_command`."""
    pane_command_score: int = 0
    """Score of that name when a pane is searched for (the reference's values)."""

    handshake: str = ""
    """The beginning of `clientInfo.name` in its MCP handshake, in lower case."""
    handshake_names: frozenset[str] = frozenset()
    """Whole names in its handshake, in lower case; `*` at the end stands for the name that its configuration gives to
    our server.
    """
    environment_mark: str = ""
    """A variable that it sets for what it starts."""
    session_variable: str = ""
    """A variable in which it names its session to its MCP servers."""
    project_variable: str = ""
    """A variable in which it names the project's folder to them."""
    hooks: HookTable | None = None
    """Its hooks, if it can have any."""

    registration_fields: tuple[str, ...] = ()
    """Arguments of `register_agent` that make sense with this client only."""
    default_model: str = ""
    """The model's name where neither the model nor the program says one."""
    self_tool: str = ""
    """The tool by which it registers the session that calls."""
    self_sign: str = ""
    """A word that its handshake holds, by which that tool takes the handshake for the model's name."""
    pane_is_announced: bool = False
    """A launcher announces its pane and marks its bridge, whose parents do not always lead to the pane."""
    shows_prompts: bool = False
    """It offers the prompts of its MCP servers to the person, behind a `/`."""
    has_channel: bool = False
    """A channel proxy can carry wakes to it, and is found by the pid of its user interface."""
    has_threads: bool = False
    """It is woken by a turn on a thread that the registration names."""
    has_app_server: bool = False
    """It can be started with a server of its own (`xats-tui launch --app-server`)."""
    server: OwnServer | None = None
    """It is woken by a prompt to its own server, where it has one."""
    inbox: SessionInbox | None = None
    """It is woken by a message to its session's inbox."""

    answer: AnswerLimit
    """Measured with `tested_version`, less a margin."""
    max_hint_chars: int | None = None
    """Characters of a pasted line that its input line still shows as text."""
    full_tool_name: str = "{tool}"
    """The name under which its model finds a tool: a format of `server` and `tool`."""
    extension: str = ""
    """The file beside its manifest that it loads as an extension, and that connects it to the coordinator."""
    tested_version: str
    """The newest version whose captured screens the tests read; empty if it was not tried."""

    def is_named(self, said: str) -> bool:
        """Return whether this client gives such a name in its handshake; a version may follow it."""
        said = said.lower()
        if self.handshake and said.startswith(self.handshake):
            return True
        name = said.partition(" ")[0]
        return any(
            name.startswith(known[:-1]) if known.endswith("*") else name == known for known in self.handshake_names
        )

    @property
    def names_server(self) -> bool:
        """True if its name in the handshake holds the name of our server."""
        return any(known.endswith("*") for known in self.handshake_names)

    def server_named_in(self, said: str) -> str:
        """Return the name of our server in a handshake that holds it; else an empty text."""
        name = said.partition(" ")[0]
        starts = [known[:-1] for known in self.handshake_names if known.endswith("*")]
        return next((name[len(start) :] for start in starts if name.lower().startswith(start)), "")
