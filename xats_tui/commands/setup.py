"""`xats-tui setup`: connects the installed clients through their own configuration."""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from xats_tui.clients.registry import CODED_IDS
from xats_tui.runtime.console import Console, visible
from xats_tui.runtime.settings import Loaded

EXIT_FAILED = 1


ALL = "all"

if TYPE_CHECKING:
    ClientOption = str
else:  # the choices come from the registry, which no type checker can know
    ClientOption = StrEnum("ClientOption", {client: client for client in (*CODED_IDS, ALL)})

EVERY_CLIENT = ClientOption(ALL)


class ScopeOption(StrEnum):
    """Scope of the configuration."""

    USER = "user"
    PROJECT = "project"


def setup(
    loaded: Loaded,
    client: Annotated[
        ClientOption, typer.Argument(help="Client to connect; `all` means every installed one.")
    ] = EVERY_CLIENT,
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


def _failed(sentence: str) -> int:
    print(f"xats-tui: {visible(sentence)}", file=sys.stderr)
    return EXIT_FAILED
