"""`xats-tui find`: search everything that is stored."""

import time
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from xats_tui.commands.completions import complete_agent, complete_team
from xats_tui.commands.output.printing import AsJson, Wide, show_found
from xats_tui.core.errors import Refusal
from xats_tui.core.records import replace
from xats_tui.core.refusals import sentence_of
from xats_tui.core.search.records import FindOrder, FindQuery, FoundKind
from xats_tui.runtime.operator_client import ask
from xats_tui.runtime.settings import Loaded, Settings

PATIENCE_S = 20.0
"""Time for which a search goes on by itself in what is not indexed yet."""


def complete_kind(incomplete: str) -> list[str]:
    """Return the kinds of things that are found."""
    return [kind for kind in FoundKind if kind.startswith(incomplete)]


def find(
    loaded: Loaded,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="WORDS",
            help="All have to match: words or parts of them, a quoted phrase, from:NAME to:NAME team:TEAM since:2h "
            "before:14:00 kind:message is:unread, and -WORD after -- for none of it.",
        ),
    ] = None,
    sender: Annotated[
        str | None,
        typer.Option("--from", metavar="NAME", help="Only sent or done by it.", autocompletion=complete_agent),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="NAME", help="Only sent or given to it.", autocompletion=complete_agent),
    ] = None,
    team: Annotated[
        str | None, typer.Option("--team", metavar="TEAM", help="Only this team.", autocompletion=complete_team)
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="MOMENT", help="Nothing older: 2h, 14:00, 2026-11-30.")
    ] = None,
    before: Annotated[
        str | None, typer.Option("--before", metavar="MOMENT", help="Only older: 2h, 14:00, 2026-11-30.")
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="Only message, task, activity, contract or agent; may be repeated.",
            autocompletion=complete_kind,
        ),
    ] = None,
    unread: Annotated[bool, typer.Option("--unread", help="Only messages that a recipient has not read.")] = False,
    order: Annotated[
        str, typer.Option("--order", metavar="ORDER", help="time: newest first; rank: best first of the newest.")
    ] = "time",
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1000, help="Maximum number of hits.")] = 50,
    as_json: AsJson = False,
    wide: Wide = False,
) -> int:
    """Search messages, tasks, activity, contracts and agents; exit code 1 if nothing matches."""
    # Deferred: other commands need no clock, which imports asyncio.
    from xats_tui.core.clock import SystemClock
    from xats_tui.core.search.query_line import read_query

    filters = (("from", sender), ("to", to), ("team", team), ("since", since), ("before", before), ("order", order))
    pieces = [f"{key}:{_quoted(value)}" for key, value in filters if value is not None]
    pieces += [f"kind:{_quoted(one)}" for one in kind or ()] + (["is:unread"] if unread else [])
    try:
        query = read_query(" ".join((*pieces, *map(_as_typed, words or ()))), SystemClock().now())
    except Refusal as refusal:
        raise typer.BadParameter(sentence_of(refusal)) from None
    return show_found(
        _found(loaded.settings, replace(query, order=FindOrder(order)), limit), as_json=as_json, wide=wide
    )


def _found(settings: Settings, query: FindQuery, limit: int) -> dict[str, Any]:
    """Ask for pages until there are enough hits, everything was looked at, or the time is over."""
    from xats_tui.core.search.query_line import line_of  # deferred for the same reason

    line, ends_at = line_of(query), time.monotonic() + PATIENCE_S
    answer = ask(settings, "find", query=line, limit=limit)
    found: Sequence[Any] = answer["found"]
    while not answer["is_complete"] and answer["next_cursor"] and len(found) < limit and time.monotonic() < ends_at:
        answer = ask(settings, "find", query=line, limit=limit - len(found), cursor=answer["next_cursor"])
        found = [*found, *answer["found"]]
    return {**answer, "found": found}


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value


def _as_typed(argument: str) -> str:
    """Return an argument as a piece of a line: what the shell has taken out of quotes is a phrase."""
    return f'"{argument}"' if " " in argument and '"' not in argument else argument
