"""`xats-tui dialogs`, `answer`: what agents ask a person, and the person's answer from a script."""

from typing import Annotated

import typer

from xats_tui.commands.completions import complete_agent, complete_team
from xats_tui.commands.output.printing import AsJson, Wide, show_facts, show_list
from xats_tui.runtime.operator_client import ask
from xats_tui.runtime.settings import Loaded


def dialogs(
    loaded: Loaded,
    team: Annotated[
        str | None, typer.Option("--team", metavar="TEAM", help="Only this team.", autocompletion=complete_team)
    ] = None,
    as_json: AsJson = False,
    wide: Wide = False,
) -> int:
    """List all open dialogs of agents, each with the answers that it offers."""
    return show_list(ask(loaded.settings, "dialogs", team=team), "dialogs", as_json=as_json, wide=wide)


def answer(
    loaded: Loaded,
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="The agent that asks.", autocompletion=complete_agent)],
    allow: Annotated[bool, typer.Option("--allow", help="Allow this one use; never later ones.")] = False,
    deny: Annotated[bool, typer.Option("--deny", help="Deny it.")] = False,
    option: Annotated[
        int | None, typer.Option("--option", metavar="N", min=1, help="Choose the option with this number.")
    ] = None,
    expect: Annotated[
        str | None,
        typer.Option("--expect", metavar="TEXT", help="Only if the dialog contains this text; else nothing is sent."),
    ] = None,
    text: Annotated[
        str | None, typer.Option("--text", metavar="TEXT", help="The words of an answer that needs some.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Answer an agent's open dialog; without a choice, show it.  Exit code 1 if the answer was not taken."""
    choices = (allow, deny, option is not None)
    if sum(choices) > 1:
        raise typer.BadParameter("choose one of --allow, --deny and --option N")
    if not any(choices):
        if text is not None:
            raise typer.BadParameter("--text goes with --option N")
        return show_facts(ask(loaded.settings, "dialog", agent=agent, expect=expect), "dialog", as_json=as_json)
    effect = "allow" if allow else "deny" if deny else None
    given = ask(loaded.settings, "answer", agent=agent, effect=effect, option=option, expect=expect, text=text)
    return show_facts(given, "answer", as_json=as_json)
