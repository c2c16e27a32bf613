"""Printing of answers: tables and facts for people, JSON for programs.

Tables and facts are imported only where they are printed.
"""

import json
import os
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

EXIT_NOTHING_FOUND = 1

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Wide = Annotated[bool, typer.Option("--wide", help="Cut nothing; the default if the output is not a terminal.")]


def show_list(answer: Mapping[str, Any], noun: str, *, as_json: bool, wide: bool) -> int:
    """Print the records of an answer as a table or a JSON array; return the exit code."""
    if as_json:
        _show_json(answer[noun])
        return 0
    # Deferred: importing rich and asyncio would slow down every other command.
    from xats_tui.commands.output.lists import list_of

    _show(list_of(noun, answer[noun], wide))
    if answer.get("has_more"):
        print(f"xats-tui: there are more {noun}: use --limit N to see them", file=sys.stderr)
    return 0


def show_found(answer: Mapping[str, Any], *, as_json: bool, wide: bool) -> int:
    """Print what a search has found, and how far it has looked; return 1 if it has found nothing."""
    found, looked_back_to = answer["found"], answer["looked_back_to"]
    if as_json:
        _show_json(answer)
        return 0 if found else EXIT_NOTHING_FOUND
    from xats_tui.commands.output.lists import list_of  # deferred for the same reason
    from xats_tui.commands.output.tables import local

    if found:
        _show(list_of("found", found, wide))
    elif answer["is_complete"]:
        print("xats-tui: nothing matches", file=sys.stderr)
    if not answer["is_complete"]:
        far = f"back to {local(looked_back_to)}" if looked_back_to else "only in a part of what is stored"
        index = "" if answer["indexed_percent"] == 100 else f"; {answer['indexed_percent']} % is indexed by now"
        print(f"xats-tui: searched {far}{index}: add before:TIME to search further back", file=sys.stderr)
    elif answer["has_more"]:
        print("xats-tui: there is more: use --limit N to see it", file=sys.stderr)
    return 0 if found else EXIT_NOTHING_FOUND


def show_facts(answer: Any, kind: str, *, as_json: bool, wide: bool = False) -> int:
    """Print the facts about one object, or the answer as JSON; return the exit code."""
    if as_json:
        _show_json(answer)
        return 0
    from xats_tui.commands.output.details import FACTS  # deferred for the same reason

    _show(FACTS[kind](answer, wide))
    return 0


def _show_json(value: Any) -> None:
    """Print a value as JSON, in ASCII."""
    # In ASCII, no terminal obeys foreign text in it.
    _show(json.dumps(value, indent=2))


def _show(text: str) -> None:
    """Print text."""
    # The reader may have closed the pipe, and its encoding may lack characters.
    if reconfigure := getattr(sys.stdout, "reconfigure", None):
        reconfigure(errors="replace")
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
