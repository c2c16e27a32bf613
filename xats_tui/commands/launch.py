"""`xats-tui launch`: starts an agent in a tmux pane of its own and waits until it has registered."""

import json
import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from xats_tui.clients.registry import CLIENTS, launchable, use_manifests
from xats_tui.core.errors import Refusal
from xats_tui.core.model.launches import ClientStart, LaunchRequest, LaunchResult
from xats_tui.core.model.panes import PaneRef, tmux_around
from xats_tui.core.refusals import sentence_of
from xats_tui.runtime.settings import Loaded

FAILED, MISUSED = 1, 2


def launch(
    loaded: Loaded,
    client: Annotated[
        str,
        typer.Argument(
            help="Program to start: claude-code, codex, opencode, or another one of `xats-tui client list`.",
            metavar="CLIENT",
            autocompletion=launchable,
        ),
    ],
    extra: Annotated[
        list[str] | None, typer.Argument(help="After --: further arguments for the program.", metavar="-- ARGUMENT")
    ] = None,
    *,
    name: Annotated[str, typer.Option("--name", help="The agent's name in its team.")],
    team: Annotated[str | None, typer.Option("--team", help="Its team; default: the folder's name.")] = None,
    role: Annotated[str | None, typer.Option("--role", help="A label that others can write to.")] = None,
    folder: Annotated[Path, typer.Option("--dir", help="Folder in which it works.", show_default="here")] = Path(),
    window_name: Annotated[
        str, typer.Option("--window-name", help="Of the tmux window; default: the agent's name.")
    ] = "",
    pane: Annotated[bool, typer.Option("--pane", help="Split this pane instead of opening a window.")] = False,
    server: Annotated[str, typer.Option("-L", help="Another tmux server, by name.", metavar="NAME")] = "",
    socket: Annotated[str, typer.Option("--socket", help="Another tmux server, by its socket.", metavar="FILE")] = "",
    app_server: Annotated[
        bool, typer.Option("--app-server", help="Codex: use an app-server of its own, so that wakes type nothing.")
    ] = False,
    ask_first: Annotated[
        bool,
        typer.Option("--ask-first", help="Let its own settings decide whether the xats tools need your approval."),
    ] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until it has registered.")] = True,
    patience: Annotated[int, typer.Option("--timeout", help="Maximum seconds to wait.", min=1)] = 90,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the command and do nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")] = False,
) -> int:
    """Start an agent in a tmux window and register it.

    It may use the xats tools without asking, and nothing else that its configuration does not allow.  Further arguments
    of the client go after --, as in: xats-tui launch codex --name qa -- --model gpt-5
    """
    use_manifests(loaded.settings.home)
    if problem := _misuse(client, socket, server, pane=pane, app_server=app_server):
        print(f"xats-tui: {problem}", file=sys.stderr)
        return MISUSED
    # Deferred: the other commands have no use for tmux.
    from xats_tui.backend.services.launch.means import checked, means_for, prepared

    try:
        wanted = checked(
            client,
            name,
            team,
            role,
            folder,
            extra=tuple(extra or ()),
            window_name=window_name,
            app_server=app_server,
            asks_first=ask_first,
        )
        means = means_for(wanted, loaded.settings)
        if dry_run:
            return _shown(prepared(wanted, means), as_json=as_json)
        limit = timedelta(seconds=patience) if wait else None
        path = _socket_path(socket, server)
        if server:  # tmux creates the folder for -L, but not for a path, which is what it is given here
            with suppress(OSError):  # tmux then reports the reason itself
                Path(path).parent.mkdir(mode=0o700, exist_ok=True)
        return _launched(loaded, wanted, path, limit, splits=pane, as_json=as_json)
    except Refusal as refusal:
        return _failed(refusal, as_json=as_json)


