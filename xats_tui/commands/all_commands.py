"""All commands; each is imported when it is run or described.

Importing all of them and building their flags takes a tenth of a second, which neither a bridge nor the dashboard has
to wait for.
"""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from xats_tui.commands.options import accepts_flags, with_settings

READINGS = ("status", "agents", "messages", "wakes", "tasks", "contracts")
CHANGES = ("send", "poke", "replay", "reassign", "save")

MODULES: Mapping[str, str] = {
    **{name: name for name in ("daemon", "mcp", "channel", "hook", "config")},
    **{name: name.replace("-", "_") for name in ("pre-register-codex-pane", "setup", "repair", "launch")},
    **dict.fromkeys(READINGS, "readings"),
    "find": "find",
    "since": "since",
    "export": "export.command",
    **dict.fromkeys(("dialogs", "answer"), "dialogs"),
    **dict.fromkeys(CHANGES, "changes"),
    "demo": "demo",
    "doctor": "doctor",
    "client": "client.command",
}
"""Name of each command, with the module here that has a function, or a group of commands, of that name."""


class AllCommands(TyperGroup):
    """The group of all commands."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Imported()  # type: ignore[assignment]  # nothing is added to it

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # typer names its own base
        """Return the names without importing a command."""
        return list(self.commands)


class _Imported(Mapping[str, TyperCommand | TyperGroup]):
    """Commands by name, imported when they are first asked for."""

    def __init__(self) -> None:
        self._made: dict[str, TyperCommand | TyperGroup] = {}

    def __getitem__(self, name: str) -> TyperCommand | TyperGroup:
        if name not in self._made:
            self._made[name] = _made(name)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(MODULES)

    def __len__(self) -> int:
        return len(MODULES)


def _made(name: str) -> TyperCommand | TyperGroup:
    module = import_module(f"{__package__}.{MODULES[name]}")
    found: typer.Typer | Callable[..., int] = getattr(module, name.replace("-", "_"))
    if isinstance(found, typer.Typer):
        app = found
    else:
        app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        app.command(name)(_with_flags(name, found))
    made = typer.main.get_command(app)
    assert isinstance(made, TyperCommand | TyperGroup)
    return made


def _with_flags(name: str, command: Callable[..., int]) -> Callable[..., int | None]:
    if name == "demo":  # with settings of its own
        return command
    if name == "doctor":  # invalid settings are one of its findings
        return accepts_flags(command)
    return with_settings(command)
