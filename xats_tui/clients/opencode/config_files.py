"""opencode's configuration files that hold entries of ours.

opencode reads every file of a folder that has one of its names, with comments; the last file wins.
"""

from pathlib import Path

from xats_tui.clients.opencode.spec import SPEC
from xats_tui.clients.setup.allow_rules import PatternRule
from xats_tui.clients.setup.config_files import ConfigFile, ServerOption
from xats_tui.clients.setup.documents import JSONC
from xats_tui.clients.setup.program import ClientProgram, ConfigContext, ConfigScope
from xats_tui.clients.setup.servers import Servers, one_of
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
        return _named(around.project)
    if chosen := around.folder(CONFIG):
        return _servers(chosen)
    return _named((around.folder(XDG_CONFIG) or around.home / ".config") / "opencode")


def _named(folder: Path) -> Servers:
    return one_of([folder / name for name in NAMES], _servers)


def _servers(path: Path) -> Servers:
    is_on = ServerOption(name="enabled", value=True, without="")
    return Servers(path=path, form=JSONC, place=("mcp",), command_is_list=True, kind="local", options=(is_on,))


PROGRAM = ClientProgram(spec=SPEC, files=_files, asks_about_tools=False)
