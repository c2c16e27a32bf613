"""Command line: parses arguments, runs the command, and turns failures into one sentence and an exit code.

Exit codes: 0 done, 1 cannot start or continue, 2 invalid command line, 130 interrupted.
"""

import sys

from xats_tui.runtime import early_sigint  # first: an interrupt from here on prints no traceback

# isort: split
from xats_tui import __version__
from xats_tui.runtime import hook_client

if hook_client.is_hook(sys.argv):  # an agent waits for it, and it needs nothing of the rest
    hook_client.run(sys.argv)
if hook_client.asks_version(sys.argv):
    print(f"xats-tui {__version__}")
    sys.exit()

# isort: split
from xats_tui.mcp_bridge.host import early  # noqa: F401 - a bridge hears its host from here on

# isort: split
import logging
from typing import Annotated

import typer

from xats_tui.commands.all_commands import AllCommands
from xats_tui.commands.options import accepts_flags
from xats_tui.core.errors import XatsError
from xats_tui.runtime.pid_file import AlreadyRunning
from xats_tui.runtime.settings import InvalidSettings, load

NAME = "xats-tui"
EXIT_FAILED = 1
EXIT_USAGE = 2
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
    from xats_tui.commands.dashboard import dashboard  # deferred: a bridge comes here, too

    return dashboard(load(flags), takeover=takeover, read_only=read_only)


def main() -> int:
    """Run the command line of this process and return the exit code."""
    early_sigint.raise_from_now_on()
    logging.getLogger().addHandler(logging.NullHandler())  # otherwise an unexpected failure prints its traceback
    try:
        return cli(prog_name=NAME, standalone_mode=False) or 0
    except typer.TyperException as error:
        return _failed(f"{_sentence(error.format_message())}; see `{NAME} --help`", error.exit_code)
    except (InvalidSettings, AlreadyRunning, XatsError) as error:
        return _failed(str(error), EXIT_FAILED)
    except (KeyboardInterrupt, typer.Abort):
        return EXIT_INTERRUPTED
    except Exception as error:
        logging.getLogger(__name__).exception("unexpected failure")
        return _failed(f"unexpected {type(error).__name__}: {error}; see the log file for details", EXIT_FAILED)


def _failed(sentence: str, code: int) -> int:
    print(f"{NAME}: {sentence}", file=sys.stderr)
    return code


def _sentence(message: str) -> str:
    said = message.replace(": Value error, ", ": ")  # pydantic's words, which mean nothing to a person
    return said[:1].lower() + said[1:].rstrip(".")


if __name__ == "__main__":
    sys.exit(main())
