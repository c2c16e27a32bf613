"""opencode's configuration files that hold entries of ours.

opencode reads every file of a folder that has one of its names, with comments; the last file wins.
"""

from pathlib import Path

from xats_tui.clients.opencode.allow_rule import OpencodeAllowRule
from xats_tui.clients.opencode.spec import SPEC
from xats_tui.clients.setup.config_files import ConfigFile, NotUnderstood
from xats_tui.clients.setup.json_files import JsonServers
from xats_tui.clients.setup.program import ClientProgram, ConfigContext, ConfigScope
from xats_tui.clients.setup.rewriting import plain_text

CONFIG, XDG_CONFIG = "OPENCODE_CONFIG", "XDG_CONFIG_HOME"

NAMES = ("opencode.jsonc", "opencode.json")
"""Its own names, the one that counts more first."""


def _files(scope: ConfigScope, around: ConfigContext) -> tuple[ConfigFile, ...]:
    servers = _file(scope, around)
    return (servers, OpencodeAllowRule(path=servers.path))


def _file(scope: ConfigScope, around: ConfigContext) -> JsonServers:
    if scope is ConfigScope.PROJECT:
        return _one_of(around.project)
    if chosen := around.folder(CONFIG):
        return _servers(chosen)
    return _one_of((around.folder(XDG_CONFIG) or around.home / ".config") / "opencode")


def _one_of(folder: Path) -> JsonServers:
    """The file that has our server, else the one that is there, else the usual one."""
    there = [_servers(folder / name) for name in NAMES if (folder / name).exists()]
    return next((file for file in there if _has_ours(file)), there[0] if there else _servers(folder / NAMES[-1]))


def _has_ours(file: JsonServers) -> bool:
    try:
        return file.found(plain_text(file.path)) is not None
    except NotUnderstood:
        return False


def _servers(path: Path) -> JsonServers:
    return JsonServers(path=path, member="mcp", command_is_list=True, comments=True)


PROGRAM = ClientProgram(spec=SPEC, files=_files, asks_about_tools=False)
