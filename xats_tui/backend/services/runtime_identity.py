"""Which pane an agent really lives in: pid → tty → pane, or found by looking at every pane's processes.

It reads tmux and the process table and writes nothing; what a launcher has announced, it is handed.
"""

import logging
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from xats_tui.backend.clock import Clock
from xats_tui.backend.errors import Refusal, TmuxError
from xats_tui.backend.model.agents import Binding, Client, VerificationMode
from xats_tui.backend.model.panes import PaneRef
from xats_tui.backend.processes import Process, Processes, normal_tty
from xats_tui.backend.services.process_patterns import BadPattern, ProcessPatterns
from xats_tui.backend.store.pre_registrations import PreRegistration
from xats_tui.backend.tmux import Tmux
from xats_tui.launching.clients import LAUNCH_VARIABLE
from xats_tui.programs import program_names

logger = logging.getLogger(__name__)

EXECUTABLES = {
    Client.CODEX: re.compile(r"codex(-aarch64-a)?", re.IGNORECASE),
    Client.CLAUDE_CODE: re.compile(r"claude", re.IGNORECASE),
    Client.OPENCODE: re.compile(r"opencode", re.IGNORECASE),
}
"""The name of each client's program; an argument that happens to hold the word is not the program."""

CODEX_HELPERS = re.compile(r"codex\s+app-server|Codex Computer Use\.app|SkyComputerUseClient", re.IGNORECASE)
"""Processes of Codex that are no user interface."""

COMMAND_HINTS = {
    Client.CODEX: (re.compile("codex", re.IGNORECASE), 6),
    Client.OPENCODE: (re.compile("opencode", re.IGNORECASE), 6),
    Client.CLAUDE_CODE: (re.compile(r"\d+(\.\d+)+"), 4),
}
"""What `pane_current_command` shows for a client, and how much that counts."""

REMOTE = "--remote"
"""What a Codex is started with whose threads live in an app-server of their own."""

MARK = 'xats.agent_id="{}"'
"""What a launcher puts into the command line of the Codex whose pane it has announced."""

OWN_MARK = f'{LAUNCH_VARIABLE}="{{}}"'
"""The same of `xats-tui launch`, which starts a stock Codex, too."""

PER_PROCESS, ACTIVE, TTY_GIVEN, TITLE_GIVEN = 10, 3, 100, 15
CWD_EQUAL, CWD_BELOW, CWD_ABOVE = 60, 45, 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A pane that may be the one that was looked for."""

    pane_id: str
    session_name: str
    window_index: int
    pane_index: int
    active: bool
    tty: str
    current_path: str
    current_command: str
    title: str
    matched_processes: tuple[str, ...]
    score: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a caller says of the pane that it looks for; None is no filter."""

    client: Client
    process_pattern: str | None = None
    cwd: str | None = None
    tty: str | None = None
    title_contains: str | None = None


