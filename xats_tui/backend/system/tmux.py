"""Access to tmux: every command has a deadline, goes to a checked server, and raises on a complaint.

Commands are run directly (`tmux_commands`), because libtmux's own `send_keys` and `capture_pane` ignore a dead pane.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from xats_tui.backend.system.tmux_commands import on_own_thread, run_command
from xats_tui.backend.system.tmux_keys import check_sent, keys_command, paste_command
from xats_tui.backend.system.tmux_looks import LookRequest, Looks
from xats_tui.backend.system.tmux_sockets import TmuxSockets, UntrustedSocket
from xats_tui.core.clock import Clock
from xats_tui.core.errors import PaneGone, TmuxError, TmuxUnavailable
from xats_tui.core.model.panes import PaneLook, PaneRef, TmuxCommand

logger = logging.getLogger(__name__)

TIMEOUT_S = 3.0
"""Deadline of one tmux command; a command takes 2 to 10 ms, or some hundred on a busy server."""

LOOK_TIMEOUT_S = 1.5
"""Deadline of a look at all panes for a caller, so that its call is answered within two seconds."""

MAX_CONCURRENT_COMMANDS = 4
"""Concurrent commands per server: a hung server ties up at most this many threads, and delays no other server."""

MAX_LISTED_COMMANDS = 200
"""Number of changing commands listed in the dashboard; the log file has all of them."""

_GONE = ("can't find pane", "pane not found", "no such pane")
_NO_SERVER = ("no server running", "error connecting to", "server exited", "lost server", "no current client")


class _Slots:
    """Command slots of one server, and the number of commands that use or wait for one."""

    def __init__(self) -> None:
        self.free = asyncio.Semaphore(MAX_CONCURRENT_COMMANDS)
        self.users = 0


class Tmux:
    """All tmux servers of this user, each identified by its socket path (empty: tmux's own choice)."""

    def __init__(self, clock: Clock, deadline: float = TIMEOUT_S) -> None:
        self._clock = clock
        self._deadline = deadline
        self._sockets = TmuxSockets()
        self._slots: dict[str, _Slots] = {}
        self._changes: deque[TmuxCommand] = deque(maxlen=MAX_LISTED_COMMANDS)
        self.round_trip: float | None = None
        """Duration of the latest command in seconds; None before the first."""
        self.trouble = ""
        """One sentence if the latest command got no answer from its server, else empty."""

    def changes(self) -> tuple[TmuxCommand, ...]:
        """Return the latest commands that changed something, newest first, without the typed text."""
        return tuple(reversed(self._changes))

    async def check(self, socket: str) -> None:
        """Refuse a server that must not be contacted; the server need not be running.

        Raises:
            UntrustedSocket: the path is not a tmux socket of this user.
            TmuxUnavailable: the check took too long.
        """
        try:
            async with asyncio.timeout(LOOK_TIMEOUT_S), self._slot(socket):
                await on_own_thread(partial(self._sockets.check, socket))
        except TimeoutError:
            raise TmuxUnavailable(f"the tmux socket was not checked within {LOOK_TIMEOUT_S:g} s: try again") from None
        except UntrustedSocket:
            raise
        except TmuxUnavailable as error:
            logger.debug("%s", error)

    async def panes(self, socket: str) -> Mapping[str, Mapping[str, Any]]:
        """Return the formats of every pane of a server, by pane id.

        Raises:
            TmuxUnavailable: tmux is missing, no server runs, or it does not answer.
        """
        try:
            async with asyncio.timeout(LOOK_TIMEOUT_S):
                return (await self.look(socket, ())).panes
        except TimeoutError:
            raise self._silent(LOOK_TIMEOUT_S) from None

    async def look(self, socket: str, pane_ids: Sequence[str]) -> Looks:
        """Read a server in one command: all panes' formats, and the screens of `pane_ids`.

        Raises:
            TmuxUnavailable: tmux is missing, no server runs, or it does not answer.
        """
        looks = await self._look_once(socket, pane_ids)
        there = [pane_id for pane_id in pane_ids if pane_id in looks.panes]
        if len(there) < len(pane_ids):  # tmux stops at the first missing pane
            looks = await self._look_once(socket, there)
        return looks

    async def _look_once(self, socket: str, pane_ids: Sequence[str]) -> Looks:
        request = LookRequest(pane_ids)
        stdout, complaint = await self._answer(socket, request.arguments)
        if complaint and not _says(complaint, _GONE):
            raise _error(complaint)
        return request.read(stdout, is_whole=not complaint)

    async def look_at(self, pane: PaneRef) -> PaneLook:
        """Read one pane.

        Raises:
            PaneGone: the server has no such pane.
            TmuxUnavailable: tmux is missing, no server runs, or it does not answer.
        """
        looks = await self.look(pane.socket, (pane.pane_id,))
        if pane.pane_id not in looks.panes or pane.pane_id not in looks.screens:
            raise PaneGone(f"can't find pane: {pane.pane_id}")
        return PaneLook(
            pane=pane, at=self._clock.now(), formats=looks.panes[pane.pane_id], screen=looks.screens[pane.pane_id]
        )

    async def paste(self, pane: PaneRef, text: str, *, occupant: int) -> None:
        """Paste text into the pane's program as a bracketed paste, through a temporary buffer.

        Args:
            pane: target pane.
            text: text to paste; newlines in it do not submit it.
            occupant: expected `pane_pid` of the pane.

        Raises:
            KeysWithheld, PaneGone: nothing was pasted.
            TmuxUnavailable, TmuxError: the text may have been pasted.
        """
        buffer = f"xats-{id(pane):x}-{threading.get_ident():x}"
        try:
            # tmux reads a semicolon at the end of an argument as a command separator
            data = f"{text[:-1]}\\;" if text.endswith(";") else text
            arguments = ["set-buffer", "-b", buffer, "--", data, ";", *paste_command(pane, buffer, occupant)]
            check_sent(pane, await self._run(pane.socket, arguments))
        except TmuxError:
            await self._forget_buffer(pane.socket, buffer)
            raise
        self.note(pane, f"pasted {len(text)} characters")

    async def press(self, pane: PaneRef, *keys: str, occupant: int) -> None:
        """Send keys by their tmux names.

        Args:
            pane: target pane.
            keys: `Enter`, `Right`, `1`, …
            occupant: expected `pane_pid` of the pane.

        Raises:
            KeysWithheld, PaneGone: no key was sent.
            TmuxUnavailable, TmuxError: the keys may have been sent.
        """
        check_sent(pane, await self._run(pane.socket, keys_command(pane, keys, occupant)))
        self.note(pane, f"pressed {' '.join(keys)}")

    async def session_of(self, pane: PaneRef) -> str:
        """Return the id of the session that a pane is in.

        Raises:
            PaneGone, TmuxUnavailable, TmuxError: the pane has no session.
        """
        answer = await self._run(pane.socket, ["display-message", "-p", "-t", pane.pane_id, "#{session_id}"])
        # tmux prints nothing and does not fail for a pane that is gone
        if not (session := "".join(answer)):
            raise PaneGone(f"can't find pane: {pane.pane_id}")
        return session

    async def say(self, seat: PaneRef, text: str) -> None:
        """Show a message briefly in the tmux client of `seat`'s session.

        Raises:
            PaneGone, TmuxUnavailable, TmuxError: the message was not shown.
        """
        await self.session_of(seat)
        literal = text.replace("#", "##").replace("%", "%%")
        await self._run(seat.socket, ["display-message", "-t", seat.pane_id, literal])

    async def bring(self, seat: PaneRef, pane: PaneRef) -> bool:
        """Switch the tmux client that shows `seat` to another pane of the server; return False if no client shows it.

        Raises:
            PaneGone, TmuxUnavailable, TmuxError: the client was not switched.
        """
        session = await self.session_of(seat)
        listed = ["list-clients", "-t", session, "-F", "#{client_activity} #{client_name}"]
        clients = await self._run(seat.socket, listed)
        if not clients:
            return False
        latest = max(clients, key=lambda line: int(line.split()[0]))
        client = latest.split(" ", 1)[1]
        await self._run(pane.socket, ["switch-client", "-c", client, "-t", pane.pane_id])
        self.note(pane, f"switched the client {client} to this pane")
        return True

    async def ask(self, socket: str, *arguments: str) -> list[str]:
        """Return the lines that a command prints; a caller that changes something calls `note` as well.

        Raises:
            PaneGone, TmuxUnavailable, TmuxError: the command failed.
        """
        return await self._run(socket, arguments)

    def note(self, pane: PaneRef, what: str) -> None:
        """Record a change made in tmux."""
        number = self._changes[-1].number + 1 if self._changes else 1
        self._changes.append(TmuxCommand(number=number, at=self._clock.now(), pane=pane, what=what))
        logger.info("tmux: %s: %s", pane.pane_id, what)

    async def _forget_buffer(self, socket: str, buffer: str) -> None:
        try:
            await self._run(socket, ["delete-buffer", "-b", buffer])
        except TmuxError:
            logger.debug("tmux has no buffer %s to delete", buffer)

    async def _run(self, socket: str, arguments: Sequence[str]) -> list[str]:
        stdout, complaint = await self._answer(socket, arguments)
        if complaint:
            raise _error(complaint)
        return stdout

    async def _answer(
        self, socket: str, arguments: Sequence[str], within: float | None = None
    ) -> tuple[list[str], str]:
        """Run a command; return the lines that it printed, and its complaint."""
        try:
            async with asyncio.timeout(self._deadline), self._slot(socket):
                begun = self._clock.monotonic()
                stdout, stderr = await run_command(self._sockets, socket, arguments)
                self.round_trip, self.trouble = self._clock.monotonic() - begun, ""
        except TimeoutError:
            raise self._silent(self._deadline) from None
        except OSError as error:
            raise TmuxUnavailable(f"tmux is not on PATH or cannot be run: {error}") from error
        return stdout, " ".join(stderr)

    def _silent(self, seconds: float) -> TmuxUnavailable:
        """Build the error for a server that did not answer within `seconds`."""
        self.trouble = f"it does not answer within {seconds:g} s: panes are neither seen nor typed into"
        return TmuxUnavailable(f"tmux did not answer within {seconds:g} s")

    @asynccontextmanager
    async def _slot(self, socket: str) -> AsyncIterator[None]:
        """Hold one of the server's command slots."""
        slots = self._slots.setdefault(socket, _Slots())
        slots.users += 1
        try:
            async with slots.free:
                yield
        finally:
            slots.users -= 1
            if not slots.users:  # callers can name any number of servers
                self._slots.pop(socket, None)


def _says(complaint: str, phrases: Sequence[str]) -> bool:
    return any(phrase in complaint.lower() for phrase in phrases)


def _error(complaint: str) -> TmuxError:
    """Return the error for a complaint of tmux."""
    if _says(complaint, _GONE):
        return PaneGone(complaint)
    return TmuxUnavailable(complaint) if _says(complaint, _NO_SERVER) else TmuxError(complaint)
