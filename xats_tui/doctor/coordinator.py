"""Checks of the home, its configuration, and the coordinator that runs or could run in it."""

import errno
import json
import os
import stat
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from xats_tui import __version__
from xats_tui.backend.api.listener import holder, refusal
from xats_tui.doctor.finding import Case, Finding, ok, problem, warning
from xats_tui.runtime import pid_file
from xats_tui.runtime.console import short
from xats_tui.runtime.pid_file import PidRecord
from xats_tui.runtime.settings import Loaded

HEALTH_TIMEOUT_S = 2.0
"""Seconds for a coordinator to answer; it normally takes milliseconds."""

OTHERS_MODE_MASK = 0o077
"""Permission bits of group and others."""


def home(case: Case) -> Iterator[Finding]:
    """Check the home folder and its permissions."""
    folder = case.loaded.settings.home
    if not folder.exists():
        yield from _future_home(folder)
        return
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield problem(
            "home", f"{folder} cannot be written", "make it yours (chown, chmod 700), or name another: --home"
        )
        return
    is_shared = folder in (Path.home(), *Path.home().parents)  # contains other things: never closed to others
    looked_at = [path for path in folder.iterdir() if path.is_file()] if not is_shared else []
    open_ones = [path for path in [*([] if is_shared else [folder]), *looked_at] if _mode(path) & OTHERS_MODE_MASK]
    if open_ones:
        listed = ", ".join(f"{path.name} ({_mode(path):o})" for path in open_ones[:4])
        more = f" and {len(open_ones) - 4} more" if len(open_ones) > 4 else ""
        yield warning(
            "home", f"{short(folder)}: others may look into {listed}{more}", f"chmod -R go= {quote(str(folder))}"
        )
    else:
        yield ok("home", f"{short(folder)}: closed to others, {len(looked_at)} files")


def _future_home(folder: Path) -> Iterator[Finding]:
    above = next(path for path in folder.parents if path.exists())
    if os.access(above, os.W_OK | os.X_OK):
        yield ok("home", f"{short(folder)} does not exist yet; the first start makes it")
    else:
        yield problem("home", f"{folder} cannot be made in {above}", "name a folder that you may write to: --home DIR")


def _mode(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0


def configuration(case: Case) -> Iterator[Finding]:
    """Check the settings."""
    if case.complaint:
        yield problem("configuration", case.complaint, "correct that value; `xats-tui config` shows all settings")
        return
    chosen = sorted(name for name, source in case.loaded.sources.items() if source != "default")
    path = case.loaded.settings.config_path
    where = short(path) if path.exists() else f"no {path.name}"
    yield ok("configuration", f"{where}; " + (f"set: {', '.join(chosen)}" if chosen else "all at their defaults"))


def pid(case: Case) -> Iterator[Finding]:
    """Check the pid file and whether it is true."""
    path = case.loaded.settings.pid_path
    record = pid_file.read(path)
    if sentence := pid_file.contradiction(path):
        yield problem("coordinator", sentence, "stop that process, and start again")
    elif running := pid_file.running(path):
        yield from _running(running)
    elif pid_file.is_running(path):
        yield warning(
            "coordinator", f"{path} is locked but empty: a coordinator is just starting or ending", "run this again"
        )
    elif record is not None:
        found = f"none runs; {path} was left behind by process {record.pid}, which was killed"
        yield warning("coordinator", found, "nothing: the next start removes it")
    elif path.exists():
        yield warning("coordinator", f"{path} is no pid file of ours", f"remove it: rm {quote(str(path))}")
    else:
        yield ok("coordinator", "none runs now; the first bridge starts one")


def _running(record: PidRecord) -> Iterator[Finding]:
    found = f"runs as pid {record.pid} at port {record.port}, {'with' if record.screen else 'without'} a dashboard"
    if record.version != __version__:
        remedy = f"stop it, so that this version is started next: kill {record.pid}"
        yield warning("coordinator", f"{found}, version {record.version}, this is {__version__}", remedy)
    else:
        yield ok("coordinator", found)


def port(case: Case) -> Iterator[Finding]:
    """Check that the coordinator answers at its port or could get it."""
    settings = case.loaded.settings
    if record := pid_file.running(settings.pid_path):
        if _is_healthy(record):
            yield ok("port", f"{record.port} answers as a coordinator")
        else:
            found = f"{record.port}: pid {record.pid} should answer there, but does not"
            yield problem("port", found, f"end it, and start again: kill {record.pid}")
        return
    yield from _free(case.loaded)


def _free(loaded: Loaded) -> Iterator[Finding]:
    host, one = loaded.settings.host, loaded.settings.port
    refused = refusal(host, one)
    if one == 0:
        yield ok("port", "the system chooses one")
    elif refused is None:
        yield ok("port", f"{one} is free")
    elif refused != errno.EADDRINUSE:
        yield problem("port", f"{one} on {host}: {os.strerror(refused).lower()}", "name another with --port N")
    elif loaded.is_explicit("port"):
        found = f"{one}, which you asked for, is taken by {holder(one)}"
        yield problem("port", found, "name another with --port N, or none to take a free one")
    else:
        remedy = "nothing, if agents use the bridge: the coordinator takes a free one; otherwise --port N"
        yield warning("port", f"{one} is taken by {holder(one)}", remedy)


def _is_healthy(record: PidRecord) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(record.url.removesuffix("/mcp") + "/health", timeout=HEALTH_TIMEOUT_S) as response:
            health = json.load(response)
    except urllib.error.HTTPError as error:
        return error.code == 401  # it asks for its token, as only a coordinator does there
    except (OSError, ValueError):
        return False
    return isinstance(health, dict) and "version" in health