class RuntimeIdentity:
    """Finds and verifies panes."""

    def __init__(self, tmux: Tmux, processes: Processes, clock: Clock) -> None:
        self._tmux = tmux
        self._processes = processes
        self._clock = clock
        self._patterns = ProcessPatterns()

    async def detect(self, wanted: Wanted, socket: str = "") -> tuple[Candidate, ...]:
        """The panes that fit, the best first.

        Raises:
            Refusal: `tmux_unavailable`.
        """
        panes = await self._panes(socket)
        terminals = {normal_tty(formats["pane_tty"]) for formats in panes.values()}
        there = [process for process in await self._processes.all() if process.tty in terminals]
        try:
            found = await self._matching(wanted.client, wanted.process_pattern, there)
        except BadPattern:
            return ()
        by_tty: dict[str, list[Process]] = {}
        for process in found:
            by_tty.setdefault(process.tty or "", []).append(process)
        candidates = [
            candidate
            for formats in panes.values()
            if (candidate := _candidate(wanted, formats, by_tty.get(normal_tty(formats["pane_tty"]) or "", [])))
        ]
        return tuple(sorted(candidates, key=lambda candidate: (-candidate.score, candidate.pane_id)))

    async def program(self, client: Client, ui_pid: int) -> Process | None:
        """The process behind a user interface; one that is gone cannot be told, and is None.

        Raises:
            Refusal: `ui_pid_client_mismatch`, with the client that it is.
        """
        process = await self._processes.by_pid(ui_pid)
        if process is None or client is Client.CUSTOM or _is_program(client, process):
            return process
        others = (other for other in EXECUTABLES if _is_program(other, process))
        right = next(others, Client.CUSTOM)
        advice = f"register with client {right}, or pass the pid of the {client} that you run in"
        detail = f"process {ui_pid} ({process.name}) is not {client}: {advice}"
        raise Refusal("ui_pid_client_mismatch", detail=detail)

    async def believed(self, claimed: int | None, peer: int | None) -> int | None:
        """The pid of a user interface that a caller says to belong to, unless that is another user's."""
        if claimed is None or peer is None or await self._processes.may_speak_for(claimed, peer):
            return claimed
        logger.warning("process %d is another user's than what says to belong to it: not believed", claimed)
        return None

    async def by_pid(
        self, client: Client, ui_pid: int, *, pattern: str | None = None, pane_id: str | None = None, socket: str = ""
    ) -> Binding:
        """The binding that a process proves.

        Raises:
            Refusal: tmux_unavailable, pid_not_found, agent_process_mismatch, pid_has_no_tty, tmux_pane_not_found,
                ambiguous_tty_match, pid_pane_tty_mismatch.
            BadPattern: the pattern cannot be used.
        """
        panes = await self._panes(socket)
        process = await self._processes.by_pid(ui_pid)
        if process is None:
            raise Refusal("pid_not_found")
        if not await self._matching(client, pattern, [process]):
            raise Refusal("agent_process_mismatch")
        if process.tty is None:
            raise Refusal("pid_has_no_tty")
        there = [formats for formats in panes.values() if normal_tty(formats["pane_tty"]) == process.tty]
        if not there:
            raise Refusal("tmux_pane_not_found")
        if len(there) > 1:
            candidates = [{"pane_id": formats["pane_id"], "tty": process.tty} for formats in there]
            raise Refusal("ambiguous_tty_match", candidates=candidates)
        if pane_id is not None and there[0]["pane_id"] != pane_id:
            pane_tty = normal_tty(panes[pane_id]["pane_tty"]) if pane_id in panes else None
            raise Refusal("pid_pane_tty_mismatch", detail={"pid_tty": process.tty, "pane_tty": pane_tty})
        return self._binding(socket, there[0], process, VerificationMode.PID_TTY_PANE)

    async def by_tty(
        self, client: Client, tty: str, pane_id: str, *, pattern: str | None = None, socket: str = ""
    ) -> Binding:
        """The weaker binding: the pane is on that tty, and the tty hosts such a process.

        Raises:
            Refusal: tmux_unavailable, invalid_runtime_identity, tmux_pane_not_found, pid_pane_tty_mismatch,
                tty_maps_to_no_agent_process.
            BadPattern: the pattern cannot be used.
        """
        panes = await self._panes(socket)
        given = normal_tty(tty)
        if given is None or not pane_id.strip():
            raise Refusal("invalid_runtime_identity")
        if pane_id not in panes:
            raise Refusal("tmux_pane_not_found")
        pane_tty = normal_tty(panes[pane_id]["pane_tty"])
        if pane_tty != given:
            raise Refusal("pid_pane_tty_mismatch", detail={"pid_tty": given, "pane_tty": pane_tty})
        hosted = await self._matching(client, pattern, await self._processes.on_tty(given))
        if not hosted:
            raise Refusal("tty_maps_to_no_agent_process")
        oldest = min(hosted, key=lambda process: process.started_at)
        return self._binding(socket, panes[pane_id], oldest, VerificationMode.TTY_PANE)

    async def by_announcement(self, announced: Sequence[PreRegistration]) -> tuple[Binding, PreRegistration] | None:
        """The one announced pane in which a Codex with its mark runs; None if there are none, or several."""
        found = []
        for one in announced:
            panes = await self._panes_if_any(one.pane.socket)
            tty = normal_tty(panes.get(one.pane.pane_id, {}).get("pane_tty"))
            there = await self._processes.on_tty(tty) if tty else ()
            marked = [process for process in there if _is_marked(process, one)]
            if marked:
                found.append((one, min(marked, key=lambda process: process.started_at)))
        if len(found) != 1:
            return None
        ((one, process),) = found
        return await self.by_pid(Client.CODEX, process.pid, socket=one.pane.socket), one

    async def check_server(self, socket: str) -> None:
        """Refuse the socket of a tmux server that is not spoken with; it would be stored.

        Raises:
            Refusal: `tmux_unavailable`.
        """
        try:
            await self._tmux.check(socket)
        except TmuxError as error:
            raise Refusal("tmux_unavailable", detail=str(error)) from error

    async def _panes_if_any(self, socket: str) -> Mapping[str, Mapping[str, Any]]:
        try:
            return await self._panes(socket)
        except Refusal as refusal:
            logger.info("the panes of an announcement cannot be seen: %s", refusal.fields["detail"])
            return {}

    async def _panes(self, socket: str) -> Mapping[str, Mapping[str, Any]]:
        """The panes of a server but those that it keeps dead: they gave their terminal back, and another may have it.

        Raises:
            Refusal: `tmux_unavailable`.
        """
        try:
            panes = await self._tmux.panes(socket)
        except TmuxError as error:
            raise Refusal("tmux_unavailable", detail=str(error)) from error
        return {pane_id: formats for pane_id, formats in panes.items() if not formats["pane_dead"]}

    async def _matching(self, client: Client, pattern: str | None, processes: Sequence[Process]) -> list[Process]:
        """Find the processes that are a client's program; for `custom`, those that the caller's own pattern fits.

        Raises:
            BadPattern: the pattern cannot be used.
        """
        if client is not Client.CUSTOM:
            return [process for process in processes if _is_program(client, process)]
        found = await self._patterns.found(pattern or "", [process.command_line for process in processes])
        return [process for process, fits in zip(processes, found, strict=True) if fits]

    def _binding(self, socket: str, formats: Mapping[str, Any], process: Process, mode: VerificationMode) -> Binding:
        return Binding(
            pane=PaneRef(socket, formats["pane_id"]),
            tty=process.tty,
            ui_pid=process.pid,
            ui_started_at=process.started_at,
            mode=mode,
            bound_at=self._clock.now(),
        )


