"""The word of a client itself on an agent: its state, and the dialogs that it has open."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from xats_tui.core.model.panes import Option, PaneState, PaneView, Prompt


class StateSource(StrEnum):
    """The place where a client tells its state, the most trusted first."""

    SESSION_FILE = "session file"
    """Claude Code's own file about a session."""
    THREAD = "thread"
    """A Codex app-server's status of a thread."""
    SESSION_STATUS = "session status"
    """An opencode server's status of a session."""
    EXTENSION = "extension"
    """Our own extension in a client."""
    HOOKS = "hooks"
    """The newest event of a client's hooks; no hook tells that a turn was interrupted or a dialog dismissed."""


class ToldState(Struct, frozen=True, kw_only=True):
    """The state that a client tells of itself now; it holds until the client tells another one or is gone."""

    state: PaneState
    """`IDLE`, `BUSY` or `DIALOG`; `UNKNOWN` for a word that is not known."""
    detail: str
    """The client's own words, in one line."""
    source: StateSource
    at: datetime
    """Time at which the client took on the state, by its own stamp if it gives one."""


class UsedTool(Struct, frozen=True, kw_only=True):
    """A tool that an agent used, or uses now."""

    name: str
    """As the client names it, in one line; with the command or file that it is used on, if that was told."""
    at: datetime


class ToldWork(Struct, frozen=True, kw_only=True):
    """Facts of an agent that its client's hooks tell besides its state; each only if a hook told it."""

    tool: UsedTool | None = None
    """The latest one."""
    model: str = ""
    tokens: int | None = None
    """As the client counts them."""

    def after(self, earlier: "ToldWork") -> "ToldWork":
        """Return what is known now; what this event did not tell still holds."""
        tokens = earlier.tokens if self.tokens is None else self.tokens
        return ToldWork(tool=self.tool or earlier.tool, model=self.model or earlier.model, tokens=tokens)


class UnconnectedProgram(Struct, frozen=True, kw_only=True):
    """A program that could be an agent, but has not registered as one."""

    client: str
    """Its name for people."""
    pid: int
    folder: str
    """Its working directory."""
    pane_id: str
    """Its pane in its tmux server, such as `%42`; empty if it names none."""
    since: datetime
    """Time at which it was started."""


class DialogKind(StrEnum):
    """The kind of answer that a dialog wants of a person."""

    PERMISSION = "permission"
    """Leave to use a tool."""
    QUESTION = "question"
    """An answer to a question of the model."""


class Effect(StrEnum):
    """The effect of choosing an option of a permission."""

    ALLOW = "allow"
    """Allows this one use."""
    ALLOW_ALWAYS = "allow always"
    """Allows this and later uses: cannot be undone from here."""
    DENY = "deny"


class DialogOption(Option, frozen=True, kw_only=True):
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
    """The subject of the question, in one line: the command, the file, the question itself."""
    text: str
    """Everything that the client tells: command, arguments, diff, reason; several lines."""
    options: tuple[DialogOption, ...]
    """Numbered from 1; empty if the interface takes no answer."""
    opened_at: datetime
    expires_at: datetime | None = field(default=None, compare=False)
    """Time at which the interface stops to wait, and only the client's own dialog takes an answer."""

    @property
    def asks(self) -> str:
        """The question, with the tool that it is about."""
        return f"{self.tool}: {self.subject}" if self.tool else self.subject

    def option(self, number: int) -> DialogOption | None:
        """Return the option with this number."""
        return next((option for option in self.options if option.number == number), None)


Asked: TypeAlias = Dialog | Prompt
"""A question of an agent to a person: told by its client, or read off its screen."""

SCREEN = "screen"
"""The source of a state or a question that no interface tells."""

CLIENT_IS_AWAY = frozenset({PaneState.SHELL, PaneState.FOREIGN, PaneState.DEAD})
"""States of a pane that does not show its agent's client."""


class AgentState(Struct, frozen=True, kw_only=True):
    """An agent's state for people: what its client tells, and what its screen shows."""

    state: PaneState
    since: datetime
    reason: str
    source: str
    """The interface that tells it, or `SCREEN`."""


class PastFacts(Struct, frozen=True, kw_only=True):
    """What the log tells of an agent at a moment, instead of what is known of it now."""

    state: AgentState | None = None
    """None if it is not known."""
    online: bool | None = None
    """None if it is not known."""
    last_call_known: bool = False
    """True if its last call is known to be the last one by then."""


def agent_state(view: PaneView | None, told: ToldState | None, dialogs: Sequence[Dialog]) -> AgentState | None:
    """Return an agent's state; None if neither its client nor a screen tells one.

    A dialog that the client tells of comes first, then the screen, then any other state that the client tells.
    """
    if dialogs:
        first, more = dialogs[0], f", and {len(dialogs) - 1} more" if len(dialogs) > 1 else ""
        reason = f"asks: {first.asks}{more}"
        return AgentState(state=PaneState.DIALOG, since=first.opened_at, reason=reason, source=first.source)
    seen = _seen_state(view) if view else None
    if told is None or told.state is PaneState.UNKNOWN:
        return seen
    tells = AgentState(state=told.state, since=told.at, reason=told.detail, source=told.source)
    if seen is None or seen.state is PaneState.UNKNOWN:
        return tells
    # a question that the reader of the screen does not know is a question all the same
    asks_unseen = told.state is PaneState.DIALOG and seen.state not in {PaneState.DIALOG, *CLIENT_IS_AWAY}
    # what the screen shows since a hook spoke has come after it
    is_settled = told.source is StateSource.HOOKS and seen.since > told.at
    return tells if asks_unseen and not is_settled else seen


def _seen_state(view: PaneView) -> AgentState:
    reading = view.reading
    return AgentState(state=reading.state, since=view.state_since, reason=reading.reason, source=SCREEN)
