"""`xats-tui send`, `poke`, `replay`, `reassign`, `save`: the operator's actions from a script, checked as in the
dashboard.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from xats_tui.commands.completions import complete_agent, complete_message, complete_role, complete_task, complete_team
from xats_tui.commands.output.printing import AsJson, Wide, show_facts
from xats_tui.runtime.operator_client import NotAsked, ask
from xats_tui.runtime.settings import Loaded

EXIT_POKE_FAILED = 1

STDIN = "-"

SUBMITTED = "submitted"

SAVING_TIMEOUT_S = 120.0
"""Time for writing a large database."""


def send(
    loaded: Loaded,
    body: Annotated[str, typer.Argument(metavar="BODY", help="The text; - reads it from stdin.")],
    to: Annotated[
        list[str] | None,
        typer.Option(
            "--to", metavar="NAME", help="Recipient; may be given several times.", autocompletion=complete_agent
        ),
    ] = None,
    role: Annotated[
        str | None,
        typer.Option("--role", metavar="ROLE", help="Send to all agents of this role.", autocompletion=complete_role),
    ] = None,
    team: Annotated[
        str | None,
        typer.Option(
            "--team",
            metavar="TEAM",
            help="Send to all agents of this team; with --role, to those of the role.",
            autocompletion=complete_team,
        ),
    ] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Send to all agents of all teams.")] = False,
    subject: Annotated[str | None, typer.Option("--subject", metavar="TEXT", help="Subject of the message.")] = None,
    need_reply: Annotated[bool, typer.Option("--need-reply", help="Request a reply.")] = False,
    urgent: Annotated[
        bool, typer.Option("--urgent", help="Reach agents in the middle of a turn, where their client allows it.")
    ] = False,
    as_json: AsJson = False,
    wide: Wide = False,
) -> int:
    """Send a message to agents as the operator, and show how each of them is woken."""
    if sum((bool(to), bool(role or team), everybody)) != 1:
        raise typer.BadParameter("choose the recipients with --to NAME, --role ROLE, --team TEAM or --all")
    answer = ask(
        loaded.settings,
        "send",
        body=_stdin() if body == STDIN else body,
        to=to or [],
        role=role,
        team=team,
        everybody=everybody,
        subject=subject,
        need_reply=need_reply,
        urgent=urgent,
    )
    return show_facts(answer, "send", as_json=as_json, wide=wide)


def poke(
    loaded: Loaded,
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="The agent to poke.", autocompletion=complete_agent)],
    line: Annotated[
        str | None,
        typer.Argument(metavar="[TEXT]", help="The line to type; default: a request to read messages."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Type one line into an agent's pane and submit it, if every gate is open; exit code 1 if it was not submitted."""
    proof = ask(loaded.settings, "poke", agent=agent, text=line)
    show_facts(proof, "poke", as_json=as_json)
    return 0 if proof["step"] == SUBMITTED else EXIT_POKE_FAILED


def replay(
    loaded: Loaded,
    message: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="The message: its id or the start of it.", autocompletion=complete_message),
    ] = None,
    agent: Annotated[
        str | None, typer.Argument(metavar="[AGENT]", help="Only this recipient.", autocompletion=complete_agent)
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="All failed wakes of unread messages.")] = False,
    team: Annotated[
        str | None,
        typer.Option("--team", metavar="TEAM", help="Only wakes of this team.", autocompletion=complete_team),
    ] = None,
    as_json: AsJson = False,
    wide: Wide = False,
) -> int:
    """Try the wakes of a message again from the start, each through every gate."""
    if failed == (message is not None):
        raise typer.BadParameter("name a message, or use --failed for all failed wakes")
    answer = ask(loaded.settings, "replay", id=message, agent=agent, failed=failed, team=team)
    return show_facts(answer, "replay", as_json=as_json, wide=wide)


def reassign(
    loaded: Loaded,
    task: Annotated[
        str,
        typer.Argument(metavar="TASK", help="The task: its id or the start of it.", autocompletion=complete_task),
    ],
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="The new owner.", autocompletion=complete_agent)],
    owner: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="NAME",
            help="Only if this agent still owns the task; nobody: only if it has no owner.",
            autocompletion=complete_agent,
        ),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Give a task to another agent of its team, and notify both agents."""
    given = ask(loaded.settings, "reassign", task=task, agent=agent, owner=owner)
    return show_facts(given, "task", as_json=as_json)


def save(
    loaded: Loaded,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]",
            help="The new file; default: the database's own path if free, else one beside it.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Have the coordinator write all stored data into a new file, even if its own database files are gone."""
    path = str(file.expanduser().absolute()) if file else None
    return show_facts(ask(loaded.settings, "save", SAVING_TIMEOUT_S, path=path), "save", as_json=as_json)


def _stdin() -> str:
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        raise NotAsked(f"the text on stdin is not UTF-8 (byte {error.start})") from error
