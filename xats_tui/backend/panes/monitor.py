"""Monitor of all bound panes: one tmux command per server and tick, and the time since when each state lasts.

A late tick is dropped, never made up for.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from xats_tui.backend.panes import read_pane
from xats_tui.backend.panes.front import STANDING, leads_a_shell
from xats_tui.backend.system.tmux import Tmux
from xats_tui.clients.registry import revision
from xats_tui.core.clock import Clock
from xats_tui.core.errors import TmuxError
from xats_tui.core.events import Event, PaneChanged
from xats_tui.core.model.agents import SeenProcess
from xats_tui.core.model.labels import ClientId
from xats_tui.core.model.panes import PaneLook, PaneReading, PaneRef, PaneState, PaneView, Standing, StateAge
from xats_tui.core.model.pastes import Paste
from xats_tui.core.records import replace
from xats_tui.core.screen.own_text import own_text

logger = logging.getLogger(__name__)

FAST_POLL_INTERVAL_S = 0.5
"""Interval between looks at a pane that a wake waits for, or that is shown in the dashboard and active."""

CALM, CALM_AFTER = 1.0, timedelta(seconds=5)
"""Interval between looks at a pane of either kind, and the time without a change after which it applies."""

# Each look is a tmux command, which takes as much processor time as drawing the screen.
RESTING_AFTER = timedelta(seconds=15)
"""Time without a change after which a pane of either kind is looked at only as often as all others."""

SLOW_POLL_INTERVAL_S = 2.0
"""Interval between looks at all panes."""


class PaneMonitor:
    """The newest view of each tracked pane."""

    def __init__(
        self,
        tmux: Tmux,
        clock: Clock,
        publish: Callable[[Iterable[Event]], None],
        standing: Callable[[SeenProcess, str], Awaitable[Standing]] | None = None,
    ) -> None:
        """Set the dependencies; `standing` tells whether a process receives the keys of a terminal."""
        self._tmux = tmux
        self._clock = clock
        self._publish = publish
        self._standing = standing
        self._clients: Mapping[PaneRef, ClientId | None] = {}
        self._processes: Mapping[PaneRef, SeenProcess] = {}
        self._ages: dict[PaneRef, StateAge] = {}
        """Ages of states from before a restart, until each pane is seen for the first time."""
        self._read_as: dict[PaneRef, tuple[ClientId | None, int]] = {}
        """The client whose reader produced a pane's newest view, and the revision of the manifests then."""
        self._views: dict[PaneRef, PaneView] = {}
        self._lost: set[PaneRef] = set()
        """Panes whose newest view says that they cannot be seen."""
        self._awaited: frozenset[PaneRef] = frozenset()
        self._attended: frozenset[PaneRef] = frozenset()
        self._all_due_at = clock.monotonic()
        self._hurry = asyncio.Event()
        self._under_way: dict[str, asyncio.Task[None]] = {}
        """Running looks at servers, by socket."""
        self._pastes: dict[PaneRef, Paste] = {}
        """Pastes that may still be in a pane's input line."""
        self.tick_seconds: float | None = None
        """Duration of the last look at all panes; None before the first."""

    def track(
        self, clients: Mapping[PaneRef, ClientId | None], processes: Mapping[PaneRef, SeenProcess] | None = None
    ) -> None:
        """Replace the tracked panes; `processes` are the processes bound to them."""
        self._clients, self._processes = dict(clients), dict(processes or {})
        for pane in self._views.keys() - self._clients.keys():
            del self._views[pane]
            self._read_as.pop(pane, None)
        self._lost &= self._clients.keys()
        self._all_due_at = self._clock.monotonic()
        self._hurry.set()

    def remember(self, ages: Mapping[PaneRef, StateAge]) -> None:
        """Set the ages of states from before a restart, to continue them where a pane has not changed."""
        self._ages = dict(ages)

    def tracks(self, pane: PaneRef) -> bool:
        """Return whether a pane is tracked."""
        return pane in self._clients

    def await_change(self, panes: frozenset[PaneRef]) -> None:
        """Look at these panes more often, because a wake waits for them."""
        if panes - self._awaited:
            self._hurry.set()
        self._awaited = panes

    def attend(self, panes: frozenset[PaneRef]) -> None:
        """Look only at these panes more often, because a person is looking at them."""
        if panes - self._attended:
            self._hurry.set()
        self._attended = panes

    def expect(self, pane: PaneRef, paste: Paste | None) -> None:
        """Treat this text in the pane's input line as ours; None ends that."""
        if paste is None:
            self._pastes.pop(pane, None)
        else:
            self._pastes[pane] = paste
        # the screen has not changed, but its meaning has
        if view := self._views.get(pane):
            self._views[pane] = replace(view, reading=self._knowing_ours(pane, view.reading))
            self._tell(pane, state_changed=False)

    def expects(self, pane: PaneRef) -> bool:
        """Return whether the outcome of a paste is open in this pane."""
        return pane in self._pastes

    def view(self, pane: PaneRef) -> PaneView | None:
        """Return the newest view of a pane, or None if it has not been seen."""
        return self._views.get(pane)

    async def look(self, pane: PaneRef, client: ClientId | None) -> PaneView:
        """Look at one pane now.

        Raises:
            PaneGone, TmuxUnavailable, TmuxError: the pane cannot be seen.
        """
        return self._note(await self._with_standing(await self._tmux.look_at(pane)), client)

    async def run(self) -> None:
        """Look at panes forever."""
        try:
            while True:
                self._hurry.clear()
                if self._clock.monotonic() >= self._all_due_at:
                    await self.tick()
                else:
                    await self._look_at(self._hurried())
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.next_pause()):
                        await self._hurry.wait()
        finally:
            for look in self._under_way.values():
                look.cancel()
            self._under_way.clear()

    async def tick(self) -> None:
        """Look once at every tracked pane."""
        begun = self._clock.monotonic()
        self._all_due_at = begun + SLOW_POLL_INTERVAL_S
        await self._look_at(self._clients)
        self.tick_seconds = self._clock.monotonic() - begun

    def next_pause(self) -> float:
        """Return the seconds until the next look, unless one is requested earlier."""
        if not self._hurried():
            return self._all_due_at - self._clock.monotonic()
        return CALM if self._is_calm() else FAST_POLL_INTERVAL_S

    def _is_calm(self) -> bool:
        """Return whether a second is often enough: for panes in which nothing happens, or several that are shown."""
        if not all(self._has_not_changed(pane) and not self.expects(pane) for pane in self._awaited):
            return False
        return len(self._attended) > 1 or all(map(self._has_not_changed, self._attended))

    def _has_not_changed(self, pane: PaneRef) -> bool:
        view = self.view(pane)
        return view is not None and self._clock.now() - view.unchanged_since > CALM_AFTER

    def _hurried(self) -> frozenset[PaneRef]:
        """Return the panes that need frequent looks."""
        wanted = (self._awaited | self._attended) & self._clients.keys()
        return frozenset(pane for pane in wanted if self.expects(pane) or not self._rests(pane))

    def _rests(self, pane: PaneRef) -> bool:
        view = self.view(pane)
        return view is not None and self._clock.now() - view.unchanged_since > RESTING_AFTER

    async def _look_at(self, panes: Iterable[PaneRef]) -> None:
        by_socket: dict[str, list[str]] = {}
        for pane in panes:
            by_socket.setdefault(pane.socket, []).append(pane.pane_id)
        due = by_socket.keys() - self._under_way.keys()
        begun = {socket: asyncio.create_task(self._tick_server(socket, by_socket[socket])) for socket in due}
        self._under_way |= begun
        if begun:  # do not wait for a hung server: other servers' panes are due again
            await asyncio.wait(begun.values(), timeout=FAST_POLL_INTERVAL_S)
        for socket, look in list(self._under_way.items()):
            if look.done():
                del self._under_way[socket]
                look.result()

    async def _tick_server(self, socket: str, pane_ids: list[str]) -> None:
        try:
            looks = await self._tmux.look(socket, pane_ids)
        except TmuxError as error:
            logger.debug("cannot look at tmux server %r: %s", socket, error)
            for pane_id in pane_ids:
                self._lose(PaneRef(socket, pane_id), str(error))
            return
        for pane_id in pane_ids:
            pane = PaneRef(socket, pane_id)
            if pane_id not in looks.panes or pane_id not in looks.screens:
                self._lose(pane, "the pane is gone")
            elif pane in self._clients:
                look = PaneLook(
                    pane=pane, at=self._clock.now(), formats=looks.panes[pane_id], screen=looks.screens[pane_id]
                )
                look = await self._with_standing(look)
                self._note(look, self._clients.get(pane))

    async def _with_standing(self, look: PaneLook) -> PaneLook:
        """Add the standing of the bound process if tmux names a shell."""
        # for `sh -c 'claude; exec bash'` tmux names the shell that leads the group, not the agent
        process = self._processes.get(look.pane)
        if process is None or self._standing is None or not leads_a_shell(look.formats):
            return look
        tty = str(look.formats.get("pane_tty") or "").removeprefix("/dev/")
        return replace(look, formats={**look.formats, STANDING: await self._standing(process, tty)})

    def _note(self, look: PaneLook, client: ClientId | None) -> PaneView:
        before = self._views.get(look.pane)
        reader = (client, revision())
        known = look.pane not in self._lost and self._read_as.get(look.pane) == reader
        if before is not None and known and _same(before.look, look):
            # If the clock was set back, a time in the future would keep the pane from ever counting as quiet.
            unchanged, state = min(before.unchanged_since, look.at), min(before.state_since, look.at)
            view = replace(before, look=look, unchanged_since=unchanged, state_since=state)
            self._views[look.pane] = view
            return view
        self._lost.discard(look.pane)
        self._read_as[look.pane] = reader
        reading = self._knowing_ours(look.pane, read_pane(client, look.screen, look.formats))
        same_state = before is not None and before.reading.state is reading.state
        view = PaneView(
            look=look,
            reading=reading,
            unchanged_since=look.at,
            state_since=before.state_since if before is not None and same_state else self._since(look, reading),
        )
        self._views[look.pane] = view
        self._tell(look.pane, state_changed=not same_state)
        return view

    def _since(self, look: PaneLook, reading: PaneReading) -> datetime:
        """Return the time since when the pane is in its state, even from before a restart."""
        age = self._ages.pop(look.pane, None)
        return min(age.since, look.at) if age and age.goes_on_in(look, reading) else look.at

    def _knowing_ours(self, pane: PaneRef, reading: PaneReading) -> PaneReading:
        paste = self._pastes.get(pane)
        return replace(reading, own=own_text(reading.composer, paste) if paste else None)

    def _lose(self, pane: PaneRef, reason: str) -> None:
        before = self._views.get(pane)
        if before is None or (before.reading.state is PaneState.DEAD and before.reading.reason == reason):
            return
        self._lost.add(pane)
        now = self._clock.now()
        reading = PaneReading(state=PaneState.DEAD, reason=reason)
        self._views[pane] = replace(before, reading=reading, unchanged_since=now, state_since=now)
        self._tell(pane, state_changed=True)

    def _tell(self, pane: PaneRef, *, state_changed: bool) -> None:
        self._publish([PaneChanged(socket=pane.socket, pane_id=pane.pane_id, state_changed=state_changed)])


COMPARED = (
    "cursor_x",
    "cursor_y",
    "pane_in_mode",
    "pane_dead",
    "pane_current_command",
    "pane_title",
    "pane_width",
    STANDING,
)
"""Formats that must be equal, like the screen, for two looks to be the same."""


def _same(one: PaneLook, other: PaneLook) -> bool:
    return one.screen == other.screen and all(one.formats.get(name) == other.formats.get(name) for name in COMPARED)
