"""`xats-tui since`: what happened since a moment."""

from typing import Annotated

import typer

from xats_tui.commands.completions import complete_team
from xats_tui.commands.output.printing import AsJson, Wide, show_facts
from xats_tui.core.moments import read_moment
from xats_tui.runtime.operator_client import ask
from xats_tui.runtime.settings import Loaded


def moment_of(text: str) -> str:
    """Return the moment that a person typed, in the wire's form.

    Raises:
        typer.BadParameter: the text means no moment.
    """
    from xats_tui.core.clock import SystemClock, to_wire  # deferred: it imports asyncio, and every command this module

    try:
        return to_wire(read_moment(text, SystemClock().now()))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def since(
    loaded: Loaded,
    moment: Annotated[str, typer.Argument(metavar="MOMENT", help="10m, 2h, 14:05, yesterday, 2026-11-30 14:05.")],
    team: Annotated[
        str | None, typer.Option("--team", metavar="TEAM", help="Only this team.", autocompletion=complete_team)
    ] = None,
    as_json: AsJson = False,
    wide: Wide = False,
) -> int:
    """Sum up what happened since a moment: messages, wakes, dialogs, tasks, contracts, agents."""
    answer = ask(loaded.settings, "since", since=moment_of(moment), team=team)
    return show_facts(answer, "since", as_json=as_json, wide=wide)
