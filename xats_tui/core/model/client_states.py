"""What a client itself tells of an agent: its state, and the dialogs that it has open."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from xats_tui.core.model.panes import Option, PaneState


class StateSource(StrEnum):
    """Where a client tells its state, the most trusted first."""

    SESSION_FILE = "session file"
    """Claude Code's own file about a session."""
    THREAD = "thread"
    """A Codex app-server's status of a thread."""
    SESSION_STATUS = "session status"
    """An opencode server's status of a session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldState:
    """The state that a client tells of itself now; it holds until the client tells another one or is gone."""

    state: PaneState
    """`IDLE`, `BUSY` or `DIALOG`; `UNKNOWN` for a word that is not known."""
    detail: str
    """The client's own words, in one line."""
    source: StateSource
    at: datetime
    """Time at which the client took on the state, by its own stamp if it gives one."""


class DialogKind(StrEnum):
    """What a dialog wants of a person."""

    PERMISSION = "permission"
    """Whether a tool may be used."""
    QUESTION = "question"
    """An answer to a question of the model."""


class Effect(StrEnum):
    """What choosing an option of a permission does."""

    ALLOW = "allow"
    """Allows this one use."""
    ALLOW_ALWAYS = "allow always"
    """Allows this and later uses: cannot be undone from here."""
    DENY = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogOption(Option):
    """An answer that a dialog offers."""

    effect: Effect | None = None
    """None for an answer to a question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialog:
    """A dialog that a client tells of, and takes an answer to, over an interface of its own."""

    id: str
    """Identifies this very dialog; never used for another one."""
    agent_id: str
    source: str
    """The interface, for people, such as `PermissionRequest hook`."""
    kind: DialogKind
    tool: str
    """The tool or permission that is asked for; empty for a question."""
    subject: str
    """What is asked, in one line: the command, the file, the question."""
    text: str
    """Everything that the client tells: command, arguments, diff, reason; several lines."""
    options: tuple[DialogOption, ...]
    """Numbered from 1; empty if the interface takes no answer."""
    opened_at: datetime
    expires_at: datetime | None = field(default=None, compare=False)
    """Time at which the interface stops to wait, and only the client's own dialog takes an answer."""
