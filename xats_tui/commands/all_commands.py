"""All commands: added to the command line unless the process is a bridge, which needs one of them only."""

import typer

from xats_tui.commands.changes import poke, reassign, replay, save, send
from xats_tui.commands.channel import channel
from xats_tui.commands.client.command import client
from xats_tui.commands.config import config
from xats_tui.commands.daemon import daemon
from xats_tui.commands.demo import demo
from xats_tui.commands.dialogs import answer, dialogs
from xats_tui.commands.doctor import doctor
from xats_tui.commands.export.command import export
from xats_tui.commands.find import find
from xats_tui.commands.hook import hook
from xats_tui.commands.launch import launch
from xats_tui.commands.mcp import mcp
from xats_tui.commands.options import accepts_flags, with_settings
from xats_tui.commands.pre_register_codex_pane import pre_register_codex_pane
from xats_tui.commands.readings import agents, contracts, messages, status, tasks, wakes
from xats_tui.commands.repair import repair
from xats_tui.commands.setup import setup
from xats_tui.commands.since import since

READINGS = (status, agents, messages, wakes, tasks, contracts, find, since, export)
OPERATORS = (*READINGS, dialogs, answer, send, poke, replay, reassign, save)
"""Commands that ask the running coordinator."""

COMMANDS = (daemon, mcp, channel, hook, config, pre_register_codex_pane, setup, repair, launch, *OPERATORS)


def add_to(cli: typer.Typer) -> None:
    """Add every command."""
    for command in COMMANDS:
        cli.command(command.__name__.replace("_", "-"))(with_settings(command))
    cli.add_typer(client)
    cli.command("demo")(demo)  # with settings of its own
    cli.command("doctor")(accepts_flags(doctor))  # invalid settings are one of its findings
