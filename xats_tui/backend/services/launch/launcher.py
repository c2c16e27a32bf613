"""The Launcher: the steps by which a client becomes an agent in its own pane.

Invalid requests are refused before anything is opened.  `xats_tui.clients.launch` knows each client's command line.
"""

import asyncio
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from xats_tui.backend.services.launch.means import checked, means_for, prepared
from xats_tui.backend.system.processes import Processes
from xats_tui.backend.system.tmux_windows import NewPane, TmuxWindows
from xats_tui.backend.transports.opencode_access import OpencodeAccess
from xats_tui.backend.transports.opencode_api import NoServerAnswer
from xats_tui.backend.transports.opencode_server import begin_session
from xats_tui.core.clock import Clock
from xats_tui.core.errors import Refusal, TmuxError
from xats_tui.core.model.activity import Actor
from xats_tui.core.model.labels import ClientId
from xats_tui.core.model.launches import ClientStart, LaunchCommand, LaunchFormEntry, LaunchRequest, LaunchResult
from xats_tui.core.model.panes import PaneRef
from xats_tui.core.screen.ansi_grid import parse_screen
from xats_tui.runtime.settings import Settings

PATIENCE = timedelta(seconds=90)
"""Time for a client to register: without a network its start takes half a minute."""

SCREEN_PATIENCE = timedelta(seconds=20)
"""Time for a screen to appear after its agent has registered."""

POLL_INTERVAL_S = 0.25
"""Time between two checks for the registration."""

COMPLAINT = re.compile(r"\b(error|fail|cannot|can't|not found|invalid|denied|unknown option)", re.IGNORECASE)
"""A line of a pane that names an error."""

SCROLLBACK_LINES = 100
"""Lines above the screen that are read from a program that has ended."""

DEAD = "Pane is dead"
"""tmux's own line under a program that has ended."""

MAX_LINE_CHARS = 160
"""Longest quotation from a pane."""


class KnownAgent(Struct, frozen=True, kw_only=True):
    """The coordinator's knowledge of a name in a team."""

    agent_id: str
    lives: bool
    """True if the agent is alive."""
    seen_at: datetime
    is_bound: bool
    """True if its pane is known."""
    delivery: str
    """The delivery kind beside its pane; `none` if there is none."""


class LaunchBackend(Protocol):
    """The coordinator's part of a launch."""

    async def known(self, team: str, name: str) -> KnownAgent | None:
        """Return what is known of the agent with that name; None if there is none."""
        ...

    async def expect(self, wanted: LaunchRequest, pane: PaneRef | None, mark: str) -> None:
        """Forget how an earlier agent with that name was woken; announce the pane in which a Codex is about to run."""
        ...

    async def bind(self, agent_id: str, mark: str) -> None:
        """Bind the pane that was announced under this mark, if its program runs by now."""
        ...

    async def arrived(self, wanted: LaunchRequest, agent_id: str, base_url: str, session_id: str) -> None:
        """Record the agent's arrival, and the session of its own server through which it is woken, if there is one."""
        ...


class LaunchSite(Struct, frozen=True, kw_only=True):
    """The place where a pane is to be opened."""

    socket: str = ""
    """Path of the tmux server's socket; empty for the server that tmux would choose itself."""
    seat: PaneRef | None = None
    """The pane of the person who launches, if it is on that server."""
    splits: bool = False
    """True to split that pane instead of opening a window."""


Tell = Callable[[str], None]
"""Called with each step of a launch, in a few words."""


def nobody(words: str) -> None:
    """Ignore the steps of a launch."""


class Launcher:
    """Launches agents."""

    def __init__(self, windows: TmuxWindows, desk: LaunchBackend, clock: Clock, settings: Settings) -> None:
        self._windows = windows
        self._desk = desk
        self._clock = clock
        self._settings = settings
        self._access = OpencodeAccess(Processes())

    async def grant(self, actor: Actor, wish: LaunchFormEntry) -> LaunchResult:
        """Launch an agent from the dashboard's form; `seat` is the pane of the person at the dashboard.

        Raises:
            Refusal: as `checked`, `means_for` and `launch` do.
        """
        wanted = checked(wish.client, wish.name, wish.team, wish.role, Path(wish.folder))
        return await self.launch(wanted, LaunchSite(seat=actor.seat))

    async def launch(
        self, wanted: LaunchRequest, where: LaunchSite, tell: Tell = nobody, *, patience: timedelta | None = PATIENCE
    ) -> LaunchResult:
        """Start a client in its own pane, and wait until it has registered.

        Args:
            wanted: the agent.
            where: the place for the pane.
            tell: called with each step.
            patience: time for the registration; None does not wait.

        Raises:
            Refusal: those of `means_for`, `name_taken`, `no_tmux`: nothing was started; `not_started`,
                `not_registered`: with a line from the pane.
        """
        means = means_for(wanted, self._settings)
        known = await self._desk.known(wanted.team, wanted.name)
        if known is not None and known.lives:
            told = f"{wanted.name}@{wanted.team} is registered already, and alive: choose another name, or end it first"
            raise Refusal("name_taken", sentence=told)
        start = prepared(wanted, means)
        place = await self._started(wanted, means, start, where)
        begun = self._clock.now()
        if patience is None:
            return _launched(wanted, place, None, "none")
        tell(f"{wanted.client} starts in {place.session}:{place.window} ({place.pane.pane_id}); it has to register now")
        known = await self._registered(wanted, place, begun, patience)
        if start.announces and not known.is_bound:
            await self._bind(wanted, known.agent_id, means.mark)
        session_id = await self._session(start.base_url, wanted.client) if start.base_url else ""
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
        way = place.pane.way(None)
        while True:
            known = await self._desk.known(wanted.team, wanted.name)
            if known is not None and known.seen_at >= begun:
                return known
            if await self._windows.has_ended(place):
                # tmux scrolls the top of the screen away to print that the program is dead.
                told = f"{wanted.client} has ended{await self._told(place, before=SCROLLBACK_LINES)}"
                raise Refusal("not_started", sentence=f"{told}; its pane is kept; look at it with\n{way}")
            if self._clock.now() - begun > patience:
                told = f"{wanted.client} runs, but {wanted.name} has not registered in {patience.seconds} s"
                raise Refusal(
                    "not_registered",
                    sentence=f"{told}{await self._told(place)}; look at it with\n{way}",
                )
            await asyncio.sleep(POLL_INTERVAL_S)

    async def _bind(self, wanted: LaunchRequest, agent_id: str, mark: str) -> None:
        """Wait a while until the agent's screen is there, too; without a screen the launch still succeeds."""
        give_up_at = self._clock.now() + SCREEN_PATIENCE
        while self._clock.now() < give_up_at:
            await self._desk.bind(agent_id, mark)
            known = await self._desk.known(wanted.team, wanted.name)
            if known is None or known.is_bound:
                return
            await asyncio.sleep(POLL_INTERVAL_S)

    async def _session(self, base_url: str, client: ClientId) -> str:
        """Begin a session for this agent alone; return "" if the server gives none."""
        try:
            # Several opencodes in one folder share their sessions, so the newest session may be another agent's.
            return await begin_session(await self._access.to_own_server(base_url, client))
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
        pane=place.pane,
        session=place.session,
        window=place.window,
        is_new_session=place.is_new_session,
    )
