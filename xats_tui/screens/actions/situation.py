"""Situation: the operator's place and selection, and the reasons why an action is unavailable there."""

from collections.abc import Callable

from msgspec import Struct

from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.panes import PaneState, PaneView
from xats_tui.core.model.wakes import Wake
from xats_tui.screens.data.targets import Target, was_not_read
from xats_tui.screens.modes.places import Mode, Panel


class Situation(Struct, frozen=True, kw_only=True):
    """The operator's place and selection, as far as they decide which actions are available."""

    mode: Mode
    panel: Panel | None = None
    """Focused panel; only in the Live mode."""
    row: str | None = None
    """Key of the row under the cursor."""
    target: Target | None = None
    """Object behind that row."""
    marked: tuple[str, ...] = ()
    """Keys of the marked rows."""
    targets: tuple[Target, ...] = ()
    """Objects that an action applies to: the marked rows, or else the row under the cursor."""
    agents: tuple[RosterEntry, ...] = ()
    """Agents that the targets refer to."""
    view: PaneView | None = None
    """Latest view of the pane, if there is exactly one agent."""
    wakes: tuple[Wake, ...] = ()
    """Wakes that the targets refer to."""
    concern: str = ""
    """Key of the concern under the cursor; only in Attention."""
    failed: tuple[Wake, ...] = ()
    """All failed wakes that a replay may help, whatever is selected."""
    inside: bool = False
    """True if the detail has the focus."""
    leads_on: bool = False
    """True if enter opens another mode from inside the detail."""
    filtered: bool = False
    hides_columns: bool = False
    """True if the list is too narrow for all columns."""
    zoomed: bool = False
    on_wall: bool = False
    """True if the screens of several agents take the place of the list."""
    with_panes: int = 0
    """Number of agents that the wall shows, or would show."""
    apart: bool = False
    """True if the list shows a special selection: the operator's inbox, or older rows."""
    paused: bool = False
    finds: bool = False
    """True if the hit of a search is shown."""
    came_from: Mode | None = None
    """Mode from which this one was opened."""
    read_only: bool = False
    past: bool = False
    """True if a moment of the past is shown."""
    teams: tuple[str, ...] = ()
    """All known teams."""
    undoable: bool = False
    """True if the last change can still be undone."""

    @property
    def agent(self) -> RosterEntry | None:
        """The agent, if there is exactly one; None otherwise."""
        return self.agents[0] if len(self.agents) == 1 else None


Reason = Callable[[Situation], str | None]
"""Function that returns the reason why an action is unavailable in a situation, or None."""


def always(_: Situation) -> str | None:
    """Return no reason: the action is always available."""
    return None


def never(_: Situation) -> bool:
    """Return False."""
    return False


def in_list(situation: Situation) -> bool:
    """Return whether only a row is under the cursor: nothing is marked, and no detail is being read."""
    return not situation.marked and not situation.inside


def needs_row(situation: Situation) -> str | None:
    """Return a reason unless a row is selected."""
    return None if situation.row else "nothing is selected"


def needs_snoozable(situation: Situation) -> str | None:
    """Return a reason unless a concern is selected."""
    return None if situation.concern else "nothing is selected"


def needs_more(situation: Situation) -> str | None:
    """Return a reason unless the selected row can be opened further."""
    return "nothing more to open" if situation.inside and not situation.leads_on else needs_row(situation)


def needs_way_back(situation: Situation) -> str | None:
    """Return a reason unless there is something to leave or clear."""
    within = (
        situation.inside
        or situation.marked
        or situation.filtered
        or situation.zoomed
        or situation.apart
        or situation.finds
        or situation.past
    )
    return None if within or situation.came_from else "already at the top"


def needs_agent(situation: Situation) -> str | None:
    """Return a reason unless at least one agent is selected."""
    return None if situation.agents else "no agent is selected"


def needs_panes(situation: Situation) -> str | None:
    """Return a reason unless at least two agents with known panes are listed."""
    return None if situation.with_panes > 1 or situation.on_wall else "fewer than two agents with known panes are here"


def needs_pane(situation: Situation) -> str | None:
    """Return a reason unless exactly one agent is selected and its pane is known."""
    if (reason := _needs_one_agent(situation)) or situation.agent is None:
        return reason
    return None if situation.agent.agent.binding else f"no known pane for {situation.agent.agent.address}"


def needs_dialog(situation: Situation) -> str | None:
    """Return a reason unless exactly one agent is selected and it asks a person something."""
    if (reason := _needs_one_agent(situation)) or situation.agent is None:
        return reason
    state = situation.agent.state_in(situation.view)
    asks = state is not None and state.state is PaneState.DIALOG
    return None if asks else f"no dialog of {situation.agent.agent.address} is open"


def needs_unread_wake(situation: Situation) -> str | None:
    """Return a reason unless a wake is selected whose message is unread."""
    if not situation.wakes:
        return "no wake is selected"
    return None if any(was_not_read(wake) for wake in situation.wakes) else "the message has been read"


def needs_open_wake(situation: Situation) -> str | None:
    """Return a reason unless a wake is selected that is still open."""
    if not situation.wakes:
        return "no wake is selected"
    return None if any(not wake.is_over for wake in situation.wakes) else "the wake is over"


def _needs_one_agent(situation: Situation) -> str | None:
    if situation.agent is None:
        return "no agent is selected" if not situation.agents else "several agents are selected"
    return None
