"""The pane that an agent really lives in: found by pid → tty → pane, or by looking at every pane's processes.

It reads tmux and the process table and writes nothing.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

from xats_tui.backend.services.agents.pane_candidates import PaneCandidate, PaneQuery, candidate_in
from xats_tui.backend.services.agents.process_clients import client_in, may_be, runs_elsewhere
from xats_tui.backend.services.agents.process_patterns import BadPattern, ProcessPatterns
from xats_tui.backend.store.pre_registrations import PreRegistration
from xats_tui.backend.system.processes import Process, Processes, normal_tty
from xats_tui.backend.system.tmux import Tmux
from xats_tui.clients.registry import ANNOUNCED_CLIENT, CLIENTS
from xats_tui.clients.spec import LAUNCH_VARIABLE
from xats_tui.core.clock import Clock
from xats_tui.core.errors import Refusal, TmuxError
from xats_tui.core.model.agents import Binding, SeenProcess, VerificationMode
from xats_tui.core.model.labels import CUSTOM, ClientId
from xats_tui.core.model.panes import PaneRef

logger = logging.getLogger(__name__)

REMOTE = "--remote"
"""An argument of a Codex whose threads live in a separate app-server."""

MARK = 'xats.agent_id="{}"'
"""The text that a launcher puts into the command line of the Codex whose pane it has announced."""

OWN_MARK = f'{LAUNCH_VARIABLE}="{{}}"'
"""The same text in `xats-tui launch`, which also starts an unchanged Codex."""

NO_SINGLE_WINDOW = "no_single_window"
"""No window, or several, may be the one of a caller whose tools run in a process without a terminal."""

UNSEEN = "a program in a container or on another machine can neither be verified from here nor woken in its pane"


def _is_program(client: ClientId, process: Process) -> bool:
    """Return whether a process is recognised as a client's program."""
    return client_in(process) == client


