"""opencode's configuration files that hold entries of ours.

opencode reads every file of a folder that has one of its names, with comments; the last file wins.
"""

from pathlib import Path

from xats_tui.clients.opencode.spec import SPEC
from xats_tui.clients.setup.allow_rules import PatternRule
from xats_tui.clients.setup.config_files import ConfigFile, NotUnderstood, ServerOption
from xats_tui.clients.setup.documents import JSONC
from xats_tui.clients.setup.program import ClientProgram, ConfigContext, ConfigScope
from xats_tui.clients.setup.rewriting import plain_text
from xats_tui.clients.setup.servers import Servers
from xats_tui.clients.spec import SERVER

CONFIG, XDG_CONFIG = "OPENCODE_CONFIG", "XDG_CONFIG_HOME"

NAMES = ("opencode.jsonc", "opencode.json")
"""Its own names, the one that counts more first."""


def _files(scope: ConfigScope, around: ConfigContext) -> tuple[ConfigFile, ...]:
    servers = _file(scope, around)
    rule = PatternRule(path=servers.path, form=JSONC, place=("permission",), pattern=f"{SERVER}_*")
    return (servers, rule)


def _file(scope: ConfigScope, around: ConfigContext) -> Servers:
    if scope is ConfigScope.PROJECT:
        return _one_of(around.project)
    if chosen := around.folder(CONFIG):
        return _servers(chosen)
    return _one_of((around.folder(XDG_CONFIG) or around.home / ".config") / "opencode")


def _one_of(folder: Path) -> Servers:
    """The file that has our server, else the one that is there, else the usual one."""
    there = [_servers(folder / name) for name in NAMES if (folder / name).exists()]
    return next((file for file in there if _has_ours(file)), there[0] if there else _servers(folder / NAMES[-1]))


def _has_ours(file: Servers) -> bool:
    try:
        return file.found(plain_text(file.path)) is not None
    except NotUnderstood:
        return False


def _servers(path: Path) -> Servers:
    is_on = ServerOption(name="enabled", value=True, without="")
    return Servers(path=path, form=JSONC, place=("mcp",), command_is_list=True, kind="local", options=(is_on,))


PROGRAM = ClientProgram(spec=SPEC, files=_files, asks_about_tools=False)
