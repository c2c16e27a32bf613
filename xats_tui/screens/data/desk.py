"""Context shared by all modes: snapshot source, verbs, clock, drafts."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime

from msgspec import Struct

from xats_tui.core.clock import Clock
from xats_tui.core.model.panes import PaneRef
from xats_tui.core.model.tasks import Task, TaskDraft
from xats_tui.screens.data.attention import ConcernCache
from xats_tui.screens.data.remembered import Memory
from xats_tui.screens.data.scope import TeamScope
from xats_tui.screens.data.snapshot import SnapshotSource
from xats_tui.screens.data.snoozes import Snoozes
from xats_tui.screens.data.verbs import Verbs
from xats_tui.screens.paging.window import Windows
from xats_tui.screens.past.travel import Travel
from xats_tui.screens.query.absence import Absence
from xats_tui.screens.query.finding import Finding


@dataclass(slots=True)
class Watched:
    """The panes that are shown; the coordinator looks at them more often."""

    panes: frozenset[PaneRef] = frozenset()


# A key that is held down repeats every 0.03 s.
KEY_REPEAT_S = 0.08
"""Seconds within which a key that is held down is pressed again."""

NEXT_KEY_S = 0.3
"""Seconds within which a person who types presses the next key."""


@dataclass(slots=True)
class Keyboard:
    """Time of the last key press; work that can wait is put off while keys keep coming."""

    pressed_at: float = float("-inf")

    def press(self) -> None:
        """Record a key press."""
        self.pressed_at = time.monotonic()

    def rest(self, pause: float = NEXT_KEY_S) -> float:
        """Return the seconds until no key was pressed for so long; 0 if none was."""
        return max(0.0, self.pressed_at + pause - time.monotonic())

    async def rested(self, pause: float = NEXT_KEY_S) -> None:
        """Wait until no key was pressed for so long."""
        if seconds := self.rest(pause):
            await asyncio.sleep(seconds)
            await self.rested(pause)  # more keys may have been pressed meanwhile


class MessageDraft(Struct, frozen=True, kw_only=True):
    """A message that the operator has begun to write."""

    to: str = ""
    subject: str = ""
    need_reply: bool = True
    urgent: bool = False
    body: str = ""


class Undoable(Struct, frozen=True, kw_only=True):
    """A change to tasks that can be undone."""

    what: str
    until: datetime
    steps: tuple[tuple[Task, Task], ...]
    """Pairs of a task after the change and before it."""


@dataclass(slots=True)
class LastChange:
    """The last change, if it can still be undone."""

    done: Undoable | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeContext:
    """Objects that every mode works with."""

    source: SnapshotSource
    verbs: Verbs
    clock: Clock
    tmux_missing: bool = False
    alert: str = "off"
    """Way to announce a new dialog: `off`, `bell` or `tmux`."""
    # Shared by all modes: with one each, a mode would believe that its own pane is still being watched.
    watched: Watched = field(default_factory=Watched)
    """The panes that are shown."""
    scope: TeamScope = field(default_factory=TeamScope)
    """The team that every mode is limited to."""
    keyboard: Keyboard = field(default_factory=Keyboard)
    absence: Absence = field(default_factory=Absence)
    """The operator's last key press and newest absence."""
    drafts: dict[str, MessageDraft] = field(default_factory=dict)
    """Unsent messages, by what they were begun for."""
    task_drafts: dict[str, TaskDraft] = field(default_factory=dict)
    """Unsaved tasks, by what they were begun for."""
    finding: Finding = field(default_factory=Finding)
    """The search, and what it has found."""
    windows: Windows = field(default_factory=Windows)
    """The parts of the long lists that are loaded."""
    concerns: ConcernCache = field(default_factory=ConcernCache)
    snoozes: Snoozes = field(init=False)
    answered: dict[str, datetime] = field(default_factory=dict)
    """Time of the last answer to each agent, by its id."""
    travel: Travel = field(default_factory=Travel)
    """The moment of the past that every mode shows."""
    last_change: LastChange = field(default_factory=LastChange)
    memory: Memory = field(default_factory=Memory)
    """State that outlasts the process."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "snoozes", Snoozes(self.memory))

    def now(self) -> datetime:
        """Return the time that is shown: now, or the moment of the past."""
        return self.travel.moment.at if self.travel.moment else self.clock.now()
