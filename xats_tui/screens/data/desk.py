"""What every mode works with: where pictures come from, the door for verbs, the time."""

import time
from dataclasses import dataclass, field
from datetime import datetime

from xats_tui.core.clock import Clock
from xats_tui.core.model.panes import PaneRef
from xats_tui.core.model.tasks import Task, TaskDraft
from xats_tui.screens.data.snapshot import SnapshotSource
from xats_tui.screens.data.verbs import Verbs


@dataclass(slots=True)
class Watched:
    """The pane that some mode shows a preview of; the coordinator looks at it more often."""

    pane: PaneRef | None = None


KEY_REPEAT_S = 0.08
"""Seconds within which another key may follow; a key that is held down comes every 0.03."""


@dataclass(slots=True)
class Keyboard:
    """When a key was pressed last: what can wait a moment then does."""

    pressed_at: float = float("-inf")

    def press(self) -> None:
        """A key has been pressed."""
        self.pressed_at = time.monotonic()

    def rest(self) -> float:
        """Seconds until it is quiet, if nothing follows; 0 if it is."""
        return max(0.0, self.pressed_at + KEY_REPEAT_S - time.monotonic())


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message that the operator has begun."""

    to: str = ""
    subject: str = ""
    need_reply: bool = True
    body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoable:
    """What was done to tasks and can be taken back."""

    what: str
    until: datetime
    steps: tuple[tuple[Task, Task], ...]
    """Each task as it was made, and as it was before."""


@dataclass(slots=True)
class LastChange:
    """What was done last, if it can be taken back."""

    done: Undoable | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeContext:
    """What every mode works with."""

    source: SnapshotSource
    verbs: Verbs
    clock: Clock
    tmux_missing: bool = False
    alert: str = "off"
    """How a new dialog is told: `off`, `bell` or `tmux`."""
    watched: Watched = field(default_factory=Watched)
    """One for all modes: each would else believe that its own pane is still looked at."""
    keyboard: Keyboard = field(default_factory=Keyboard)
    drafts: dict[str, Draft] = field(default_factory=dict)
    """Messages that were begun and not sent, by what they were begun for."""
    task_drafts: dict[str, TaskDraft] = field(default_factory=dict)
    """Tasks that were begun and not saved, by what they were begun for."""
    last_change: LastChange = field(default_factory=LastChange)
