"""Panes, what was seen on them, and what a program in one asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class PaneRef:
    """One pane of one tmux server; pane ids repeat across servers."""

    socket: str
    """Path of the server's socket; empty for the server that tmux itself would choose."""
    pane_id: str
    """tmux's own id, `%42`."""

    @classmethod
    def own(cls, environment: Mapping[str, str]) -> "PaneRef | None":
        """The pane that a program with this environment was started in; None outside tmux.

        Its server is the one that tmux itself would choose there, so it needs no name.
        """
        pane_id = environment.get("TMUX_PANE")
        return cls("", pane_id) if pane_id and environment.get("TMUX") else None


class PaneState(StrEnum):
    """What a pane is doing, as far as the screen tells."""

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
"""The states in which tmux itself takes the keys: scrolled back, a list to choose from, the clock."""


class Standing(StrEnum):
    """How the process that was bound to a pane stands to what is typed there."""

    IN_FRONT = "in_front"
    BEHIND = "behind"
    """It lives, and something else has the terminal."""
    ENDED = "ended"
    """It has ended, or given way to a shell."""


class OwnText(StrEnum):
    """How a hint of ours that was not submitted stands in an input line."""

    ALONE = "alone"
    PIECE = "piece"
    """Its beginning and nothing else: the program is still drawing it, or has lost the rest."""
    MIXED = "mixed"
    """With something else: a person was typing there, or the program has added to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaneLook:
    """One look at a pane: what tmux said of it and what was on its screen."""

    pane: PaneRef
    at: datetime
    formats: Mapping[str, Any]
    """tmux formats: cursor_x, cursor_y, pane_title, pane_current_command, pane_in_mode, pane_dead, pane_pid, …"""
    screen: str
    """The visible screen with its attributes (`capture-pane -p -e`)."""

    @property
    def occupant(self) -> str:
        """The pid of the first process in the pane; empty if tmux did not say."""
        return str(self.formats.get("pane_pid") or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class PaneReading:
    """The state that a reader saw in a look, and what made it say so."""

    state: PaneState
    reason: str
    composer: str | None = None
    """The text in the input line, with its prompt if they cannot be told apart; None if there is no input line."""
    own: OwnText | None = None
    """What of a hint of ours stands in that line, not submitted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaneView:
    """A look with what it means and since when it has been so."""

    look: PaneLook
    reading: PaneReading
    unchanged_since: datetime
    state_since: datetime

    @property
    def age(self) -> "StateAge":
        """Since when the pane is as it is."""
        return StateAge(
            state=self.reading.state, reason=self.reading.reason, occupant=self.look.occupant, since=self.state_since
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StateAge:
    """Since when a pane is as it is, and what tells that it is the same pane in the same state."""

    state: PaneState
    reason: str
    occupant: str
    """tmux gives the ids of panes again when it is started again, but not the pid of the first process."""
    since: datetime

    def goes_on_in(self, look: PaneLook, reading: PaneReading) -> bool:
        """Whether a pane is still as it was."""
        same = (self.state, self.occupant) == (reading.state, look.occupant)
        return same and (self.state is not PaneState.DIALOG or self.reason == reading.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One answer that a prompt offers."""

    number: int
    """From 1, as the prompt counts them."""
    label: str
    note: str = ""
    """What the prompt says of it in the rows below."""
    needs_typing: bool = False
    """Choosing it is no answer yet: a text of one's own follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What the program in a pane asks a person, as it stands there."""

    text: str
    """Every row of it, without the sign that says which option is chosen: the same text is the same prompt."""
    options: tuple[Option, ...]
    """Empty if it is not one that can be answered from afar."""
    chosen: int = field(default=0, compare=False)
    """The number of the option that Enter would take; 0 if there are none."""
    arrows: tuple[str, str] | None = None
    """The keys that move the choice back and forth, if the options have no numbers to press."""
    question: str = field(default="", compare=False)
    """What stands above the options, in one line."""
    why_not: str = ""
    """Why it cannot be answered from afar."""
    screen: str = field(default="", compare=False, repr=False)
    """The whole screen that it was seen on, with its attributes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TmuxCommand:
    """A tmux command that changed something; what was typed is not kept."""

    number: int
    at: datetime
    pane: PaneRef
    what: str
