"""The command line: what was typed becomes a command, what fails becomes one sentence and an exit code.

Exit codes: 0 done, 1 cannot start or go on, 2 the command line is wrong, 130 interrupted.
"""

from xats_tui.mcp_bridge.host import early  # noqa: F401  (a bridge hears its host from here on)
from xats_tui.runtime import early_sigint

# isort: split
import logging
import sys
from typing import Annotated

import typer

from xats_tui import __version__
from xats_tui.commands.changes import poke, reassign, replay, save, send
from xats_tui.commands.channel import channel
from xats_tui.commands.config import config
from xats_tui.commands.daemon import daemon
from xats_tui.commands.dashboard import dashboard
from xats_tui.commands.demo import demo
from xats_tui.commands.doctor import doctor
from xats_tui.commands.hook import hook
from xats_tui.commands.launch import launch
from xats_tui.commands.mcp import mcp
from xats_tui.commands.options import accepts_flags, with_settings
from xats_tui.commands.pre_register_codex_pane import pre_register_codex_pane
from xats_tui.commands.readings import agents, contracts, messages, status, tasks, wakes
from xats_tui.commands.repair import repair
from xats_tui.commands.setup import setup
from xats_tui.core.errors import XatsError
from xats_tui.runtime.pid_file import AlreadyRunning
from xats_tui.runtime.settings import InvalidSettings, load

NAME = "xats-tui"
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

HELP = """Coordinate a team of coding agents, and watch them at work.

Without a command it opens the dashboard.  The coordinator runs inside: agents (Claude Code, Codex, opencode, anything
that speaks MCP) connect to it through `xats-tui mcp`, send each other messages, share tasks and publish contracts.

Every flag may stand before or after the command.  Each can also be set in the environment (XATS_PORT for --port) or in
config.toml in the home; `xats-tui config` shows what holds and why.
"""

OPERATORS = (status, agents, messages, wakes, tasks, contracts, send, poke, replay, reassign, save)
"""What the operator asks of the running coordinator."""

cli = typer.Typer(name=NAME, help=HELP, rich_markup_mode=None, pretty_exceptions_enable=False)
for command in (daemon, mcp, channel, hook, config, pre_register_codex_pane, setup, repair, launch, *OPERATORS):
    cli.command(command.__name__.replace("_", "-"))(with_settings(command))
cli.command("demo")(demo)  # with settings of its own
cli.command("doctor")(accepts_flags(doctor))  # bad settings are a finding of its own


@cli.callback(invoke_without_command=True)
@accepts_flags
def root(
    context: typer.Context,
    flags: dict[str, str],
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
    takeover: Annotated[
        bool, typer.Option("--takeover", help="Open the dashboard in place of one that runs elsewhere, which ends.")
    ] = False,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Open a dashboard in which everything is seen and nothing changed.")
    ] = False,
) -> int | None:
    """Keep the flags for the command that follows; without one, open the dashboard."""
    context.obj = flags
    if version:
        print(f"{NAME} {__version__}")
        raise typer.Exit
    if takeover and context.invoked_subcommand:
        raise typer.BadParameter("--takeover is for the dashboard, which is opened without a command")
    if read_only and context.invoked_subcommand:
        raise typer.BadParameter("--read-only is for the dashboard, which is opened without a command")
    return (
        dashboard(load(flags), takeover=takeover, read_only=read_only) if context.invoked_subcommand is None else None
    )


def main() -> int:
    """Run the command line of this process; the exit code."""
    early_sigint.raise_from_now_on()
    logging.getLogger().addHandler(logging.NullHandler())  # else an unexpected failure is printed with its traceback
    try:
        return cli(prog_name=NAME, standalone_mode=False) or 0
    except typer.TyperException as error:
        return _failed(f"{_sentence(error.format_message())}; `{NAME} --help` shows what there is", error.exit_code)
    except (InvalidSettings, AlreadyRunning, XatsError) as error:
        return _failed(str(error), EXIT_FAILED)
    except (KeyboardInterrupt, typer.Abort):
        return EXIT_INTERRUPTED
    except Exception as error:
        logging.getLogger(__name__).exception("unexpected")
        return _failed(f"unexpected {type(error).__name__}: {error}; the log file says more", EXIT_FAILED)


def _failed(sentence: str, code: int) -> int:
    print(f"{NAME}: {sentence}", file=sys.stderr)
    return code


def _sentence(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")


if __name__ == "__main__":
    sys.exit(main())
