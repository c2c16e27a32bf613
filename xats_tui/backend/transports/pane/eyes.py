"""Observation of agents' panes: everything that the gates judge, gathered at one moment.

It remembers what it has seen of each pane, and presses no key.
"""

from datetime import UTC, datetime, timedelta

from msgspec import Struct

from xats_tui.backend.client_states import ClientStates
from xats_tui.backend.hook_reports import HookReports
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.system.processes import BoundProcess, Processes
from xats_tui.backend.system.terminals import PaneTerminals
from xats_tui.backend.system.tmux_looks import PERSON_AT
from xats_tui.backend.transports.pane.evidence import evidence_of, rows_of
from xats_tui.backend.transports.pane.gates import KEYS_NEED, judge, quiet_for, tty_of
from xats_tui.backend.transports.pane.pastes import Pastes
from xats_tui.backend.transports.pane.prompts import KnownPrompts
from xats_tui.backend.transports.pane.rhythm import DrawingSpeed
from xats_tui.backend.transports.pane.seat import PaneFacts
from xats_tui.clients.registry import is_read
from xats_tui.core.clock import Clock
from xats_tui.core.errors import KeysWithheld
from xats_tui.core.model.agents import Agent, Binding
from xats_tui.core.model.panes import PaneRef, PaneView
from xats_tui.core.model.pastes import Paste
from xats_tui.core.model.wakes import Gate
from xats_tui.core.screen.own_text import squashed

NO_ENTER_BEFORE = frozenset({*KEYS_NEED, "person"})
"""Gates that are judged again before Enter: keys that are typed but not drawn yet would be submitted, too."""


class PaneObservation(Struct, frozen=True, kw_only=True):
    """A pane at one moment."""

    view: PaneView
    seat: PaneFacts
    gates: tuple[Gate, ...]
    evidence: str | None
    """The evidence that the outstanding hint was submitted after all."""

    @property
    def line(self) -> str:
        """Return the text of the input line, without white space."""
        return squashed(self.view.reading.composer or "")

    @property
    def pane_pid(self) -> int:
        """Return the pid of the pane's first process, by which tmux knows the pane again."""
        return int(self.view.look.formats.get("pane_pid") or 0)


class PaneObserver:
    """Observer of panes."""

    def __init__(
        self,
        processes: Processes,
        terminals: PaneTerminals,
        monitor: PaneMonitor,
        pastes: Pastes,
        reports: HookReports,
        states: ClientStates,
        clock: Clock,
        quiet: timedelta,
    ) -> None:
        self._processes = processes
        self._terminals = terminals
        self._monitor = monitor
        self._pastes = pastes
        self._reports = reports
        self._states = states
        self._clock = clock
        self.quiet = quiet
        self.rhythm = DrawingSpeed()
        self._prompts = KnownPrompts()
        self._before_enter: dict[PaneRef, tuple[str, ...]] = {}

    async def look(self, agent: Agent, binding: Binding, *, follow: bool = True) -> PaneObservation:
        """Observe an agent's pane and judge every gate.

        Args:
            agent: the agent of the pane.
            binding: the agent's binding.
            follow: record what this look tells of an outstanding paste; False while somebody is about to enter it.

        Raises:
            PaneGone, TmuxUnavailable, TmuxError: the pane cannot be seen.
        """
        pane, began = binding.pane, self._clock.now()
        view = await self._monitor.look(pane, agent.client)
        occupant = await self._occupant(binding, tty_of(view))
        terminal = await self._terminals.look(tty_of(view), occupant.inner_tty if occupant else None)
        now = self._clock.now()
        if (occupant and occupant.stopped) or (terminal and terminal.unread):
            self.rhythm.note_standstill(pane, now)
        if terminal and terminal.unread:  # the program will show these bytes after it has read them
            self.rhythm.note_key(view, now)
        if follow:
            await self._pastes.follow(view, began, occupied_by(view, binding), terminal)
        paste = self._pastes.of(pane)
        evidence = self.evidence_in(agent, view, paste)
        if follow and paste and not evidence and _is_answered(paste, agent):
            await self._pastes.close(pane)
            paste = None
        seat = PaneFacts(
            occupant=occupant,
            terminal=terminal,
            person_at=_person_at(view),
            paste=paste,
            other_prompt=self._other_prompt(agent, view, binding),
            unchanged=self.rhythm.unchanged(view, now),
            undrawn=self.rhythm.undrawn(view, terminal, now),
            paint=self.rhythm.to_paint(pane),
        )
        view = self._monitor.view(pane) or view  # once the paste is closed, text like ours counts as a person's
        report = self._reports.of_agent(agent, now)
        told = self._states.held_by(agent.agent_id)
        gates = judge(agent, view, seat, report, quiet_for(agent.client, self.quiet), now, told)
        return PaneObservation(view=view, seat=seat, gates=gates, evidence=evidence)

    async def look_before_key(
        self, agent: Agent, same: PaneFacts | None = None, *, people: bool = False
    ) -> PaneObservation:
        """Observe an agent's pane just before a key.

        Args:
            agent: the agent of the pane.
            same: the facts of an earlier look; the same process must be there now.
            people: withhold the key also if somebody is typing there.

        Raises:
            KeysWithheld: a gate that holds for every key is closed.
            PaneGone, TmuxUnavailable, TmuxError: the pane cannot be seen.
        """
        assert agent.binding is not None  # `serves` was asked first
        seen = await self.look(agent, agent.binding, follow=same is None)
        needed = NO_ENTER_BEFORE if people else KEYS_NEED
        if closed := next((gate for gate in seen.gates if gate.name in needed and not gate.holds), None):
            raise KeysWithheld(f"{closed.name}: {closed.detail}")
        if same is not None and seen.seat.occupant != same.occupant:
            raise KeysWithheld("process: another program has taken the agent's place")
        return seen

    def note_enter(self, seen: PaneObservation) -> None:
        """Remember the screen just before Enter."""
        self._before_enter[seen.view.look.pane] = rows_of(seen.view)

    def _other_prompt(self, agent: Agent, view: PaneView, binding: Binding) -> str:
        if is_read(agent.client):
            return ""
        return self._prompts.other(view, occupied_by(view, binding), agent.last_seen_at)

    async def _occupant(self, binding: Binding, tty: str) -> BoundProcess | None:
        pid, started_at = binding.ui_pid, binding.ui_started_at
        return await self._processes.occupant(pid, started_at, tty) if pid else None

    def evidence_in(self, agent: Agent, view: PaneView, paste: Paste | None) -> str | None:
        """Return the evidence that a paste was submitted, by its pane or the client's own report; None for none."""
        if paste is None or paste.entered_at is None:
            return None
        report = self._reports.of_agent(agent, self._clock.now())
        prompt = self._reports.prompt_of_agent(agent, paste.entered_at)
        before = self._before_enter.get(paste.pane, ())
        return evidence_of(paste, before, view, report, prompt, self.rhythm.to_paint(paste.pane))


def occupied_by(view: PaneView, binding: Binding) -> str:
    """Return an id of the program in a pane: the pids of the pane's first process and of the bound process."""
    return f"{view.look.formats.get('pane_pid')}/{binding.ui_pid}"


def _person_at(view: PaneView) -> datetime | None:
    """Return the time of the last key of a person who has the pane in front."""
    seconds = view.look.formats.get(PERSON_AT)
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _is_answered(paste: Paste, agent: Agent) -> bool:
    """Return whether the agent has called since Enter emptied the input line: it has the hint, or needs none."""
    return paste.gone and paste.entered_at is not None and agent.last_seen_at > paste.entered_at
