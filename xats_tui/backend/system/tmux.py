"""The one seam to tmux: every command runs under a deadline, at a checked server, and raises when tmux complains.

It knows panes and keys, not agents.  libtmux's own `send_keys` and `capture_pane` say nothing when a pane is dead, so
commands are run as such (`tmux_commands`).
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from libtmux.exc import LibTmuxException

from xats_tui.backend.system.tmux_commands import on_own_thread, run_command
from xats_tui.backend.system.tmux_keys import check_sent, keys_command, paste_command
from xats_tui.backend.system.tmux_looks import LookRequest, Looks
from xats_tui.backend.system.tmux_sockets import TmuxSockets, UntrustedSocket
from xats_tui.core.clock import Clock
from xats_tui.core.errors import PaneGone, TmuxError, TmuxUnavailable
from xats_tui.core.model.panes import PaneLook, PaneRef, TmuxCommand

logger = logging.getLogger(__name__)

TIMEOUT_S = 3.0
"""Seconds for one tmux command: a command takes 2 to 10 ms, a server that is busy some hundred."""

LOOK_TIMEOUT_S = 1.5
"""For a look at all panes, which callers ask for: their calls are answered within two seconds."""

MAX_CONCURRENT_COMMANDS = 4
"""Commands under way at a time at one server: a hung one costs so many threads, and delays nobody at another."""

MAX_LISTED_COMMANDS = 200
"""Commands that changed something, as the dashboard lists them; the log file has them all."""

_GONE = ("can't find pane", "pane not found", "no such pane")
_NO_SERVER = ("no server running", "error connecting to", "server exited", "lost server", "no current client")


class _Slots:
    """The places for commands at one server, and who uses or waits for one."""

    def __init__(self) -> None:
        self.free = asyncio.Semaphore(MAX_CONCURRENT_COMMANDS)
        self.users = 0


class Tmux:
    """All tmux servers of this machine's user, each named by its socket's path (empty: tmux's own choice)."""

    def __init__(self, clock: Clock, deadline: float = TIMEOUT_S) -> None:
        self._clock = clock
        self._deadline = deadline
        self._sockets = TmuxSockets()
        self._slots: dict[str, _Slots] = {}
        self._changes: deque[TmuxCommand] = deque(maxlen=MAX_LISTED_COMMANDS)
        self.round_trip: float | None = None
        """Seconds that the last command took; None before the first."""
        self.trouble = ""
        """One sentence if the last command got no answer at all, from whatever server; else empty."""

    def changes(self) -> tuple[TmuxCommand, ...]:
        """The commands of late that changed something, the newest first; what was typed is not in them."""
        return tuple(reversed(self._changes))

    async def check(self, socket: str) -> None:
        """Refuse a server that is not spoken with; there need not be one now.

        Raises:
            UntrustedSocket: it is named by what is no tmux socket of this user.
            TmuxUnavailable: that cannot be told in time.
        """
        try:
            async with asyncio.timeout(LOOK_TIMEOUT_S), self._slot(socket):
                await on_own_thread(partial(self._sockets.check, socket))
        except TimeoutError:
            raise TmuxUnavailable(f"the socket was not looked at within {LOOK_TIMEOUT_S:g} s: try again") from None
        except UntrustedSocket:
            raise
        except TmuxUnavailable as error:
            logger.debug("%s", error)

    async def panes(self, socket: str) -> Mapping[str, Mapping[str, Any]]:
        """The formats of every pane of a server, by pane id.

        Raises:
            TmuxUnavailable: no tmux, no server, no answer.
        """
        try:
            async with asyncio.timeout(LOOK_TIMEOUT_S):
                return (await self.look(socket, ())).panes
        except TimeoutError:
            raise self._silent(LOOK_TIMEOUT_S) from None

    async def look(self, socket: str, pane_ids: Sequence[str]) -> Looks:
        """Everything about a server in one command: all panes' formats and the screens of `pane_ids`.

        Raises:
            TmuxUnavailable: no tmux, no server, no answer.
        """
        looks = await self._look_once(socket, pane_ids)
        there = [pane_id for pane_id in pane_ids if pane_id in looks.panes]
        if len(there) < len(pane_ids):  # tmux stops at the first pane that is gone
            looks = await self._look_once(socket, there)
        return looks

    async def _look_once(self, socket: str, pane_ids: Sequence[str]) -> Looks:
        request = LookRequest(pane_ids)
        stdout, complaint = await self._answer(socket, request.arguments)
        if complaint and not _says(complaint, _GONE):
            raise _error(complaint)
        return request.read(stdout, is_whole=not complaint)

    async def look_at(self, pane: PaneRef) -> PaneLook:
        """One pane now.

        Raises:
            PaneGone: the server has no such pane.
            TmuxUnavailable: no tmux, no server, no answer.
        """
        looks = await self.look(pane.socket, (pane.pane_id,))
        if pane.pane_id not in looks.panes or pane.pane_id not in looks.screens:
            raise PaneGone(f"can't find pane: {pane.pane_id}")
        return PaneLook(
            pane=pane, at=self._clock.now(), formats=looks.panes[pane.pane_id], screen=looks.screens[pane.pane_id]
        )

    async def paste(self, pane: PaneRef, text: str, *, occupant: int) -> None:
        """Put text before the pane's program as a bracketed paste, through a buffer that does not outlive it.

        Args:
            pane: where.
            text: what; it is submitted by no newline in it.
            occupant: `pane_pid` of the pane as it was looked at.

        Raises:
            KeysWithheld, PaneGone: nothing was pasted.
            TmuxUnavailable, TmuxError: perhaps it was.
        """
        buffer = f"xats-{id(pane):x}-{threading.get_ident():x}"
        try:
            # tmux takes a semicolon at the end of an argument for its own
            data = f"{text[:-1]}\\;" if text.endswith(";") else text
            arguments = ["set-buffer", "-b", buffer, "--", data, ";", *paste_command(pane, buffer, occupant)]
            check_sent(pane, await self._run(pane.socket, arguments))
        except TmuxError:
            await self._forget_buffer(pane.socket, buffer)
            raise
        self.note(pane, f"pasted {len(text)} characters")

    async def press(self, pane: PaneRef, *keys: str, occupant: int) -> None:
        """Send keys, each by tmux's name for it.

        Args:
            pane: where.
            keys: `Enter`, `Right`, `1`, …
            occupant: `pane_pid` of the pane as it was looked at.

        Raises:
            KeysWithheld, PaneGone: they were not sent.
            TmuxUnavailable, TmuxError: perhaps they were.
        """
        check_sent(pane, await self._run(pane.socket, keys_command(pane, keys, occupant)))
        self.note(pane, f"pressed {' '.join(keys)}")

    async def session_of(self, pane: PaneRef) -> str:
        """The id of the session that a pane is in; tmux itself says nothing of a pane that is gone.

        Raises:
            PaneGone, TmuxUnavailable, TmuxError: there is none.
        """
        answer = await self._run(pane.socket, ["display-message", "-p", "-t", pane.pane_id, "#{session_id}"])
        if not (session := "".join(answer)):
            raise PaneGone(f"can't find pane: {pane.pane_id}")
        return session

    async def say(self, seat: PaneRef, text: str) -> None:
        """Show a line for a moment to whoever looks at `seat`'s session.

        Raises:
            PaneGone, TmuxUnavailable, TmuxError: nobody was told.
        """
        await self.session_of(seat)
        literal = text.replace("#", "##").replace("%", "%%")
        await self._run(seat.socket, ["display-message", "-t", seat.pane_id, literal])

    async def bring(self, seat: PaneRef, pane: PaneRef) -> bool:
        """Bring the client that looks at `seat` to another pane of its server; False if nobody looks at it.

        Raises:
            PaneGone, TmuxUnavailable, TmuxError: it stays where it is.
        """
        session = await self.session_of(seat)
        listed = ["list-clients", "-t", session, "-F", "#{client_activity} #{client_name}"]
        clients = await self._run(seat.socket, listed)
        if not clients:
            return False
        latest = max(clients, key=lambda line: int(line.split()[0]))
        client = latest.split(" ", 1)[1]
        await self._run(pane.socket, ["switch-client", "-c", client, "-t", pane.pane_id])
        self.note(pane, f"brought the client {client} here")
        return True

    async def ask(self, socket: str, *arguments: str) -> list[str]:
        """The lines that any other command prints; whoever changes something by it notes that.

        Raises:
            PaneGone, TmuxUnavailable, TmuxError: it failed.
        """
        return await self._run(socket, arguments)

    def note(self, pane: PaneRef, what: str) -> None:
        """Remember a change that was made."""
        number = self._changes[-1].number + 1 if self._changes else 1
        self._changes.append(TmuxCommand(number=number, at=self._clock.now(), pane=pane, what=what))
        logger.info("tmux: %s: %s", pane.pane_id, what)

    async def _forget_buffer(self, socket: str, buffer: str) -> None:
        try:
            await self._run(socket, ["delete-buffer", "-b", buffer])
        except TmuxError:
            logger.debug("buffer %s was not there", buffer)

    async def _run(self, socket: str, arguments: Sequence[str]) -> list[str]:
        stdout, complaint = await self._answer(socket, arguments)
        if complaint:
            raise _error(complaint)
        return stdout

    async def _answer(
        self, socket: str, arguments: Sequence[str], within: float | None = None
    ) -> tuple[list[str], str]:
        """The lines that a command prints, and what tmux complains of."""
        try:
            async with asyncio.timeout(self._deadline), self._slot(socket):
                begun = self._clock.monotonic()
                stdout, stderr = await run_command(self._sockets, socket, arguments)
                self.round_trip, self.trouble = self._clock.monotonic() - begun, ""
        except TimeoutError:
            raise self._silent(self._deadline) from None
        except (LibTmuxException, OSError) as error:
            raise TmuxUnavailable(f"tmux is not on PATH or cannot be run: {error}") from error
        return stdout, " ".join(stderr)

    def _silent(self, seconds: float) -> TmuxUnavailable:
        """The error of a server that has not answered for so long."""
        self.trouble = f"it does not answer within {seconds:g} s: panes are neither seen nor typed into"
        return TmuxUnavailable(f"tmux did not answer within {seconds:g} s")

    @asynccontextmanager
    async def _slot(self, socket: str) -> AsyncIterator[None]:
        """One of the commands that may be under way at a server."""
        slots = self._slots.setdefault(socket, _Slots())
        slots.users += 1
        try:
            async with slots.free:
                yield
        finally:
            slots.users -= 1
            if not slots.users:  # callers may name any number of servers
                self._slots.pop(socket, None)


def _says(complaint: str, phrases: Sequence[str]) -> bool:
    return any(phrase in complaint.lower() for phrase in phrases)


def _error(complaint: str) -> TmuxError:
    """The error that tmux's complaint means."""
    if _says(complaint, _GONE):
        return PaneGone(complaint)
    return TmuxUnavailable(complaint) if _says(complaint, _NO_SERVER) else TmuxError(complaint)
