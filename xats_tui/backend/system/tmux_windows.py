"""Windows and panes in tmux that are opened here: where, what runs in them, and what they show.

A pane is opened with a placeholder in it and given its program afterwards, so that whoever has to know of it does
before the program runs, and so that what a program says which fails at once can still be read.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from xats_tui.backend.system.tmux import Tmux
from xats_tui.core.errors import TmuxError, TmuxUnavailable
from xats_tui.core.model.panes import PaneRef

PLACEHOLDER = ("sleep", "60")
"""What runs in a pane until it is given its program."""

SESSION = "agents"
"""What a session is called that is made for want of one."""
WIDTH, HEIGHT = 160, 50
"""Cells of a window in a session that nobody has attached to."""

PLACE = "#{pane_id} #{window_index} #{session_name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPane:
    """Where a pane was opened."""

    pane: PaneRef
    session: str
    """The session's name."""
    window: int
    """The window's index in it."""
    is_new_session: bool
    """Whether the session was made for it, so that nobody looks at it yet."""


class TmuxWindows:
    """Opens panes for programs."""

    def __init__(self, tmux: Tmux) -> None:
        self._tmux = tmux

    async def session_of(self, seat: PaneRef) -> str:
        """The id of the session that a pane is in.

        Raises:
            TmuxError: there is no such pane, or no tmux.
        """
        return await self._tmux.session_of(seat)

    async def newest_session(self, socket: str) -> str | None:
        """The id of the session that was made last; None if there is none, or no server.

        Raises:
            TmuxError: tmux is not there, or does not answer.
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
        """Open a window in a session, or in a new one; `beside` names a pane to split instead.

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
        with suppress(TmuxError):  # an old tmux closes the pane of a program that fails: then less can be told
            await self._tmux.ask(socket, "set-option", "-p", "-t", pane_id, "remain-on-exit", "on")
        return NewPane(pane=pane, session=session_name, window=int(window), is_new_session=not (beside or session))

    async def run(self, place: NewPane, folder: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Have an opened pane run its program.

        Raises:
            TmuxError: it does not.
        """
        variables = [part for name, value in environment.items() for part in ("-e", f"{name}={value}")]
        pane = place.pane
        arguments = ["respawn-pane", "-k", "-t", pane.pane_id, "-c", _literal(folder), *variables]
        await self._tmux.ask(pane.socket, *arguments, *(_no_end(part) for part in command))
        self._tmux.note(pane, f"started {command[0]}")

    async def keep(self, place: NewPane) -> None:
        """From now on the pane closes when its program ends, as every other."""
        with suppress(TmuxError):
            await self._tmux.ask(
                place.pane.socket, "set-option", "-p", "-u", "-t", place.pane.pane_id, "remain-on-exit"
            )

    async def close(self, place: NewPane) -> None:
        """Close a pane that was opened, with what runs in it."""
        with suppress(TmuxError):
            await self._tmux.ask(place.pane.socket, "kill-pane", "-t", place.pane.pane_id)

    async def shown(self, place: NewPane, *, before: int = 0) -> str:
        """What the pane shows now, with attributes, and so many lines that stood above; empty if it is gone."""
        pane = place.pane
        try:
            return "\n".join(
                await self._tmux.ask(pane.socket, "capture-pane", "-p", "-e", f"-S-{before}", "-t", pane.pane_id)
            )
        except TmuxError:
            return ""

    async def has_ended(self, place: NewPane) -> bool:
        """Whether the program in the pane has ended, or the pane is gone."""
        try:
            panes = await self._tmux.panes(place.pane.socket)
        except TmuxError:
            return True
        formats = panes.get(place.pane.pane_id)
        return formats is None or bool(formats["pane_dead"])


def _literal(text: str) -> str:
    """Text that tmux is not to read as a format."""
    return text.replace("#", "##")


def _no_end(part: str) -> str:
    """An argument that tmux does not take for the end of its command."""
    return f"{part[:-1]}\\;" if part.endswith(";") else part
