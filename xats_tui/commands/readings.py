"""`xats-tui status`, `agents`, `messages`, `wakes`, `tasks`, `contracts`: data of the running coordinator.

They print tables for people and JSON for programs, and change nothing.
"""

from typing import Annotated

import typer

from xats_tui.commands.completions import (
    complete_agent,
    complete_contract,
    complete_message,
    complete_task,
    complete_team,
)
from xats_tui.commands.output.printing import AsJson, Wide, show_facts, show_list
from xats_tui.runtime.operator_client import NotAsked, ask, found
from xats_tui.runtime.settings import Loaded

EXIT_NOT_RUNNING = 1

Team = Annotated[
    str | None, typer.Option("--team", metavar="TEAM", help="Only this team.", autocompletion=complete_team)
]
Agent = Annotated[
    str | None, typer.Option("--agent", metavar="NAME", help="Only of this agent.", autocompletion=complete_agent)
]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1000, help="Maximum number of rows.")]


def status(loaded: Loaded, as_json: AsJson = False) -> int:
    """Show the coordinator's state and what needs you; exit code 1 if none runs."""
    try:
        record = found(loaded.settings)
    except NotAsked:
        if not as_json:
            raise
        show_facts({"running": False}, "status", as_json=True)
        return EXIT_NOT_RUNNING
    where = {"pid": record.pid, "url": record.url, "screen": record.screen, "terminal": record.terminal}
    known = {"running": True, **where, **ask(loaded.settings, "status")}
    return show_facts(known, "status", as_json=as_json)


def agents(
    loaded: Loaded,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="One agent in detail: NAME, NAME@TEAM or the start of its id.",
            autocompletion=complete_agent,
        ),
    ] = None,
    team: Team = None,
    online: Annotated[bool, typer.Option("--online", help="Only agents that are present now.")] = False,
    limit: Limit = 1000,
    as_json: AsJson = False,
    wide: Wide = False,
) -> int:
    """List the agents, or show one agent with the ways to it and the gates for waking it."""
    if name is None:
        answer = ask(loaded.settings, "agents", team=team, online=online, limit=limit)
        return show_list(answer, "agents", as_json=as_json, wide=wide)
    return show_facts(ask(loaded.settings, "agent", agent=name), "agent", as_json=as_json, wide=wide)


def messages(
    loaded: Loaded,
    message: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="One message: its id or the start of it.", autocompletion=complete_message),
    ] = None,
    agent: Agent = None,
    team: Team = None,
    unread: Annotated[bool, typer.Option("--unread", help="Only messages that their recipient has not read.")] = False,
    limit: Limit = 50,
    as_json: AsJson = False,
    wide: Wide = False,
) -> int:
    """List the newest messages, or show one message with its recipients and wakes."""
    if message is None:
        answer = ask(loaded.settings, "messages", agent=agent, team=team, unread=unread, limit=limit)
        return show_list(answer, "messages", as_json=as_json, wide=wide)
    return show_facts(ask(loaded.settings, "message", id=message), "message", as_json=as_json, wide=wide)


def wakes(
    loaded: Loaded,
    message: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]",
            help="The wakes of one message, with every attempt: its id or the start of it.",
            autocompletion=complete_message,
        ),
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only failed wakes of unread messages.")] = False,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only wakes that are still to be tried.")] = False,
    agent: Agent = None,
    team: Team = None,
    limit: Limit = 50,
    as_json: AsJson = False,
    wide: Wide = False,
) -> int:
    """List the newest wakes, or show the wakes of one message with every attempt."""
    if message is None:
        settings = loaded.settings
        answer = ask(settings, "wakes", failed=failed, waiting=waiting, agent=agent, team=team, limit=limit)
        return show_list(answer, "wakes", as_json=as_json, wide=wide)
    one = ask(loaded.settings, "wake", id=message)
    return show_facts(one["wakes"], "wake", as_json=as_json, wide=wide)


def tasks(
    loaded: Loaded,
    task: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="One task: its id or the start of it.", autocompletion=complete_task),
    ] = None,
    is_open: Annotated[bool, typer.Option("--open", help="Only unfinished tasks.")] = False,
    agent: Agent = None,
    team: Team = None,
    limit: Limit = 50,
    as_json: AsJson = False,
    wide: Wide = False,
) -> int:
    """List the tasks, unfinished ones first, or show one task."""
    if task is None:
        answer = ask(loaded.settings, "tasks", open=is_open, agent=agent, team=team, limit=limit)
        return show_list(answer, "tasks", as_json=as_json, wide=wide)
    return show_facts(ask(loaded.settings, "task", id=task), "task", as_json=as_json, wide=wide)


def contracts(
    loaded: Loaded,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help="One contract with its versions and readers.", autocompletion=complete_contract
        ),
    ] = None,
    team: Team = None,
    limit: Limit = 50,
    as_json: AsJson = False,
    wide: Wide = False,
) -> int:
    """List the contracts, or show one contract with its versions and readers."""
    answer = ask(loaded.settings, "contracts", name=name, team=team, limit=limit)
    if name is None:
        return show_list(answer, "contracts", as_json=as_json, wide=wide)
    return show_facts(answer["contracts"], "contract", as_json=as_json, wide=wide)
