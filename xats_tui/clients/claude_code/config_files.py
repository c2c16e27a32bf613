"""Claude Code's configuration files that hold entries of ours."""

from pathlib import Path

from xats_tui.clients.claude_code.local_settings import local_settings
from xats_tui.clients.claude_code.spec import SPEC
from xats_tui.clients.setup.allow_rules import ListedRule
from xats_tui.clients.setup.config_files import ConfigFile, ServerOption
from xats_tui.clients.setup.documents import JSON
from xats_tui.clients.setup.json_hooks import JsonHooks
from xats_tui.clients.setup.program import ClientProgram, ConfigContext, ConfigScope
from xats_tui.clients.setup.servers import Servers
from xats_tui.clients.spec import SERVER

CONFIG_DIR = "CLAUDE_CONFIG_DIR"

SERVERS = "mcpServers"

ALWAYS_LOAD = ServerOption(
    name="alwaysLoad", value=True, without="its model has to search for the xats tools before it can call one"
)
"""Keeps our tools out of Claude Code's tool search; for this it waits at its start until the bridge has answered."""

RULE = f"mcp__{SERVER}"
"""All tools of the server."""


def _files(scope: ConfigScope, around: ConfigContext) -> tuple[ConfigFile, ...]:
    chosen = around.folder(CONFIG_DIR)
    if scope is ConfigScope.PROJECT:
        servers, settings = around.project / ".mcp.json", around.project / ".claude/settings.json"
    else:
        servers = (chosen or around.home) / ".claude.json"
        settings = (chosen or around.home / ".claude") / "settings.json"
    return (_servers(servers, SERVERS), *_settings(settings))


def _elsewhere(around: ConfigContext) -> tuple[ConfigFile, ...]:
    """Return the user's own files for this folder: where `claude mcp add` writes, and the local settings."""
    path = (around.folder(CONFIG_DIR) or around.home) / ".claude.json"
    local = [file for settings in local_settings(around.project) for file in _settings(settings)]
    return (_servers(path, "projects", str(around.project), SERVERS), *local)


def _servers(path: Path, *place: str) -> Servers:
    return Servers(path=path, form=JSON, place=place, kind="stdio", options=(ALWAYS_LOAD,))


def _settings(path: Path) -> tuple[ConfigFile, ...]:
    rule = ListedRule(
        path=path,
        form=JSON,
        place=("permissions", "allow"),
        rule=RULE,
        equal=(f"{RULE}__*",),
        beside=("ask", "deny"),
        remedy="take that rule out, in the file or with /permissions",
    )
    return (JsonHooks(path=path, spec=SPEC), rule)


PROGRAM = ClientProgram(
    spec=SPEC,
    files=_files,
    elsewhere=_elsewhere,
    runs_equal_hooks_once=True,
    project_note="Claude Code asks whether to use it, once, when it is next started in this folder",
)
