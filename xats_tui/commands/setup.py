"""`xats-tui setup`: connects the clients that are installed, by their own configuration."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from xats_tui.runtime.console import Console, visible
from xats_tui.runtime.settings import Loaded

EXIT_FAILED = 1


class ClientOption(StrEnum):
    """Which clients."""

    CLAUDE_CODE = "claude-code"
    CODEX = "codex"
    OPENCODE = "opencode"
    ALL = "all"


class ScopeOption(StrEnum):
    """For whom."""

    USER = "user"
    PROJECT = "project"


def setup(
    loaded: Loaded,
    client: Annotated[
        ClientOption, typer.Argument(help="Which client; `all` means those that are installed.")
    ] = ClientOption.ALL,
    scope: Annotated[
        ScopeOption, typer.Option(help="For you in every folder, or for whoever works in this one.")
    ] = ScopeOption.USER,
    hooks: Annotated[bool, typer.Option("--hooks/--no-hooks", help="Claude Code's hooks, too.")] = True,
    allow: Annotated[
        bool, typer.Option("--allow/--no-allow", help="The rule by which xats's tools need no approval, too.")
    ] = True,
    remove: Annotated[bool, typer.Option("--remove", help="Take out what setup has put in.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the changes and make none.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Make the changes without a question.")] = False,
) -> int:
    """Connect the coding agents on this machine: show the change to their configuration, ask, back up, write."""
    # Here, not above: no other command needs to know what the clients read.
    from xats_tui.clients import ConfigScope
    from xats_tui.clients.setup.config_files import NotUnderstood
    from xats_tui.clients.setup.conversation import SetupRefused, SetupRequest, set_up
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
