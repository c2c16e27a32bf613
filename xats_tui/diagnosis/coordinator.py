"""The home, its configuration, and the coordinator that runs in it or could."""

import errno
import json
import os
import socket
import stat
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

import psutil

from xats_tui import __version__, pid_file
from xats_tui.diagnosis.finding import Case, Finding, ok, problem, warning
from xats_tui.paper import short
from xats_tui.pid_file import PidRecord
from xats_tui.settings import Settings

PORTS_TRIED = 3
"""The coordinator takes the port that is asked for, or one of the next two."""

HEALTH_PATIENCE = 2.0
"""Seconds for a coordinator to answer; it takes some milliseconds."""

OTHERS = 0o077
"""What group and everybody may do."""


def home(case: Case) -> Iterator[Finding]:
    """The folder, and who may look into it."""
    folder = case.loaded.settings.home
    if not folder.exists():
        yield from _future_home(folder)
        return
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield problem(
            "home", f"{folder} cannot be written", "make it yours (chown, chmod 700), or name another: --home"
        )
        return
    is_shared = folder in (Path.home(), *Path.home().parents)  # never closed to others: other things are in it
    looked_at = [path for path in folder.iterdir() if path.is_file()] if not is_shared else []
    open_ones = [path for path in [*([] if is_shared else [folder]), *looked_at] if _mode(path) & OTHERS]
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
        yield ok("home", f"{short(folder)}: not there yet, made at the first start")
    else:
        yield problem("home", f"{folder} cannot be made in {above}", "name a folder that you may write to: --home DIR")


def _mode(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0


def configuration(case: Case) -> Iterator[Finding]:
    """The settings, from wherever they come."""
    if case.complaint:
        yield problem("configuration", case.complaint, "correct that value; `xats-tui config` shows what holds")
        return
    chosen = sorted(name for name, source in case.loaded.sources.items() if source != "default")
    path = case.loaded.settings.config_path
    where = short(path) if path.exists() else f"no {path.name}"
    yield ok("configuration", f"{where}; " + (f"set: {', '.join(chosen)}" if chosen else "all as by default"))


def pid(case: Case) -> Iterator[Finding]:
    """The pid file, and whether it speaks the truth."""
    path = case.loaded.settings.pid_path
    record = pid_file.read(path)
    if sentence := pid_file.contradiction(path):
        yield problem("coordinator", sentence, "stop that process, and start again")
    elif running := pid_file.running(path):
        yield from _running(running)
    elif pid_file.is_running(path):
        yield warning("coordinator", f"{path} is held, but names nobody: one is just starting or ending", "look again")
    elif record is not None:
        found = f"none runs; {path} is left of process {record.pid}, which was killed"
        yield warning("coordinator", found, "nothing: the next start removes it")
    elif path.exists():
        yield warning("coordinator", f"{path} is no pid file of ours", f"remove it: rm {quote(str(path))}")
    else:
        yield ok("coordinator", "none runs now; the first bridge starts one")


def _running(record: PidRecord) -> Iterator[Finding]:
    found = f"runs as pid {record.pid} at port {record.port}, {'with' if record.screen else 'without'} a screen"
    if record.version != __version__:
        remedy = "stop it, so that this version is started next: kill " + str(record.pid)
        yield warning("coordinator", f"{found}, version {record.version}, this is {__version__}", remedy)
    else:
        yield ok("coordinator", found)


def port(case: Case) -> Iterator[Finding]:
    """Whether the coordinator answers at its port, or could have it."""
    settings = case.loaded.settings
    if record := pid_file.running(settings.pid_path):
        if _is_healthy(record):
            yield ok("port", f"{record.port} answers as a coordinator")
        else:
            found = f"{record.port}: pid {record.pid} should answer there, and does not"
            yield problem("port", found, f"end it, and start again: kill {record.pid}")
        return
    yield from _free(settings)


def _free(settings: Settings) -> Iterator[Finding]:
    if settings.port == 0:
        yield ok("port", "the system chooses one")
        return
    ports = range(settings.port, min(settings.port + PORTS_TRIED, 65536))
    refusals = {one: _refusal(settings.host, one) for one in ports}
    usable = next((one for one, refusal in refusals.items() if refusal is None), None)
    if usable == settings.port:
        yield ok("port", f"{usable} is free")
        return
    owner = _owner(settings.port) if refusals[settings.port] == errno.EADDRINUSE else ""
    reason = f"taken{owner}" if owner else os.strerror(refusals[settings.port] or errno.EADDRINUSE).lower()
    if usable:
        remedy = f"nothing, if agents use the bridge: the coordinator will take {usable}; else --port N"
        yield warning("port", f"{settings.port} is {reason}", remedy)
    else:
        yield problem("port", f"{ports[0]}-{ports[-1]} on {settings.host}: {reason}", "name another with --port N")


def _refusal(host: str, one: int) -> int | None:
    """Why a port cannot be had, as an errno; None if it can."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, one))
            probe.listen(1)
        except OSError as error:
            return error.errno or errno.EINVAL
    return None


def _owner(one: int) -> str:
    """Whose it is: ` by NAME, pid N`, or ` by another user's process`."""
    try:
        connections = psutil.net_connections(kind="tcp")
        pids = [
            connection.pid
            for connection in connections
            if connection.laddr and connection.laddr.port == one and connection.status == psutil.CONN_LISTEN
        ]
        number = next((number for number in pids if number), None)
        return f" by {psutil.Process(number).name()}, pid {number}" if number else " by a process of another user"
    except psutil.Error:
        return " by another program"


def _is_healthy(record: PidRecord) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(record.url.removesuffix("/mcp") + "/health", timeout=HEALTH_PATIENCE) as response:
            health = json.load(response)
    except urllib.error.HTTPError as error:
        return error.code == 401  # it wants its token, as only ours does there
    except (OSError, ValueError):
        return False
    return isinstance(health, dict) and "version" in health
