"""Launcher: the order in which a client becomes an agent in a pane of its own, and what of it the coordinator knows.

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
from xats_tui.backend.system.tmux_windows import NewPane, TmuxWindows
from xats_tui.backend.transports.opencode_server import NoServerAnswer, begin_session
from xats_tui.core.clock import Clock
from xats_tui.core.errors import Refusal, TmuxError
from xats_tui.core.model.activity import Actor
from xats_tui.core.model.launches import ClientStart, LaunchCommand, LaunchFormEntry, LaunchRequest, LaunchResult
from xats_tui.core.model.panes import PaneRef
from xats_tui.core.screen.ansi_grid import parse_screen
from xats_tui.runtime.settings import Settings

PATIENCE = timedelta(seconds=90)
"""How long a client may take to register: one that cannot reach the network at its start takes half a minute."""

SCREEN_PATIENCE = timedelta(seconds=20)
"""How long a screen may take to come up after its agent has registered."""

POLL_INTERVAL_S = 0.25
"""Seconds between two looks whether it has registered."""

COMPLAINT = re.compile(r"\b(error|fail|cannot|can't|not found|invalid|denied|unknown option)", re.IGNORECASE)
"""A line of a pane that says what is wrong, if one does."""

SCROLLBACK_LINES = 100
"""Lines above the screen of a program that has ended."""

DEAD = "Pane is dead"
"""tmux's own word under a program that has ended."""

MAX_LINE_CHARS = 160
"""Characters of what a pane shows that are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAgent:
    """What the coordinator knows of a name in a team."""

    agent_id: str
    lives: bool
    """Whether somebody is there under that name."""
    seen_at: datetime
    is_bound: bool
    """Whether its pane is known."""
    delivery: str
    """How it is woken besides its pane; `none` if it is not."""


class LaunchBackend(Protocol):
    """What a launch asks of the coordinator."""

    async def known(self, team: str, name: str) -> KnownAgent | None:
        """What is known of an agent of that name; None if there is none."""
        ...

    async def expect(self, wanted: LaunchRequest, pane: PaneRef | None, mark: str) -> None:
        """Forget how an earlier agent of that name was woken; note the pane in which a Codex is about to run."""
        ...

    async def bind(self, agent_id: str, mark: str) -> None:
        """Bind the pane that is expected under this mark, if what is to run in it does by now."""
        ...

    async def arrived(self, wanted: LaunchRequest, agent_id: str, base_url: str, session_id: str) -> None:
        """Write down that it is there, and the session of its own server by which it is woken, if there is one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchSite:
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


class Launcher:
    """Launches agents."""

    def __init__(self, windows: TmuxWindows, desk: LaunchBackend, clock: Clock, settings: Settings) -> None:
        self._windows = windows
        self._desk = desk
        self._clock = clock
        self._settings = settings

    async def grant(self, actor: Actor, wish: LaunchFormEntry) -> LaunchResult:
        """Launch what somebody at the dashboard wants, who sits in that pane.

        Raises:
            Refusal: as `checked`, `means_for` and `launch` do.
        """
        wanted = checked(wish.client, wish.name, wish.team, wish.role, Path(wish.folder))
        return await self.launch(wanted, LaunchSite(seat=actor.seat))

    async def launch(
        self, wanted: LaunchRequest, where: LaunchSite, tell: Tell = nobody, *, patience: timedelta | None = PATIENCE
    ) -> LaunchResult:
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

    async def _started(
        self, wanted: LaunchRequest, means: LaunchCommand, start: ClientStart, where: LaunchSite
    ) -> NewPane:
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

    async def _session_for(self, where: LaunchSite) -> str | None:
        if where.seat:
            return await self._windows.session_of(where.seat)
        return await self._windows.newest_session(where.socket)

    async def _registered(
        self, wanted: LaunchRequest, place: NewPane, begun: datetime, patience: timedelta
    ) -> KnownAgent:
        while True:
            known = await self._desk.known(wanted.team, wanted.name)
            if known is not None and known.seen_at >= begun:
                return known
            if await self._windows.has_ended(place):
                # tmux pushes out of sight what stood at the top to say that the program is dead.
                told = f"{wanted.client} has ended{await self._told(place, before=SCROLLBACK_LINES)}"
                raise Refusal("not_started", sentence=f"{told}; its pane is kept: look with\n{_way(place)}")
            if self._clock.now() - begun > patience:
                told = f"{wanted.client} runs, but {wanted.name} has not registered in {patience.seconds} s"
                raise Refusal("not_registered", sentence=f"{told}{await self._told(place)}; look with\n{_way(place)}")
            await asyncio.sleep(POLL_INTERVAL_S)

    async def _bind(self, wanted: LaunchRequest, agent_id: str, mark: str) -> None:
        """Wait until its screen is there, too, for a while; without it the agent is there all the same."""
        give_up_at = self._clock.now() + SCREEN_PATIENCE
        while self._clock.now() < give_up_at:
            await self._desk.bind(agent_id, mark)
            known = await self._desk.known(wanted.team, wanted.name)
            if known is None or known.is_bound:
                return
            await asyncio.sleep(POLL_INTERVAL_S)

    async def _session(self, start: ClientStart) -> str:
        """A session that it shows, for it alone: several opencodes in one folder see each other's."""
        try:
            return await begin_session(start.base_url)
        except NoServerAnswer:
            return ""

    async def _told(self, place: NewPane, before: int = 0) -> str:
        lines = [line.text.strip() for line in parse_screen(await self._windows.shown(place, before=before))]
        said = [line for line in lines if any(character.isalnum() for character in line) and DEAD not in line]
        told = next((line for line in said if COMPLAINT.search(line)), said[-1] if said else "")
        return f"; its pane shows “{told[:MAX_LINE_CHARS]}”" if told else ""


def _launched(wanted: LaunchRequest, place: NewPane, agent_id: str | None, delivery: str) -> LaunchResult:
    return LaunchResult(
        wanted=wanted,
        agent_id=agent_id,
        delivery=delivery,
        pane_id=place.pane.pane_id,
        session=place.session,
        window=place.window,
        way=_way(place),
        is_new_session=place.is_new_session,
    )


def _way(place: NewPane) -> str:
    at = ["-S", place.pane.socket] if place.pane.socket else []
    return shlex.join(["tmux", *at, "attach", "-t", place.pane.pane_id])
