"""`xats-tui doctor`: looks for problems on this machine; every finding comes with a fix.

Invalid settings are a finding, too, where other commands refuse to start.
"""

import os
from collections.abc import Mapping
from typing import Annotated

import typer

from xats_tui.runtime.console import Console
from xats_tui.runtime.settings import DEFAULT_HOME, SETTINGS, InvalidSettings, Loaded, checked, load

EXIT_FAILED = 1


def doctor(
    context: typer.Context,
    flags: dict[str, str],
    quick: Annotated[bool, typer.Option("--quick", help="Only look: no round trip, no test wake.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")] = False,
) -> int:
    """Look for problems that keep xats-tui from working here; nothing is changed, and every finding comes with a fix.

    It checks Python, terminal, tmux, home, coordinator, database and the configuration of the coding agents, and tries
    a bridge and a wake in a separate environment.  The exit code is 1 if there is a problem.
    """
    loaded, complaint = _loaded({**(context.obj or {}), **flags})
    # Deferred: the other commands have no use for the database module and tomlkit.
    from xats_tui.clients.setup.own_command import OwnCommand
    from xats_tui.clients.setup.program import ConfigContext
    from xats_tui.doctor.finding import Case
    from xats_tui.doctor.report import examine

    case = Case(
        loaded=loaded,
        complaint=complaint,
        environment=os.environ,
        around=ConfigContext.here(),
        own=OwnCommand.of_this_process(loaded),
    )
    return 0 if examine(case, Console(), quick=quick, as_json=as_json) else EXIT_FAILED


def _loaded(flags: Mapping[str, str]) -> tuple[Loaded, str]:
    """Return the settings and an empty complaint; for invalid settings, the defaults and the complaint."""
    try:
        loaded = load(flags)
        return loaded, _about_keys(loaded)
    except InvalidSettings as error:
        home = flags.get("home") or os.environ.get("XATS_HOME") or DEFAULT_HOME
        sources = {**dict.fromkeys(SETTINGS, "default"), "home": "flag" if "home" in flags else "default"}
        return Loaded(settings=checked({"home": home}, sources), sources=sources), str(error)


def _about_keys(loaded: Loaded) -> str:
    if not loaded.settings.keys:
        return ""
    # Deferred: the dashboard's actions are known where Textual is, which takes a third of a second.
    from xats_tui.dashboard.keys import complaint

    return complaint(loaded)
