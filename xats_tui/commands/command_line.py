"""The command line as typer reads it: what all commands share, and the dashboard, which opens without a command."""

import sys
from typing import Annotated

import typer

from xats_tui import __version__
from xats_tui.commands.all_commands import AllCommands
from xats_tui.commands.options import accepts_flags
from xats_tui.runtime.settings import load

NAME = "xats-tui"
EXIT_INTERRUPTED = 130

HELP = """Coordinate a team of coding agents, and watch them at work.

Without a command, it opens the dashboard with the coordinator inside.  Agents (Claude Code, Codex, opencode, any
MCP client) connect to it through `xats-tui mcp`, send each other messages, share tasks and publish contracts.

Every flag may stand before or after the command.  Each can also be set in the environment (XATS_PORT for --port) or in
config.toml in the home; `xats-tui config` shows every setting and where it comes from.
"""

cli = typer.Typer(name=NAME, cls=AllCommands, help=HELP, rich_markup_mode=None, pretty_exceptions_enable=False)


@cli.callback(invoke_without_command=True)
@accepts_flags
def root(
    context: typer.Context,
    flags: dict[str, str],
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
    takeover: Annotated[
        bool, typer.Option("--takeover", help="Take over from a dashboard that runs elsewhere; it ends.")
    ] = False,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Open a dashboard that shows everything and changes nothing.")
    ] = False,
) -> int | None:
    """Keep the flags for the subcommand; without one, open the dashboard."""
    context.obj = flags
    if version:
        print(f"{NAME} {__version__}")
        raise typer.Exit
    if takeover and context.invoked_subcommand:
        raise typer.BadParameter("--takeover works only for the dashboard: run `xats-tui --takeover` alone")
    if read_only and context.invoked_subcommand:
        raise typer.BadParameter("--read-only works only for the dashboard: run `xats-tui --read-only` alone")
    if context.invoked_subcommand:
        return None
    from xats_tui.commands.dashboard import dashboard  # deferred: every command comes here

    return dashboard(load(flags), takeover=takeover, read_only=read_only)


def run() -> int:
    """Run the command of this process and return its exit code; a wrong command line is told in one sentence."""
    try:
        return cli(prog_name=NAME, standalone_mode=False) or 0
    except typer.TyperException as error:
        print(f"{NAME}: {_sentence(error.format_message())}; see `{NAME} --help`", file=sys.stderr)
        return error.exit_code
    except typer.Abort:
        return EXIT_INTERRUPTED


def _sentence(message: str) -> str:
    said = message.replace(": Value error, ", ": ")  # pydantic's words, which mean nothing to a person
    return said[:1].lower() + said[1:].rstrip(".")
