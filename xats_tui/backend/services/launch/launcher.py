"""Launching: the order in which a client becomes an agent in a pane of its own, and what of it the coordinator knows.

What cannot be is refused before anything is opened.  How a client is started is `xats_tui.launching`'s.
"""

import asyncio
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from xats_tui.backend.services.launch.means import checked, means_for, prepared
from xats_tui.backend.system.tmux_windows import Place, Windows
from xats_tui.backend.transports.opencode_server import NoAnswer, begin_session
from xats_tui.core.clock import Clock
from xats_tui.core.errors import Refusal, TmuxError
from xats_tui.core.model.launches import Launched, Means, Start, Wanted, Wish
from xats_tui.core.model.panes import PaneRef
from xats_tui.core.screen.ansi_grid import parse_screen
from xats_tui.runtime.settings import Settings

PATIENCE = timedelta(seconds=90)
"""How long a client may take to register: one that cannot reach the network at its start takes half a minute."""

SCREEN_PATIENCE = timedelta(seconds=20)
"""How long a screen may take to come up after its agent has registered."""

GLANCE = 0.25
"""Seconds between two looks whether it has registered."""

COMPLAINT = re.compile(r"\b(error|fail|cannot|can't|not found|invalid|denied|unknown option)", re.IGNORECASE)
"""A line of a pane that says what is wrong, if one does."""

LAST_WORDS = 100
"""Lines above the screen of a program that has ended."""

DEAD = "Pane is dead"
"""tmux's own word under a program that has ended."""

LONGEST_LINE = 160
"""Characters of what a pane shows that are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the coordinator knows of a name in a team."""

    agent_id: str
    lives: bool
    """Whether somebody is there under that name."""
    seen_at: datetime
    is_bound: bool
    """Whether its pane is known."""
    delivery: str
    """How it is woken besides its pane; `none` if it is not."""


class Desk(Protocol):
    """What a launch asks of the coordinator."""

    async def known(self, team: str, name: str) -> Known | None:
        """What is known of an agent of that name; None if there is none."""
        ...

    async def expect(self, wanted: Wanted, pane: PaneRef | None, mark: str) -> None:
        """Forget how an earlier agent of that name was woken; note the pane in which a Codex is about to run."""
        ...

    async def bind(self, agent_id: str, mark: str) -> None:
        """Bind the pane that is expected under this mark, if what is to run in it does by now."""
        ...

    async def arrived(self, wanted: Wanted, agent_id: str, base_url: str, session_id: str) -> None:
        """Write down that it is there, and the session of its own server by which it is woken, if there is one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where a pane is to be opened."""

    socket: str = ""
    """Path of the tmux server's socket; empty for the one that tmux itself would choose."""
    seat: PaneRef | None = None
    """The pane of whoever launches, if it is on that server."""
    splits: bool = False
    """Split that pane instead of opening a window."""


Tell = Callable[[str], None]
"""Takes what is being done, in a few words."""


def nobody(words: str) -> None:
    """Nobody wants to hear it."""