def _is_program(client: Client, process: Process) -> bool:
    """Say whether a process is the program of a client."""
    if client is Client.CODEX and CODEX_HELPERS.search(process.command_line):
        return False
    return any(EXECUTABLES[client].fullmatch(name) for name in program_names(process.command))


def _is_marked(process: Process, announced: PreRegistration) -> bool:
    """Whether a process is the Codex that a launcher has announced; of a wrapper and its child both are."""
    line = process.command_line
    others = MARK.format(announced.mark) in line and REMOTE in process.command
    return (others or OWN_MARK.format(announced.mark) in line) and _is_program(Client.CODEX, process)


def _candidate(wanted: Wanted, formats: Mapping[str, Any], processes: Sequence[Process]) -> Candidate | None:
    tty = normal_tty(formats["pane_tty"]) or ""
    kinship = _kinship(wanted.cwd, formats["pane_current_path"]) if wanted.cwd else 0
    title = (wanted.title_contains or "").strip().casefold()
    if not processes or kinship is None or title not in formats["pane_title"].casefold():
        return None
    wanted_tty = (wanted.tty or "").strip()
    if wanted_tty and normal_tty(wanted_tty) != tty:
        return None
    score = PER_PROCESS * len(processes) + ACTIVE * bool(formats["pane_active"]) + kinship
    score += TTY_GIVEN * bool(wanted_tty) + TITLE_GIVEN * bool(title)
    command_hint = COMMAND_HINTS.get(wanted.client)
    if command_hint and command_hint[0].search(formats["pane_current_command"]):
        score += command_hint[1]
    return Candidate(
        pane_id=formats["pane_id"],
        session_name=formats["session_name"],
        window_index=int(formats["window_index"]),
        pane_index=int(formats["pane_index"]),
        active=bool(formats["pane_active"]),
        tty=tty,
        current_path=formats["pane_current_path"],
        current_command=formats["pane_current_command"],
        title=formats["pane_title"],
        matched_processes=tuple(f"{process.pid} {process.name}" for process in processes),
        score=score,
    )


def _kinship(cwd: str, path: str) -> int | None:
    """What a pane's folder adds to its score; None if it has nothing to do with `cwd`."""
    wanted, found = PurePosixPath(posixpath.normpath(cwd)), PurePosixPath(posixpath.normpath(path))
    if wanted == found:
        return CWD_EQUAL
    if found.is_relative_to(wanted):
        return CWD_BELOW
    return CWD_ABOVE if wanted.is_relative_to(found) else None