def _launched(
    loaded: Loaded, wanted: LaunchRequest, socket: str, patience: timedelta | None, *, splits: bool, as_json: bool
) -> int:
    # Deferred: these imports take longer than any other command.
    import asyncio

    from xats_tui.backend.services.launch.launcher import Launcher, LaunchSite, nobody
    from xats_tui.backend.system.tmux import Tmux
    from xats_tui.backend.system.tmux_windows import TmuxWindows
    from xats_tui.commands.launch_coordinator import RemoteLaunchBackend, see_that_one_runs
    from xats_tui.core.clock import SystemClock

    see_that_one_runs(loaded)
    clock = SystemClock()
    desk = RemoteLaunchBackend(loaded.settings, socket or _own_socket())
    launching = Launcher(TmuxWindows(Tmux(clock)), desk, clock, loaded.settings)
    where = LaunchSite(socket=socket, seat=None if socket else PaneRef.own(os.environ), splits=splits)
    tell = _progress if sys.stderr.isatty() and not as_json else nobody
    launched = asyncio.run(launching.launch(wanted, where, tell, patience=patience))
    return _told(launched, as_json=as_json)


def _told(launched: LaunchResult, *, as_json: bool) -> int:
    wanted = launched.wanted
    if as_json:
        record = {
            "name": wanted.name,
            "team": wanted.team,
            "client": wanted.client,
            "agent_id": launched.agent_id,
            "tmux_pane_id": launched.pane.pane_id,
            "session": launched.session,
            "window": launched.window,
            "delivery": launched.delivery,
            "attach": launched.pane.way(None),
        }
        print(json.dumps(record, indent=2))
        return 0
    state = "is registered" if launched.agent_id else "starts"
    place = f"{launched.session}:{launched.window}, pane {launched.pane.pane_id}"
    print(f"{wanted.name}@{wanted.team} {state}: {wanted.client} in {place}")
    print(f"  to go there: {launched.pane.way(tmux_around(os.environ))}")
    return 0


def _misuse(client: str, socket: str, server: str, *, pane: bool, app_server: bool) -> str:
    if client not in launchable():
        return f"{client} cannot be launched: choose {_either(launchable())}"
    if socket and server:
        return "-L and --socket both name a tmux server: use only one of them"
    if pane and (socket or server or not PaneRef.own(os.environ)):
        return "--pane splits your current pane: run it inside tmux, without -L and --socket"
    if app_server and not CLIENTS[client].has_app_server:
        return f"--app-server works only for {', '.join(spec.id for spec in CLIENTS.values() if spec.has_app_server)}"
    return ""


def _either(names: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _socket_path(socket: str, server: str) -> str:
    """Return the path of the named server's socket; empty if none was named."""
    if server:
        return str(Path(os.environ.get("TMUX_TMPDIR") or "/tmp") / f"tmux-{os.getuid()}" / server)
    return str(Path(socket).expanduser().absolute()) if socket else ""


def _own_socket() -> str:
    """Return the path of the socket that tmux itself would choose here."""
    return tmux_around(os.environ) or _socket_path("", "default")


def _progress(words: str) -> None:
    print(f"{words} …", file=sys.stderr, flush=True)


def _shown(start: ClientStart, *, as_json: bool) -> int:
    own = {name: value for name, value in start.environment.items() if name != "PATH"}
    if as_json:
        print(json.dumps({"command": list(start.command), "environment": own}, indent=2))
    else:
        print(_line(start.command, own))
    return 0


def _line(command: Sequence[str], environment: dict[str, str]) -> str:
    variables = [f"{name}={shlex.quote(value)}" for name, value in environment.items()]
    return " ".join([*variables, shlex.join(command)])


def _failed(refusal: Refusal, *, as_json: bool) -> int:
    sentence = str(refusal.fields.get("sentence") or sentence_of(refusal))
    if as_json:
        print(json.dumps({"error": refusal.code, "sentence": sentence}))
    print(f"xats-tui: {sentence}", file=sys.stderr)
    return FAILED