class Launching:
    """Launches agents."""

    def __init__(self, windows: Windows, desk: Desk, clock: Clock, settings: Settings) -> None:
        self._windows = windows
        self._desk = desk
        self._clock = clock
        self._settings = settings

    async def grant(self, wish: Wish, seat: PaneRef | None) -> Launched:
        """Launch what somebody at the dashboard wants, who sits in that pane.

        Raises:
            Refusal: as `checked`, `means_for` and `launch` do.
        """
        wanted = checked(wish.client, wish.name, wish.team, wish.role, Path(wish.folder))
        return await self.launch(wanted, Where(seat=seat))

    async def launch(
        self, wanted: Wanted, where: Where, tell: Tell = nobody, *, patience: timedelta | None = PATIENCE
    ) -> Launched:
        """Start a client in a pane of its own, and wait until it has registered.

        Args:
            wanted: the agent.
            where: where the pane is to be.
            tell: hears what is being done.
            patience: how long it may take; None does not wait.

        Raises:
            Refusal: those of `means_for`, `name_taken`, `no_tmux`: nothing was started; `not_started`,
                `not_registered`: what the pane shows.
        """
        means = means_for(wanted, self._settings)
        known = await self._desk.known(wanted.team, wanted.name)
        if known is not None and known.lives:
            told = f"{wanted.name} is in team {wanted.team} already, alive: take another name, or end that one first"
            raise Refusal("name_taken", sentence=told)
        start = prepared(wanted, means)
        place = await self._started(wanted, means, start, where)
        begun = self._clock.now()
        if patience is None:
            return _launched(wanted, place, None, "none")
        tell(f"{wanted.client} starts in {place.session}:{place.window} ({place.pane.pane_id}), it has to register")
        known = await self._registered(wanted, place, begun, patience)
        if start.announces and not known.is_bound:
            await self._bind(wanted, known.agent_id, means.mark)
        session_id = await self._session(start) if start.base_url else ""
        await self._desk.arrived(wanted, known.agent_id, start.base_url, session_id)
        await self._windows.keep(place)
        delivery = "opencode-server" if session_id else known.delivery
        return _launched(wanted, place, known.agent_id, delivery)

    async def _started(self, wanted: Wanted, means: Means, start: Start, where: Where) -> Place:
        folder = str(wanted.folder)
        try:
            session = await self._session_for(where)
            beside = where.seat.pane_id if where.seat and where.splits else ""
            place = await self._windows.open(where.socket, session, wanted.window_name or wanted.name, folder, beside)
        except TmuxError as error:
            raise Refusal("no_tmux", sentence=f"no window could be opened: {error}") from error
        try:
            await self._desk.expect(wanted, place.pane if start.announces else None, means.mark)
            await self._windows.run(place, folder, start.command, start.environment)
        except TmuxError as error:
            await self._windows.close(place)
            raise Refusal("not_started", sentence=f"{wanted.client} could not be started: {error}") from error
        except Refusal:
            await self._windows.close(place)
            raise
        return place

    async def _session_for(self, where: Where) -> str | None:
        if where.seat:
            return await self._windows.session_of(where.seat)
        return await self._windows.newest_session(where.socket)

    async def _registered(self, wanted: Wanted, place: Place, begun: datetime, patience: timedelta) -> Known:
        while True:
            known = await self._desk.known(wanted.team, wanted.name)
            if known is not None and known.seen_at >= begun:
                return known
            if await self._windows.has_ended(place):
                # tmux pushes out of sight what stood at the top to say that the program is dead.
                told = f"{wanted.client} has ended{await self._told(place, before=LAST_WORDS)}"
                raise Refusal("not_started", sentence=f"{told}; its pane is kept: look with\n{_way(place)}")
            if self._clock.now() - begun > patience:
                told = f"{wanted.client} runs, but {wanted.name} has not registered in {patience.seconds} s"
                raise Refusal("not_registered", sentence=f"{told}{await self._told(place)}; look with\n{_way(place)}")
            await asyncio.sleep(GLANCE)

    async def _bind(self, wanted: Wanted, agent_id: str, mark: str) -> None:
        """Wait until its screen is there, too, for a while; without it the agent is there all the same."""
        give_up_at = self._clock.now() + SCREEN_PATIENCE
        while self._clock.now() < give_up_at:
            await self._desk.bind(agent_id, mark)
            known = await self._desk.known(wanted.team, wanted.name)
            if known is None or known.is_bound:
                return
            await asyncio.sleep(GLANCE)

    async def _session(self, start: Start) -> str:
        """A session that it shows, for it alone: several opencodes in one folder see each other's."""
        try:
            return await begin_session(start.base_url)
        except NoAnswer:
            return ""

    async def _told(self, place: Place, before: int = 0) -> str:
        lines = [line.text.strip() for line in parse_screen(await self._windows.shown(place, before=before))]
        said = [line for line in lines if any(character.isalnum() for character in line) and DEAD not in line]
        told = next((line for line in said if COMPLAINT.search(line)), said[-1] if said else "")
        return f"; its pane shows “{told[:LONGEST_LINE]}”" if told else ""


def _launched(wanted: Wanted, place: Place, agent_id: str | None, delivery: str) -> Launched:
    return Launched(
        wanted=wanted,
        agent_id=agent_id,
        delivery=delivery,
        pane_id=place.pane.pane_id,
        session=place.session,
        window=place.window,
        way=_way(place),
        is_new_session=place.is_new_session,
    )


def _way(place: Place) -> str:
    at = ["-S", place.pane.socket] if place.pane.socket else []
    return shlex.join(["tmux", *at, "attach", "-t", place.pane.pane_id])
