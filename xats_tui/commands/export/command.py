"""`xats-tui export`: what a team did in a span of time, as a file to read or to keep."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from xats_tui.commands.completions import complete_team
from xats_tui.commands.export.pages import Report
from xats_tui.commands.export.progress import Progress
from xats_tui.commands.since import moment_of
from xats_tui.core.errors import XatsError
from xats_tui.runtime import private_files
from xats_tui.runtime.operator_client import ask
from xats_tui.runtime.settings import Loaded

PATIENCE_S = 60.0
"""Seconds to wait for a page: on a busy machine, of a large database."""

STDOUT = "-"


class Form(StrEnum):
    """Forms of a report."""

    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"


ENDINGS: Mapping[str, Form] = {".md": Form.MARKDOWN, ".html": Form.HTML, ".htm": Form.HTML, ".json": Form.JSON}


class NotWritten(XatsError):
    """The report was not written; the text is one sentence."""


def export(
    loaded: Loaded,
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="FILE.md, .html or .json; - for standard output.")
    ],
    since: Annotated[str, typer.Option("--since", metavar="MOMENT", help="1d, 2h, 14:05, yesterday …")] = "1d",
    before: Annotated[
        str | None, typer.Option("--before", metavar="MOMENT", help="Only what happened before; now unless given.")
    ] = None,
    team: Annotated[
        str | None, typer.Option("--team", metavar="TEAM", help="Only this team.", autocompletion=complete_team)
    ] = None,
    form: Annotated[Form | None, typer.Option("--format", help="Form, instead of the one FILE ends in.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it exists.")] = False,
) -> int:
    """Write a report: timeline, messages, wakes with evidence, tasks, contracts, agents."""
    chosen = form or _form_of(output)
    first, end = moment_of(since), moment_of(before or "0s")
    if end <= first:
        raise typer.BadParameter(f"--before {before or 'now'} is not after --since {since}")
    path = None if output == STDOUT else Path(output)
    if path and path.exists() and not force:  # before anything is read; once more when it is written
        raise NotWritten(f"{path} exists: add --force to replace it")
    progress = Progress()
    report = Report(partial(ask, loaded.settings, patience=PATIENCE_S), first, end, team, progress.note)
    pieces = _writer(chosen)(report)
    with progress:
        if path is None:
            _print(pieces)
        else:
            _write(path, pieces, force=force)
    return 0


def _form_of(output: str) -> Form:
    form = ENDINGS.get(Path(output).suffix.lower())
    if output == STDOUT:
        raise typer.BadParameter("standard output has no form: add --format markdown, html or json")
    if form is None:
        raise typer.BadParameter(f"{output} has no form: name a file that ends in .md, .html or .json, or add --format")
    return form


def _writer(form: Form) -> Callable[[Report], Iterator[str]]:
    # Deferred: only one of them is used, and the template library imports for longer than the others.
    if form is Form.HTML:
        from xats_tui.commands.export.html import html

        return html
    if form is Form.JSON:
        from xats_tui.commands.export.as_json import as_json

        return as_json
    from xats_tui.commands.export.markdown import markdown

    return markdown


def _write(path: Path, pieces: Iterator[str], *, force: bool) -> None:
    try:
        private_files.write_pieces(path, pieces, replace=force)
    except FileExistsError:
        raise NotWritten(f"{path} exists: add --force to replace it") from None
    except OSError as error:
        raise NotWritten(f"{path} was not written: {error.strerror}") from error


def _print(pieces: Iterator[str]) -> None:
    if reconfigure := getattr(sys.stdout, "reconfigure", None):
        reconfigure(errors="replace")
    try:
        for piece in pieces:
            sys.stdout.write(piece)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
