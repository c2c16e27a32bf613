"""The conversation in which the clients are set up: each change is shown, asked about, made and told.

What belongs into which file is for the clients to say.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import typer
from msgspec import Struct

from xats_tui.clients.registry import configurations
from xats_tui.clients.setup.config_files import ALLOW_RULE, EXTENSION, HOOKS, ConfigFile
from xats_tui.clients.setup.former_texts import FormerText, FormerTexts
from xats_tui.clients.setup.hooks_once import HooksBeside, hooks_beside
from xats_tui.clients.setup.own_command import OwnCommand
from xats_tui.clients.setup.program import ClientProgram, ConfigContext, ConfigScope
from xats_tui.clients.setup.rewriting import (
    Change,
    carry_out,
    change,
    check_writable,
    holds_ours,
    missing_folders,
    plain_text,
)
from xats_tui.core.clock import SystemClock
from xats_tui.runtime.console import Console, short, visible
from xats_tui.runtime.settings import Loaded

ALL = "all"

ALLOWING = (
    "With this rule {client} lets its model call xats's own tools, and only those, without asking you: a woken agent "
    "has nobody to ask, and would stop at get_inbox."
)

BESIDE = "These hooks hold in this folder, too, in another form: {client} would run both at each event."

MAX_SHOWN_LINES = 12
"""Lines of a change that are shown of a file that is all ours."""

DIFF_COLOURS = {"+": ("green",), "-": ("red",), "@": ("cyan",)}


class SetupRefused(Exception):
    """Nothing more is done; one sentence that says why."""


class SetupRequest(Struct, frozen=True, kw_only=True):
    """Options of the setup command."""

    client: str
    """Its name, or `all`."""
    scope: ConfigScope
    hooks: bool
    allow: bool
    """Let the agents call our tools without asking."""
    remove: bool
    dry_run: bool
    yes: bool


def set_up(loaded: Loaded, wish: SetupRequest, paper: Console) -> None:
    """Bring the clients' configuration to what is wished, file by file.

    Raises:
        NotUnderstood: one of the files cannot be read; nothing was changed.
        NotWritten, Refused: it cannot go on; what was told until then is done.
    """
    around = ConfigContext.here()
    own = None if wish.remove else OwnCommand.of_this_process(loaded)
    planned = [(client, _files(client, wish, around, own)) for client in _clients(wish)]
    changes = [change(file, own) for _, files in planned for file in files]  # all are read before one is written
    for one in filter(None, changes):
        check_writable(one.path)
    if wish.remove and not any(changes):
        paper.write("Nothing of xats-tui is in these configurations.")
        return
    settler = _Settler(own, wish, paper, FormerTexts(loaded.settings.home))
    written = [settler.settle(client, files) for client, files in planned]
    if any(written) and not wish.remove:
        _say_last(loaded, paper)


def _files(
    client: ClientProgram, wish: SetupRequest, around: ConfigContext, own: OwnCommand | None
) -> list[ConfigFile]:
    """Return the files to go through: those of the scope, then others whose hooks would run beside its own."""
    left_out = {HOOKS: not wish.hooks, EXTENSION: not wish.hooks, ALLOW_RULE: not wish.allow}
    files = [file for file in client.files(wish.scope, around) if not left_out.get(file.holds)]
    return [*files, *(hooks_beside(client, wish.scope, around, own) if own and wish.hooks else ())]


def _clients(wish: SetupRequest) -> Sequence[ClientProgram]:
    """Return the clients to set up.

    Raises:
        Refused: none of them is installed.
    """
    if wish.remove:
        return [client for client in configurations() if wish.client in (ALL, client.name)]
    meant = [client for client in configurations() if wish.client in (ALL, client.name)]
    installed = [client for client in meant if client.where(os.environ)]
    if not installed:
        programs = ", ".join(f"`{client.program}`" for client in meant)
        raise SetupRefused(f"no {programs} on PATH: install the client first, or see that PATH leads to it")
    return installed


class _Settler:
    """Shows each change, asks about it, makes it and tells of it."""

    def __init__(self, own: OwnCommand | None, wish: SetupRequest, paper: Console, formers: FormerTexts) -> None:
        self._own = own
        self._wish = wish
        self._paper = paper
        self._formers = formers
        self._drafts: dict[Path, str | None] = {}
        """Texts of the files after the changes that were only shown (--dry-run)."""
        self._written: set[Path] = set()
        self._declined: set[tuple[str, str]] = set()
        """Kinds of entries that the person did not want."""

    def settle(self, client: ClientProgram, files: Sequence[ConfigFile]) -> bool:
        """Go through the files of a client; whether one was written."""
        self._paper.write(self._paper.coloured(client.title, "bold"))
        if not files:
            self._paper.write("  nothing to set up in a project")
        written = [self._settle_one(client, file, files) for file in files]
        if any(written) and self._wish.scope is ConfigScope.PROJECT and not self._wish.remove and client.project_note:
            self._paper.wrapped(client.project_note + ".", "  ", "  ", "dim")
        self._paper.write()
        return any(written)

    def _settle_one(self, client: ClientProgram, file: ConfigFile, files: Sequence[ConfigFile]) -> bool:
        place = _place(file.path)
        if isinstance(file, HooksBeside) and (client.name, HOOKS) in self._declined:
            return False  # they are the only ones
        former, beside = self._formers.of(file.path), [one for one in files if one.path == file.path]
        # Anew: what was written before may stand in the same file.
        found = change(file, self._own, self._drafts, former, beside)
        if found is None:
            self._say_done(f"{file.holds}: {self._state(file)}, {place}")
            return False
        self._show(client, file, found)
        if self._wish.dry_run:
            self._drafts[file.path] = found.after
            self._note(found, beside)
            self._paper.write(f"  {file.holds}: not written (--dry-run), {place}")
            return False
        question = f"  {'Remove' if found.after is None else 'Write'} {place} ({file.holds})?"
        if not self._wish.yes and not _agreed(question):
            self._paper.write("  left as it was")
            self._declined.add((client.name, file.holds))
            return False
        kept = self._write(found, former, beside)
        done = "removed" if found.after is None else "written" if self._own else "taken out"
        self._say_done(f"{file.holds}: {done}, {place}{kept}")
        return True

    def _show(self, client: ClientProgram, file: ConfigFile, found: Change) -> None:
        """Print a change, and what a person has to know about it."""
        notes = {
            ALLOWING.format(client=client.title): file.holds == ALLOW_RULE,
            f"{client.hooks_note}.": file.holds == HOOKS and client.hooks_note,
            BESIDE.format(client=client.title): isinstance(file, HooksBeside),
        }
        for note in (note for note, counts in notes.items() if counts and self._own):
            self._paper.wrapped(note, "  ", "  ", "dim")
        lines = found.diff()
        if file.holds == EXTENSION and len(lines) > MAX_SHOWN_LINES:  # it comes with xats-tui, and is read there
            lines = [*lines[:MAX_SHOWN_LINES], f"… {len(lines) - MAX_SHOWN_LINES} more lines"]
        for line in lines:
            shown = _fitting(visible(line), self._paper)
            self._paper.write("  " + self._paper.coloured(shown, *DIFF_COLOURS.get(line[:1], ())))

    def _write(self, found: Change, former: FormerText | None, beside: Sequence[ConfigFile]) -> str:
        """Make a change; the words that name the backup, if there is one.

        Raises:
            NotWritten: it cannot be made.
        """
        # Taking out what nobody has touched loses nothing; a file that was written a moment ago has a backup.
        loses_nothing = self._own is None and former is not None and former.leads_to(found.before)
        keeps_former = found.path not in self._written and not loses_nothing
        is_private = self._wish.scope is ConfigScope.USER
        self._formers.made(missing_folders(found.path))
        backup = carry_out(found, SystemClock().now(), is_private=is_private, keeps_former=keeps_former)
        self._written.add(found.path)
        self._note(found, beside)
        if found.after is None:
            self._formers.remove_folders()
        with suppress(OSError):  # without the record, removal takes out what is ours all the same
            self._formers.save()
        return f"; as it was: {visible(backup.name)}" if backup else ""

    def _note(self, found: Change, beside: Sequence[ConfigFile]) -> None:
        if any(isinstance(file, HooksBeside) for file in beside):
            return  # of a file of another scope only the hooks are known here
        had, has = holds_ours(beside, found.before), holds_ours(beside, found.after)
        self._formers.note(found, had_ours=had, has_ours=has)

    def _state(self, file: ConfigFile) -> str:
        """Describe a file that needs no change."""
        if self._own is None:
            return "nothing to remove"
        draft = self._drafts.get(file.path, "") if file.path in self._drafts else plain_text(file.path)
        found = file.found(draft or "")
        if file.holds != ALLOW_RULE or (found and found.allows):
            return "already set up"
        return f"cannot be added beside {found.against[0]}; {found.remedy}" if found else "not needed"

    def _say_done(self, text: str) -> None:
        sign = self._paper.coloured(self._paper.shape("✓", "+"), "green")
        self._paper.wrapped(visible(text), f"  {sign} ", "    ")


def _place(path: Path) -> str:
    """Return a file's path for a person, with the file that a symbolic link on the way leads to."""
    around = next((folder for folder in (Path.cwd(), Path.home()) if path.is_relative_to(folder)), path.parent)
    meant, target = around.resolve() / path.relative_to(around), path.resolve()
    leads_to = "" if target == meant else f" (leads to {visible(short(target))})"
    return f"{visible(short(path))}{leads_to}"


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise SetupRefused(
            "there is no terminal to ask in: nothing more was written; add --yes, or --dry-run to look only"
        )
    try:
        return typer.confirm(question)
    except typer.Abort:
        sys.stdout.write("\n")
        raise


def _fitting(line: str, paper: Console) -> str:
    """A changed line as it is; one that only stands beside a change in what the width has room for."""
    room = paper.width - 3
    return line if line[:1] in "+-" or len(line) <= room else line[: room - 1] + paper.shape("…", ">")


def _say_last(loaded: Loaded, paper: Console) -> None:
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
