"""Claude Code's configuration files that hold entries of ours."""

from xats_tui.clients.claude_code.allow_rule import ClaudeAllowRule
from xats_tui.clients.claude_code.hooks import ClaudeHooks
from xats_tui.clients.claude_code.spec import SPEC
from xats_tui.clients.setup.config_files import ConfigFile
from xats_tui.clients.setup.json_files import JsonServers
from xats_tui.clients.setup.program import ClientProgram, ConfigContext, ConfigScope

CONFIG_DIR = "CLAUDE_CONFIG_DIR"


def _files(scope: ConfigScope, around: ConfigContext) -> tuple[ConfigFile, ...]:
    chosen = around.folder(CONFIG_DIR)
    if scope is ConfigScope.PROJECT:
        servers, settings = around.project / ".mcp.json", around.project / ".claude/settings.json"
    else:
        servers = (chosen or around.home) / ".claude.json"
        settings = (chosen or around.home / ".claude") / "settings.json"
    return (
        JsonServers(path=servers, member="mcpServers", command_is_list=False),
        ClaudeHooks(path=settings),
        ClaudeAllowRule(path=settings),
    )


def _elsewhere(around: ConfigContext) -> tuple[ConfigFile, ...]:
    """Return the place of `claude mcp add`: the user's file, under the folder that the command was run in."""
    path = (around.folder(CONFIG_DIR) or around.home) / ".claude.json"
    within = ("projects", str(around.project))
    return (JsonServers(path=path, member="mcpServers", command_is_list=False, within=within),)


PROGRAM = ClientProgram(
    spec=SPEC,
    files=_files,
    elsewhere=_elsewhere,
    project_note="Claude Code asks whether to use it, once, when it is next started in this folder",
)
