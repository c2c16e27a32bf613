"""How commands of the operator print what they were told: as tables and facts for people, as JSON for programs.

It prints; what a table or a fact looks like is imported only where one is printed.
"""

import json
import os
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Wide = Annotated[bool, typer.Option("--wide", help="Cut nothing off; so it is when the output is no terminal.")]


def show_list(answer: Mapping[str, Any], noun: str, *, as_json: bool, wide: bool) -> int:
    """Print the records of an answer as a table, or as a JSON array; the exit code."""
    if as_json:
        _show_json(answer[noun])
        return 0
    # Here, not above: rich and asyncio would cost every other command their import.
    from xats_tui.commands.output.lists import list_of

    _show(list_of(noun, answer[noun], wide))
    if answer.get("has_more"):
        print(f"xats-tui: there are more {noun}: see them with --limit N", file=sys.stderr)
    return 0


def show_facts(answer: Any, kind: str, *, as_json: bool, wide: bool = False) -> int:
    """Print what is known of one thing, or the answer as JSON; the exit code."""
    if as_json:
        _show_json(answer)
        return 0
    from xats_tui.commands.output.details import FACTS  # here for the same reason

    _show(FACTS[kind](answer, wide))
    return 0


def _show_json(value: Any) -> None:
    """Print a value as JSON; in ASCII, so that no terminal obeys what is in it."""
    _show(json.dumps(value, indent=2))


def _show(text: str) -> None:
    """Print; whoever reads may have gone, and may not know every character."""
    if reconfigure := getattr(sys.stdout, "reconfigure", None):
        reconfigure(errors="replace")
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