class RuntimeIdentity:
    """Finds and verifies panes."""

    def __init__(self, tmux: Tmux, processes: Processes, clock: Clock) -> None:
        self._tmux = tmux
        self._processes = processes
        self._clock = clock
        self._patterns = ProcessPatterns()

    async def detect(self, wanted: PaneQuery, socket: str = "") -> tuple[PaneCandidate, ...]:
        """Return the panes that fit, best first.

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
            if (candidate := candidate_in(wanted, formats, by_tty.get(normal_tty(formats["pane_tty"]) or "", [])))
        ]
        return tuple(sorted(candidates, key=lambda candidate: (-candidate.score, candidate.pane_id)))

    async def client_of(self, seen: SeenProcess) -> ClientId | None:
        """Return the client of a seen process; None if it has ended or cannot be recognised."""
        process = await self._processes.by_pid(seen.pid)
        return client_in(process) if process and seen.is_same(process.seen) else None

    async def program(self, client: ClientId, ui_pid: int, *, is_host: bool = False) -> Process | None:
        """Return the process of a user interface; None if it is gone.

        Args:
            client: the client that the caller names.
            ui_pid: the pid that the caller names.
            is_host: true if that process is known to have started the caller.

        Raises:
            Refusal: `ui_pid_client_mismatch`, with the client that it is.
        """
        process = await self._processes.by_pid(ui_pid)
        if process is None or client == CUSTOM or may_be(client, process, is_host=is_host):
            return process
        raise Refusal("ui_pid_client_mismatch", detail=_mismatch(client, process))

    async def by_pid(
        self,
        client: ClientId,
        ui_pid: int,
        *,
        pattern: str | None = None,
        pane_id: str | None = None,
        socket: str = "",
        is_host: bool = False,
    ) -> Binding:
        """Return the binding that a process proves; `is_host` is true if it is known to have started the caller.

        Raises:
            Refusal: tmux_unavailable, pid_not_found, agent_process_mismatch, pid_has_no_tty, tmux_pane_not_found,
                ambiguous_tty_match, pid_pane_tty_mismatch.
            BadPattern: the pattern cannot be used.
        """
        panes = await self._panes(socket)
        process = await self._processes.by_pid(ui_pid)
        if process is None:
            raise Refusal("pid_not_found", detail=f"no process {ui_pid} runs on this machine; {UNSEEN}")
        if not await self._matching(client, pattern, [process], test=partial(may_be, is_host=is_host)):
            raise Refusal("agent_process_mismatch", detail=_mismatch(client, process))
        if process.tty is None:
            raise Refusal("pid_has_no_tty")
        there = await self._panes_of(process, panes)
        if not there:
            raise Refusal("tmux_pane_not_found")
        if len(there) > 1:
            candidates = [{"pane_id": formats["pane_id"], "tty": process.tty} for formats in there]
            raise Refusal("ambiguous_tty_match", candidates=candidates)
        if pane_id is not None and there[0]["pane_id"] != pane_id:
            pane_tty = normal_tty(panes[pane_id]["pane_tty"]) if pane_id in panes else None
            raise Refusal("pid_pane_tty_mismatch", detail={"pid_tty": process.tty, "pane_tty": pane_tty})
        return self._binding(socket, there[0], process, VerificationMode.PID_TTY_PANE, proved=is_host, client=client)

    async def by_tty(
        self, client: ClientId, tty: str, pane_id: str, *, pattern: str | None = None, socket: str = ""
    ) -> Binding:
        """Return the weaker binding: the pane is on that tty, and such a process runs on the tty.

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
        there = await self._processes.on_tty(given)
        hosted = await self._matching(client, pattern, there) or await self._matching(
            client, pattern, there, test=may_be
        )
        if not hosted:
            raise Refusal("tty_maps_to_no_agent_process", **_seen_instead(there))
        # Several may fit, such as npm's wrapper and the client inside: take the first that was started.
        oldest = min(hosted, key=lambda process: process.started_at)
        return self._binding(socket, panes[pane_id], oldest, VerificationMode.TTY_PANE, client=client)

    async def by_window(self, client: ClientId, folder: str | None, began: float, *, socket: str = "") -> Binding:
        """Return the binding of a client's only window in a folder, for a caller whose tools run elsewhere.

        Args:
            client: the client.
            folder: the caller's working directory; None if it is not known.
            began: start of the caller's bridge, in seconds since the epoch: its window is older, and may be closed.
            socket: the tmux server.

        Raises:
            Refusal: `NO_SINGLE_WINDOW`, with what the caller can do; and as by `by_pid`.
        """
        windows: dict[str, Process] = {}
        for process in sorted(await self._processes.all(), key=lambda one: one.started_at):
            if process.tty and client_in(process) == client:
                windows.setdefault(process.tty, process)  # a wrapper and the client inside are one window
        by_pid = {window.pid: window for window in windows.values()}
        there = await self._processes.working_in(folder, by_pid) if folder else frozenset()
        if len(there) != 1 or any(by_pid[pid].started_at > began for pid in there):
            raise Refusal(NO_SINGLE_WINDOW, detail=_not_one_window(client, folder, there))
        (pid,) = there
        return await self.by_pid(client, pid, socket=socket)

    async def by_announcement(self, announced: Sequence[PreRegistration]) -> tuple[Binding, PreRegistration] | None:
        """Return the announced pane in which a Codex with its mark runs; None unless there is exactly one."""
        sockets = list({one.pane.socket for one in announced})
        seen = await asyncio.gather(*(self._panes_if_any(socket) for socket in sockets))
        panes, processes = dict(zip(sockets, seen, strict=True)), await self._processes.all() if announced else ()
        found = []
        for one in announced:
            tty = normal_tty(panes[one.pane.socket].get(one.pane.pane_id, {}).get("pane_tty"))
            marked = [process for process in processes if tty and process.tty == tty and _is_marked(process, one)]
            if marked:
                found.append((one, min(marked, key=lambda process: process.started_at)))
        if len(found) != 1:
            return None
        ((one, process),) = found
        return await self.by_pid(ANNOUNCED_CLIENT, process.pid, socket=one.pane.socket), one

    async def _panes_of(self, process: Process, panes: Mapping[str, Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Return the panes on a process's terminal, else those of a `script`, `sudo` or the like above it."""
        for route in await self._processes.routes(process.pid):
            if there := [one for one in panes.values() if normal_tty(one["pane_tty"]) == route.tty]:
                return there
        return ()

    async def check_server(self, socket: str) -> None:
        """Refuse a tmux server that we do not talk to, before its socket is stored.

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
            logger.info("cannot list the panes of an announcement: %s", refusal.fields["detail"])
            return {}

    async def _panes(self, socket: str) -> Mapping[str, Mapping[str, Any]]:
        """Return the living panes of a server.

        Raises:
            Refusal: `tmux_unavailable`.
        """
        try:
            panes = await self._tmux.panes(socket)
        except TmuxError as error:
            raise Refusal("tmux_unavailable", detail=str(error)) from error
        # A dead pane gave its terminal back, and another pane may have it now.
        return {pane_id: formats for pane_id, formats in panes.items() if not formats["pane_dead"]}

    async def _matching(
        self,
        client: ClientId,
        pattern: str | None,
        processes: Sequence[Process],
        test: Callable[[ClientId, Process], bool] = _is_program,
    ) -> list[Process]:
        """Return the processes that are a client's program; for `custom`, those that match the caller's own pattern.

        Raises:
            BadPattern: the pattern cannot be used.
        """
        if client != CUSTOM:
            return [process for process in processes if test(client, process)]
        found = await self._patterns.found(pattern or "", [process.command_line for process in processes])
        return [process for process, fits in zip(processes, found, strict=True) if fits]

    def _binding(
        self,
        socket: str,
        formats: Mapping[str, Any],
        process: Process,
        mode: VerificationMode,
        *,
        client: ClientId,
        proved: bool = False,
    ) -> Binding:
        return Binding(
            pane=PaneRef(socket, formats["pane_id"]),
            tty=normal_tty(formats["pane_tty"]),
            ui_pid=process.pid,
            ui_started_at=process.started_at,
            mode=mode,
            bound_at=self._clock.now(),
            proved=proved,
            client=client_in(process) or client,
        )


def _not_one_window(client: ClientId, folder: str | None, there: Collection[int]) -> str:
    """Return the reason why no window is taken for the caller's, and the next step."""
    title = CLIENTS[client].title
    if folder is None:
        why = "your working directory is not known: register again with project_dir, or"
    elif len(there) > 1:
        why = f"{len(there)} windows of {title} work in {folder} (processes {', '.join(map(str, sorted(there)))}):"
    else:
        why = f"no window of {title} that is older than you works in {folder}:"
    return (
        f"No pane is bound, so you cannot be woken through it, because your tools are run for all windows of {title} "
        f"at once, and {why} ask the user which process is your window, and call bind_runtime_identity with agent "
        f"custom, process_pattern {CLIENTS[client].program}, and its pid as ui_pid."
    )


def _mismatch(client: ClientId, process: Process) -> str:
    """Return the reason why a process is not accepted as a client's, and the next step."""
    found, runs = client_in(process), f"process {process.pid} runs {process.names[-1]}"
    if client == CUSTOM:
        return f"{runs}, whose command line does not fit process_pattern"
    if found is not None:
        return f"{runs}, which is {found}: pass client {found}, or pass the pid of the {client} that you run in"
    return f"{runs}, which is not known as {client}: pass the pid of the {client} that you run in"


def _seen_instead(there: Sequence[Process]) -> dict[str, str]:
    """Return a detail that explains why no agent is seen on a terminal, if a remote program runs there."""
    names = sorted({process.names[0] for process in there if runs_elsewhere(process)})
    return {"detail": f"{', '.join(names)} runs there: {UNSEEN}"} if names else {}


def _is_marked(process: Process, announced: PreRegistration) -> bool:
    """Return whether a process is the Codex that a launcher announced; a wrapper and its child both are."""
    line = process.command_line
    others = MARK.format(announced.mark) in line and REMOTE in process.command
    return (others or OWN_MARK.format(announced.mark) in line) and _is_program(ANNOUNCED_CLIENT, process)
