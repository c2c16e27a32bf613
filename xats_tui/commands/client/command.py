"""`xats-tui client list`, `explain` and `check`."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from xats_tui.clients.registry import use_manifests
from xats_tui.commands.options import with_settings
from xats_tui.commands.output.printing import AsJson, Wide
from xats_tui.core.model.labels import CUSTOM
from xats_tui.runtime.console import visible
from xats_tui.runtime.settings import Loaded

EXIT_FAILED = 1


class StateOption(StrEnum):
    """The state that a person reads on a screen."""

    IDLE = "idle"
    DRAFT = "draft"
    BUSY = "busy"
    DIALOG = "dialog"
    NOT_IDLE = "not-idle"


Client = Annotated[
    str,
    typer.Option(
        "--client",
        metavar="NAME|FILE.toml",
        help="The client whose reader is asked, or a manifest; default: the client that is seen there.",
    ),
]


def list_clients(loaded: Loaded, as_json: AsJson = False, wide: Wide = False) -> int:
    """Show the known clients: the version that was tried, how their screens are read, what each has."""
    # Deferred: rich and the parts of clients would slow down every other command.
    from xats_tui.commands.client.listing import as_text, known_clients

    known = known_clients(use_manifests(loaded.settings.home))
    _show(json.dumps(known, indent=2) if as_json else as_text(known, wide=wide))
    for problem in known["problems"].values():
        print(f"xats-tui: {visible(problem)}; its client counts as custom", file=sys.stderr)
    return 0


def explain(
    loaded: Loaded,
    target: Annotated[
        str,
        typer.Argument(metavar="PANE|FILE", help="%5 or session:window.pane of your tmux; or a captured FILE.ansi."),
    ],
    client: Client = "",
    as_json: AsJson = False,
) -> int:
    """Show what is read on a screen, which rule found it where, and what would be typed; nothing is typed."""
    from xats_tui.commands.client.captures import Capture, look_at, read_capture
    from xats_tui.commands.client.explaining import as_text, explained
    from xats_tui.commands.client.trial import client_to_try

    use_manifests(loaded.settings.home)
    if target.endswith(".ansi"):
        capture = read_capture(Path(target).expanduser())
        seen: str | None = capture.client
    else:
        look, seen = look_at(target)
        capture = Capture(name=target, screen=look.screen, formats=look.formats)
    asked = client or seen or CUSTOM
    known = explained(capture, CUSTOM if asked == CUSTOM else client_to_try(asked))
    _show(json.dumps(known, indent=2) if as_json else as_text(known))
    return 0


def check(
    loaded: Loaded,
    name: Annotated[str, typer.Argument(metavar="NAME|FILE.toml", help="A client of `client list`, or a manifest.")],
    captures: Annotated[
        Path | None, typer.Option("--captures", metavar="DIR", help="Captured screens: NAME.ansi, with a NAME.json.")
    ] = None,
    match: Annotated[str, typer.Option("--match", metavar="GLOB", help="Only captures with such names.")] = "*",
    capture: Annotated[
        str, typer.Option("--capture", metavar="PANE", help="First capture this pane into DIR, without personal text.")
    ] = "",
    state: Annotated[
        StateOption | None, typer.Option("--state", help="With --capture: the state that you read there.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Try a client's reader on captured screens; the exit code is 1 if it reads one of them wrong.

    Without captures it only checks the manifest.  In a capture the home's path and the names of user and host are
    replaced; look through it before you pass it on.
    """
    from xats_tui.commands.client.captures import capture_of, captures_in, look_at, written
    from xats_tui.commands.client.trial import as_text, client_to_try, tried

    use_manifests(loaded.settings.home)
    client = client_to_try(name)
    if bool(capture) != (state is not None):
        raise typer.BadParameter("--capture and --state go together: --capture %5 --state idle")
    if capture and state:
        look, _ = look_at(capture)
        path = written(capture_of(look, state.value.replace("-", " "), client), captures or Path())
        print(f"xats-tui: captured {path}; look through it before you pass it on", file=sys.stderr)
    outcome = tried(client, captures_in(captures or Path(), match) if captures or capture else [])
    _show(json.dumps(outcome, indent=2) if as_json else as_text(outcome))
    return EXIT_FAILED if outcome["wrong"] else 0


def _show(text: str) -> None:
    if reconfigure := getattr(sys.stdout, "reconfigure", None):
        reconfigure(errors="replace")  # its encoding may lack characters
    print(text)


client = typer.Typer(
    name="client",
    help="Agent programs: what is known of them, what is read on their screens, and trials of manifests.",
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
)
client.command("list")(with_settings(list_clients))
client.command("explain")(with_settings(explain))
client.command("check")(with_settings(check))
