"""Windows and panes that the coordinator opens in tmux.

A pane opens with a placeholder and gets its program afterwards, so that everything concerned knows the pane before the
program runs, and the output of a program that fails at once can still be read.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from msgspec import Struct

from xats_tui.backend.system.tmux import Tmux
from xats_tui.core.errors import TmuxError, TmuxUnavailable
from xats_tui.core.model.panes import PaneRef

PLACEHOLDER = ("sleep", "60")
"""Command in a new pane until it gets its program."""

SESSION = "agents"
"""Name of a session that is created because there is none."""
WIDTH, HEIGHT = 160, 50
"""Size in cells of a window in a session that no client is attached to."""

PLACE = "#{pane_id} #{window_index} #{session_name}"


class NewPane(Struct, frozen=True, kw_only=True):
    """Place of a newly opened pane."""

    pane: PaneRef
    session: str
    """Name of the session."""
    window: int
    """Index of the window in the session."""
    is_new_session: bool
    """True if the session was created for the pane, so that nobody sees it yet."""


class TmuxWindows:
    """Opens panes for programs."""

    def __init__(self, tmux: Tmux) -> None:
        self._tmux = tmux

    async def session_of(self, seat: PaneRef) -> str:
        """Return the id of the session that a pane is in.

        Raises:
            TmuxError: the pane does not exist, or tmux is not available.
        """
        return await self._tmux.session_of(seat)

    async def newest_session(self, socket: str) -> str | None:
        """Return the id of the newest session; None if there is no session or no server.

        Raises:
            TmuxError: tmux is missing or does not answer.
        """
        try:
            lines = await self._tmux.ask(socket, "list-sessions", "-F", "#{session_created} #{session_id}")
        except TmuxUnavailable as error:
            if "not on PATH" in str(error) or "did not answer" in str(error):
                raise
            return None
        newest = max((line.split() for line in lines), key=lambda pair: (int(pair[0]), int(pair[1][1:])), default=None)
        return newest[1] if newest else None

    async def open(self, socket: str, session: str | None, name: str, folder: str, beside: str = "") -> NewPane:
        """Open a window in a session or in a new session; with `beside`, split that pane instead.

        Raises:
            TmuxError: nothing was opened.
        """
        common = ["-d", "-P", "-F", PLACE, "-c", _literal(folder)]
        if beside:
            arguments = ["split-window", *common, "-t", beside]
        elif session:
            arguments = ["new-window", *common, "-t", f"{session}:", "-n", _literal(name)]
        else:
            size = ["-x", str(WIDTH), "-y", str(HEIGHT)]
            arguments = ["new-session", *common, *size, "-s", SESSION, "-n", _literal(name)]
        pane_id, window, session_name = (await self._tmux.ask(socket, *arguments, *PLACEHOLDER))[0].split(" ", 2)
        pane = PaneRef(socket, pane_id)
        self._tmux.note(pane, f"opened for {name}")
        with suppress(TmuxError):  # an old tmux closes the pane of a failed program, and its output is lost
            await self._tmux.ask(socket, "set-option", "-p", "-t", pane_id, "remain-on-exit", "on")
        return NewPane(pane=pane, session=session_name, window=int(window), is_new_session=not (beside or session))

    async def run(self, place: NewPane, folder: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start the program in an opened pane.

        Raises:
            TmuxError: the program was not started.
        """
        variables = [part for name, value in environment.items() for part in ("-e", f"{name}={value}")]
        pane = place.pane
        arguments = ["respawn-pane", "-k", "-t", pane.pane_id, "-c", _literal(folder), *variables]
        await self._tmux.ask(pane.socket, *arguments, *(_no_end(part) for part in command))
        self._tmux.note(pane, f"started {command[0]}")

    async def keep(self, place: NewPane) -> None:
        """Let the pane close when its program ends, like every other pane."""
        with suppress(TmuxError):
            await self._tmux.ask(
                place.pane.socket, "set-option", "-p", "-u", "-t", place.pane.pane_id, "remain-on-exit"
            )

    async def close(self, place: NewPane) -> None:
        """Close an opened pane, together with its program."""
        with suppress(TmuxError):
            await self._tmux.ask(place.pane.socket, "kill-pane", "-t", place.pane.pane_id)

    async def shown(self, place: NewPane, *, before: int = 0) -> str:
        """Return the pane's screen with attributes, and up to `before` lines above it; empty if the pane is gone."""
        pane = place.pane
        try:
            return "\n".join(
                await self._tmux.ask(pane.socket, "capture-pane", "-p", "-e", f"-S-{before}", "-t", pane.pane_id)
            )
        except TmuxError:
            return ""

    async def has_ended(self, place: NewPane) -> bool:
        """Return whether the program in the pane has ended, or the pane is gone."""
        try:
            panes = await self._tmux.panes(place.pane.socket)
        except TmuxError:
            return True
        formats = panes.get(place.pane.pane_id)
        return formats is None or bool(formats["pane_dead"])


def _literal(text: str) -> str:
    """Escape text so that tmux does not read it as a format."""
    return text.replace("#", "##")


def _no_end(part: str) -> str:
    """Escape an argument so that tmux does not read it as the end of the command."""
    return f"{part[:-1]}\\;" if part.endswith(";") else part
