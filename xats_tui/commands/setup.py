"""`xats-tui setup`: connects the installed clients through their own configuration."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from xats_tui.clients.registry import configurations, use_manifests
from xats_tui.runtime.console import Console, visible
from xats_tui.runtime.settings import Loaded

EXIT_FAILED = 1
EXIT_USAGE = 2


ALL = "all"


def _known() -> list[str]:
    """Return the clients that can be set up."""
    return [program.name for program in configurations()]


class ScopeOption(StrEnum):
    """Scope of the configuration."""

    USER = "user"
    PROJECT = "project"


def setup(
    loaded: Loaded,
    client: Annotated[
        str,
        typer.Argument(
            help="Client to connect, as in `xats-tui client list`; `all` means every installed one.",
            metavar="[CLIENT]",
            autocompletion=lambda: [*_known(), ALL],
        ),
    ] = ALL,
    scope: Annotated[
        ScopeOption, typer.Option(help="For you in every folder, or for everybody who works in this folder.")
    ] = ScopeOption.USER,
    hooks: Annotated[bool, typer.Option("--hooks/--no-hooks", help="Also set up the clients' hooks.")] = True,
    allow: Annotated[
        bool, typer.Option("--allow/--no-allow", help="Also allow the xats tools without approval.")
    ] = True,
    remove: Annotated[bool, typer.Option("--remove", help="Remove what setup has added.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the changes and make none.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Make the changes without asking.")] = False,
) -> int:
    """Connect the coding agents on this machine: show the changes to their configuration, ask, back up, write."""
    # Deferred: no other command needs the clients' configuration.
    from xats_tui.clients.setup.config_files import NotUnderstood
    from xats_tui.clients.setup.conversation import SetupRefused, SetupRequest, set_up
    from xats_tui.clients.setup.program import ConfigScope
    from xats_tui.clients.setup.rewriting import NotWritten

    use_manifests(loaded.settings.home)
    if client not in (ALL, *_known()):
        return _failed(f"{client} cannot be set up: choose {', '.join(_known())} or {ALL}", EXIT_USAGE)
    wish = SetupRequest(
        client=client,
        scope=ConfigScope(scope.value),
        hooks=hooks,
        allow=allow,
        remove=remove,
        dry_run=dry_run,
        yes=yes,
    )
    try:
        set_up(loaded, wish, Console())
    except NotUnderstood as error:
        return _failed(f"{error}; nothing was changed")
    except (NotWritten, SetupRefused) as error:
        return _failed(str(error))
    return 0


def _failed(sentence: str, code: int = EXIT_FAILED) -> int:
    print(f"xats-tui: {visible(sentence)}", file=sys.stderr)
    return code
