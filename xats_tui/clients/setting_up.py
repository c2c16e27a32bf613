"""The conversation in which the clients are set up: each change is shown, asked about, made and told.

What belongs into which file is for the clients to say.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from xats_tui.backend.clock import SystemClock
from xats_tui.clients import CLIENTS, Client, Scope, Surroundings
from xats_tui.clients.own_command import OwnCommand
from xats_tui.clients.rewriting import Change, carry_out, change
from xats_tui.paper import Paper, short, visible
from xats_tui.settings import Loaded

ALL = "all"

DIFF_COLOURS = {"+": ("green",), "-": ("red",), "@": ("cyan",)}


class Refused(Exception):
    """Nothing more is done; one sentence that says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the command line asks for."""

    client: str
    """Its name, or `all`."""
    scope: Scope
    hooks: bool
    remove: bool
    dry_run: bool
    yes: bool


def set_up(loaded: Loaded, wish: Wish, paper: Paper) -> None:
    """Bring the clients' configuration to what is wished, file by file.

    Raises:
        NotUnderstood: one of the files cannot be read; nothing was changed.
        NotWritten, Refused: it cannot go on; what was told until then is done.
    """
    around = Surroundings.here()
    own = None if wish.remove else OwnCommand.of_this_process(loaded)
    planned = []
    for client in _clients(wish):  # all are read before one is written
        files = [file for file in client.files(wish.scope, around) if wish.hooks or file.holds != "hooks"]
        planned.append((client, [(file, change(file, own)) for file in files]))
    if wish.remove and not any(found for _, pairs in planned for _, found in pairs):
        paper.write("Nothing of xats-tui is in these configurations.")
        return
    any_written = False
    for client, pairs in planned:
        paper.write(paper.coloured(client.title, "bold"))
        notes = [client.project_note] if wish.scope is Scope.PROJECT and not wish.remove and client.project_note else []
        written = [_settled(file.holds, file.path, found, wish, paper) for file, found in pairs]
        any_written |= any(written)
        for note in notes if any(written) else []:
            paper.wrapped(note + ".", "  ", "  ", "dim")
        paper.write()
    if any_written and not wish.remove:
        _say_last(loaded, paper)


def _clients(wish: Wish) -> Sequence[Client]:
    """Those that are meant.

    Raises:
        Refused: none of them is installed.
    """
    if wish.remove:
        return [client for client in CLIENTS if wish.client in (ALL, client.name)]
    meant = [client for client in CLIENTS if wish.client in (ALL, client.name)]
    installed = [client for client in meant if client.where(os.environ)]
    if not installed:
        programs = ", ".join(f"`{client.program}`" for client in meant)
        raise Refused(f"no {programs} on PATH: install the client first, or see that PATH leads to it")
    return installed


def _settled(holds: str, path: Path, found: Change | None, wish: Wish, paper: Paper) -> bool:
    """Show one change, ask, make it; whether it was made."""
    place = visible(short(path))
    if found is None:
        state = "nothing to remove" if wish.remove else "already set up"
        paper.write(f"  {paper.coloured(paper.shape('✓', '+'), 'green')} {holds}: {state}, {place}")
        return False
    for line in found.diff():
        paper.write("  " + paper.coloured(_fitting(visible(line), paper), *DIFF_COLOURS.get(line[:1], ())))
    if wish.dry_run:
        paper.write(f"  {holds}: not written (--dry-run), {place}")
        return False
    if not wish.yes and not _agreed(f"  {'Remove' if not found.after else 'Write'} {place}?"):
        paper.write("  left as it was")
        return False
    backup = carry_out(found, SystemClock().now(), is_private=wish.scope is Scope.USER)
    kept = f"; as it was: {visible(backup.name)}" if backup else ""
    done = "removed" if not found.after else "written"
    paper.wrapped(f"{holds}: {done}, {place}{kept}", f"  {paper.coloured(paper.shape('✓', '+'), 'green')} ", "    ")
    return True


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise Refused("there is no terminal to ask in: nothing more was written; add --yes, or --dry-run to look only")
    try:
        return typer.confirm(question)
    except typer.Abort:
        sys.stdout.write("\n")
        raise


def _fitting(line: str, paper: Paper) -> str:
    """A changed line as it is; one that only stands beside a change in what the width has room for."""
    room = paper.width - 3
    return line if line[:1] in "+-" or len(line) <= room else line[: room - 1] + paper.shape("…", ">")


def _say_last(loaded: Loaded, paper: Paper) -> None:
    if loaded.settings.token and not loaded.sources["token"].startswith("file "):
        path = visible(short(loaded.settings.config_path))
        paper.wrapped(
            f'The token is not written into other programs\' files: put it into {path} (token = "…"), '
            "where bridges find it.",
            "",
            "",
            "yellow",
        )
    paper.wrapped(
        "Start the agent anew and tell it: register to xats as backend.  `xats-tui doctor` checks everything.", "", ""
    )
