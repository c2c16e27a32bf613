"""Takeover: a dashboard replaces the running coordinator, if it is allowed to.

It decides which coordinator may be told to stop and how its identity is proved.
"""

import json
import logging
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from xats_tui import __version__
from xats_tui.core.clock import from_wire
from xats_tui.core.errors import StartError
from xats_tui.core.records import replace
from xats_tui.dashboard.terminal import window_of
from xats_tui.runtime import pid_file
from xats_tui.runtime.pid_file import PidRecord
from xats_tui.runtime.settings import Loaded

logger = logging.getLogger(__name__)

HEALTH_TIMEOUT_S = 2.0
ENDING_GRACE_S = 0.5
"""Seconds for a coordinator that does not answer to be gone, in case it is just ending."""
POLL_INTERVAL_S = 0.01


class Timeouts(Struct, frozen=True, kw_only=True):
    """Seconds that a takeover waits for other programs."""

    turn_s: float = 15.0
    """For another one that is starting a coordinator."""
    record_s: float = 5.0
    """For a coordinator that has just started to write where it is."""
    # A coordinator grants running calls one second, and everything 5 s.
    stop_s: float = 8.0
    """For a coordinator to stop when told to."""


TIMEOUTS = Timeouts()


class TakenPlace(Struct, frozen=True, kw_only=True):
    """Result of a takeover."""

    loaded: Loaded
    """Settings, with the port that agents already use."""
    note: str
    """Sentence for the operator about what was done; empty if nothing was."""


@contextmanager
def taken(loaded: Loaded, *, also_a_dashboard: bool, timeouts: Timeouts = TIMEOUTS) -> Iterator[TakenPlace]:
    """Keep the coordinator's place free for the length of the block, so that no bridge starts one meanwhile.

    Nothing is lost: everything accepted is in the database, and bridges reconnect by themselves.

    Raises:
        StartError: the running coordinator stays; the sentence names it and the next step.
    """
    path = loaded.settings.pid_path
    _check_permission(pid_file.running(path), also_a_dashboard)  # before waiting for anything
    with pid_file.starting(path, timeouts.turn_s) as ours:
        if not ours:
            raise StartError(f"pid {pid_file.starter(path)} is already starting a coordinator for this home: try again")
        incumbent = _incumbent(loaded, timeouts.record_s)
        if incumbent is None:
            yield TakenPlace(loaded=loaded, note="")
            return
        _check_permission(incumbent, also_a_dashboard)
        _check_proof(incumbent, loaded)
        stopped_at = _stopped(incumbent, loaded, timeouts.stop_s)
        yield TakenPlace(loaded=_on_port_of(incumbent, loaded), note=_note(incumbent))
        logger.info("took over from pid %d within %.2f s", incumbent.pid, time.monotonic() - stopped_at)


def _incumbent(loaded: Loaded, timeout: float) -> PidRecord | None:
    """Return the running coordinator; wait for one that has just started to write where it is."""
    path = loaded.settings.pid_path
    deadline = time.monotonic() + timeout
    while (record := pid_file.running(path)) is None and pid_file.is_running(path):
        if time.monotonic() > deadline:
            problem = pid_file.contradiction(path) or f"a coordinator of this home runs, but {path} does not say where"
            raise StartError(problem)
        time.sleep(POLL_INTERVAL_S)
    return record


def _check_permission(record: PidRecord | None, also_a_dashboard: bool) -> None:
    if record and record.screen and not also_a_dashboard:
        raise StartError(
            f"a dashboard of this home is already running: pid {record.pid}, port {record.port}"
            f"{_place(record)}{_since(record)};"
            " use that one, or replace it with `xats-tui --takeover`"
        )
    if record and _order(record.version) > _order(__version__):
        raise StartError(
            f"the running coordinator (pid {record.pid}) is version {record.version}, newer than this one"
            f" ({__version__}): start that version, or stop it first with `kill {record.pid}`"
        )


def _place(record: PidRecord) -> str:
    window = window_of(record.terminal.rpartition(", ")[2])
    places = [f"tmux {window}" if window else "", record.terminal]
    return "".join(f", in {place}" for place in places if place)


def _check_proof(record: PidRecord, loaded: Loaded) -> None:
    """Raise unless the recorded port is served by this coordinator."""
    # The process gets a signal next: a reused pid must not be hit.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(record.url.removesuffix("/mcp") + "/health", timeout=HEALTH_TIMEOUT_S) as response:
            health = json.load(response)
    except (OSError, ValueError, urllib.error.URLError):
        health = None
    proved = isinstance(health, dict) and health.get("version") == record.version
    if not proved and not _is_free_within(ENDING_GRACE_S, loaded):
        raise StartError(
            f"the running coordinator (pid {record.pid}) does not answer at port {record.port}, so it was left alone:"
            f" if it hangs, end it with `kill -9 {record.pid}`"
        )


def _stopped(record: PidRecord, loaded: Loaded, timeout: float) -> float:
    """Tell the coordinator to stop and wait until it has; return the time at which it was told."""
    told_at = time.monotonic()
    if pid_file.running(loaded.settings.pid_path) != record:
        return told_at
    try:
        os.kill(record.pid, signal.SIGTERM)
    except ProcessLookupError:
        logger.info("pid %d has just ended by itself", record.pid)
    except PermissionError:
        raise StartError(f"the coordinator with pid {record.pid} belongs to another user: stop it there") from None
    if not _is_free_within(timeout, loaded):
        raise StartError(f"the coordinator with pid {record.pid} does not stop: end it with `kill {record.pid}`")
    return told_at


def _is_free_within(seconds: float, loaded: Loaded) -> bool:
    deadline = time.monotonic() + seconds
    while pid_file.is_running(loaded.settings.pid_path):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_INTERVAL_S)
    return True


def _on_port_of(record: PidRecord, loaded: Loaded) -> Loaded:
    """Return the settings with the record's port, unless the command line names another."""
    # Agents already use that port.
    if loaded.sources["port"] == "flag" and loaded.settings.port:
        return loaded
    return replace(loaded, settings=replace(loaded.settings, port=record.port))


def _note(record: PidRecord) -> str:
    kind = "dashboard" if record.screen else "coordinator without a dashboard"
    version = f", version {record.version or 'unknown'}" if record.version != __version__ else ""
    return f"took over from the {kind} that ran here (pid {record.pid}{version}); agents reconnect by themselves"


def _since(record: PidRecord) -> str:
    try:
        return f", since {from_wire(record.started_at).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return ""


def _order(version: str) -> tuple[int, ...]:
    """Return a version's sort key."""
    # A version of another form counts as older than all.
    parts = version.split(".")
    return tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else ()
