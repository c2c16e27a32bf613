"""The prerequisites of a launch on this machine: valid name, folder, program, free port, command of the bridge.

It opens no window and calls no coordinator.
"""

import os
import shutil
import socket
import sys
import tomllib
import uuid
from collections.abc import Mapping
from pathlib import Path

from xats_tui.backend.services.agents.registry import checked_label, team_of
from xats_tui.clients.registry import CLIENTS, launchable, starter
from xats_tui.clients.setup.own_command import own_program
from xats_tui.core.errors import Refusal
from xats_tui.core.model.launches import ClientStart, LaunchCommand, LaunchRequest
from xats_tui.runtime.settings import Settings


def checked(client: str, name: str, team: str | None, role: str | None, folder: Path, **more: object) -> LaunchRequest:
    """Return the launch request, checked, with the team that the agent will have.

    Raises:
        Refusal: `unknown_client`, `no_folder`, or an invalid label.
    """
    if client not in launchable():
        told = f"{client} cannot be launched; choose one of: {', '.join(launchable())}"
        raise Refusal("unknown_client", sentence=told)
    place = folder.expanduser().absolute()
    if not place.is_dir():
        raise Refusal("no_folder", sentence=f"there is no folder {place}")
    return LaunchRequest(
        client=client,
        name=checked_label("name", name),
        team=team_of(team, str(place)),
        role=checked_label("role", role) if role else None,
        folder=place,
        **more,  # type: ignore[arg-type]  # fields of LaunchRequest that need no check
    )


def means_for(wanted: LaunchRequest, settings: Settings, environment: Mapping[str, str] = os.environ) -> LaunchCommand:
    """Return the launch command for this machine.

    Raises:
        Refusal: `not_installed`; `token_not_in_file`: the bridge could get the token only where all users can read it.
    """
    if settings.token and not _says_token(settings.config_path):
        told = f"the agent's bridge needs the token, too: write it into {settings.config_path}"
        raise Refusal("token_not_in_file", sentence=told)
    spec = CLIENTS[wanted.client]
    program = shutil.which(spec.program, path=environment.get("PATH"))
    if program is None:
        told = f"{spec.program} is not installed, or not on PATH: {spec.install}"
        raise Refusal("not_installed", sentence=told)
    # -P: a module in the folder with the name of a standard module must not be imported by the bridge.
    xats = (sys.executable, "-P", "-m", "xats_tui")
    home = ("--home", str(settings.home), *(("--pid-file", str(settings.pid_file)) if settings.pid_file else ()))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return LaunchCommand(
        program=program,
        bridge=(*xats, "mcp", *home),
        hook=(*own_program(), "hook", *home),  # the script begins sooner than -m
        port=port,
        mark=str(uuid.uuid4()),
    )


def _says_token(config: Path) -> bool:
    try:
        return bool(tomllib.loads(config.read_text(encoding="utf-8")).get("token"))
    except (OSError, ValueError):
        return False


def prepared(wanted: LaunchRequest, means: LaunchCommand, environment: Mapping[str, str] = os.environ) -> ClientStart:
    """Return the command and environment for the pane; programs are found on this process's PATH."""
    start = starter(wanted.client)(wanted, means, environment)
    path = {"PATH": environment["PATH"]} if "PATH" in environment else {}
    return ClientStart(
        command=start.command,
        environment={**path, **start.environment},
        announces=start.announces,
        base_url=start.base_url,
    )
