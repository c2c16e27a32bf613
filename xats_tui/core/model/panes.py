"""Panes, what was seen on them, and the prompts of the programs in them."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct


@dataclass(frozen=True, slots=True, order=True)
class PaneRef:
    """A pane of a tmux server; pane ids repeat across servers."""

    socket: str
    """Path of the server's socket; empty for the server that tmux would choose itself."""
    pane_id: str
    """tmux's pane id, such as `%42`."""

    @classmethod
    def own(cls, environment: Mapping[str, str]) -> "PaneRef | None":
        """Return the pane that a program with this environment was started in; None outside tmux."""
        pane_id = environment.get("TMUX_PANE")
        # Its server is the one that tmux itself would choose there, so the socket stays empty.
        return cls("", pane_id) if pane_id and environment.get("TMUX") else None

    def way(self, around: str | None) -> str:
        """Return the shell command that leads to the pane.

        Args:
            around: socket path of the tmux server that the shell runs in; None outside tmux.
        """
        server = ["-S", self.socket] if self.socket else []
        if around is not None and around == self.socket:
            return shlex.join(["tmux", *server, "switch-client", "-t", self.pane_id])
        nested = ["env", "-u", "TMUX"] if around is not None else []  # tmux refuses to attach inside tmux
        return shlex.join([*nested, "tmux", *server, "attach", "-t", self.pane_id])


def tmux_around(environment: Mapping[str, str]) -> str | None:
    """Return the socket path of the tmux server that a process with this environment runs in; None outside tmux."""
    return environment.get("TMUX", "").split(",")[0] or None


class PaneState(StrEnum):
    """The state of a pane, as far as the screen tells."""

    IDLE = "idle"
    BUSY = "busy"
    DRAFT = "draft"
    DIALOG = "dialog"
    COPY_MODE = "copy_mode"
    TMUX_MODE = "tmux_mode"
    SHELL = "shell"
    FOREIGN = "foreign"
    DEAD = "dead"
    UNKNOWN = "unknown"


IN_A_MODE = frozenset({PaneState.COPY_MODE, PaneState.TMUX_MODE})
"""States in which tmux itself takes the keys: copy mode, a chooser, the clock."""


class Standing(StrEnum):
    """Relation between the process bound to a pane and the pane's foreground."""

    IN_FRONT = "in_front"
    BEHIND = "behind"
    """It lives, but another process has the terminal."""
    ENDED = "ended"
    """It has ended or given way to a shell."""


class OwnText(StrEnum):
    """State of an unsubmitted hint of ours in an input line."""

    ALONE = "alone"
    PIECE = "piece"
    """Only the beginning of the hint: the program is still drawing it, or has lost the rest."""
    MIXED = "mixed"
    """The hint with other text: a person was typing, or the program added something."""


class PaneLook(Struct, frozen=True, kw_only=True):
    """One look at a pane: tmux's facts and the screen."""

    pane: PaneRef
    at: datetime
    formats: Mapping[str, Any]
    """tmux formats: cursor_x, cursor_y, pane_title, pane_current_command, pane_in_mode, pane_dead, pane_pid, …"""
    screen: str
    """The visible screen with its attributes (`capture-pane -p -e`)."""

    @property
    def occupant(self) -> str:
        """The pid of the pane's first process; empty if tmux did not report it."""
        return str(self.formats.get("pane_pid") or "")


class PaneReading(Struct, frozen=True, kw_only=True):
    """The state that a reader saw in a look, and the reason."""

    state: PaneState
    reason: str
    composer: str | None = None
    """The text in the input line, with its prompt if they cannot be told apart; None if there is no input line."""
    own: OwnText | None = None
    """State of our own unsubmitted hint in that line; None if it is not there."""


class PaneView(Struct, frozen=True, kw_only=True):
    """A look, its reading, and the times since when they hold."""

    look: PaneLook
    reading: PaneReading
    unchanged_since: datetime
    state_since: datetime

    @property
    def age(self) -> "StateAge":
        """The pane's state with its start time."""
        return StateAge(
            state=self.reading.state, reason=self.reading.reason, occupant=self.look.occupant, since=self.state_since
        )


class StateAge(Struct, frozen=True, kw_only=True):
    """Start time of a pane's state, with the facts that identify the same pane in the same state."""

    state: PaneState
    reason: str
    occupant: str
    """The pid of the first process: a restarted tmux hands out the same pane ids again."""
    since: datetime

    def goes_on_in(self, look: PaneLook, reading: PaneReading) -> bool:
        """Return whether a new look shows the same pane in the same state."""
        same = (self.state, self.occupant) == (reading.state, look.occupant)
        # Every dialog has the same state; another reason is another dialog.
        return same and (self.state is not PaneState.DIALOG or self.reason == reading.reason)


class Option(Struct, frozen=True, kw_only=True):
    """One answer that a prompt offers."""

    number: int
    """Its number, counted from 1 as the prompt does."""
    label: str
    note: str = ""
    """The prompt's explanation in the rows below."""
    needs_typing: bool = False
    """True if choosing it is not yet an answer: a typed text must follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """The question that a program in a pane asks, as the screen shows it."""

    text: str
    """All its rows without the mark of the chosen option: equal text means the same prompt."""
    options: tuple[Option, ...]
    """Empty if the prompt cannot be answered remotely."""
    chosen: int = field(default=0, compare=False)
    """Number of the option that Enter would take; 0 if there are none."""
    arrows: tuple[str, str] | None = None
    """The keys that move the choice back and forth, if the options have no number keys."""
    question: str = field(default="", compare=False)
    """The text above the options, in one line."""
    why_not: str = ""
    """The reason why it cannot be answered remotely."""
    once: frozenset[int] = field(default=frozenset(), compare=False)
    """Numbers of the options that are recognised to allow or refuse one use of a tool, and nothing later."""
    screen: str = field(default="", compare=False, repr=False)
    """The whole screen it was seen on, with attributes."""


class TmuxCommand(Struct, frozen=True, kw_only=True):
    """A tmux command that changed something; typed text is not kept."""

    number: int
    at: datetime
    pane: PaneRef
    what: str
