"""Claude Code's configuration files that hold entries of ours."""

from xats_tui.clients.claude_code.allow_rule import ClaudeAllowRule
from xats_tui.clients.claude_code.local_settings import local_settings
from xats_tui.clients.claude_code.spec import SPEC
from xats_tui.clients.setup.config_files import ConfigFile, ServerOption
from xats_tui.clients.setup.json_files import JsonServers
from xats_tui.clients.setup.json_hooks import JsonHooks
from xats_tui.clients.setup.program import ClientProgram, ConfigContext, ConfigScope

CONFIG_DIR = "CLAUDE_CONFIG_DIR"

ALWAYS_LOAD = ServerOption(
    name="alwaysLoad", value=True, without="its model has to search for the xats tools before it can call one"
)
"""Keeps our tools out of Claude Code's tool search; for this it waits at its start until the bridge has answered."""


def _files(scope: ConfigScope, around: ConfigContext) -> tuple[ConfigFile, ...]:
    chosen = around.folder(CONFIG_DIR)
    if scope is ConfigScope.PROJECT:
        servers, settings = around.project / ".mcp.json", around.project / ".claude/settings.json"
    else:
        servers = (chosen or around.home) / ".claude.json"
        settings = (chosen or around.home / ".claude") / "settings.json"
    return (
        JsonServers(path=servers, member="mcpServers", command_is_list=False, options=(ALWAYS_LOAD,)),
        JsonHooks(path=settings, spec=SPEC),
        ClaudeAllowRule(path=settings),
    )


def _elsewhere(around: ConfigContext) -> tuple[ConfigFile, ...]:
    """Return the user's own files for this folder: where `claude mcp add` writes, and the local settings."""
    path = (around.folder(CONFIG_DIR) or around.home) / ".claude.json"
    within = ("projects", str(around.project))
    files: list[ConfigFile] = [
        JsonServers(path=path, member="mcpServers", command_is_list=False, options=(ALWAYS_LOAD,), within=within)
    ]
    for local in local_settings(around.project):
        files += [JsonHooks(path=local, spec=SPEC), ClaudeAllowRule(path=local)]
    return tuple(files)


PROGRAM = ClientProgram(
    spec=SPEC,
    files=_files,
    elsewhere=_elsewhere,
    runs_equal_hooks_once=True,
    project_note="Claude Code asks whether to use it, once, when it is next started in this folder",
)
