"""Where the operator is, as far as it decides what can be done, and the reasons why something cannot."""

from collections.abc import Callable
from dataclasses import dataclass

from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.panes import PaneState, PaneView
from xats_tui.core.model.wakes import Wake
from xats_tui.screens.actions.targets import Target, was_not_read
from xats_tui.screens.modes.places import Mode, Panel


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Where the operator is."""

    mode: Mode
    panel: Panel | None = None
    """In the Live mode: the panel with the focus."""
    row: str | None = None
    """The key of the row under the cursor."""
    target: Target | None = None
    """What that row stands for."""
    marked: tuple[str, ...] = ()
    """The keys of the rows that are marked."""
    targets: tuple[Target, ...] = ()
    """What an action that can be done to many is done to: what is marked, else what is under the cursor."""
    agents: tuple[RosterEntry, ...] = ()
    """The agents that the targets are about."""
    view: PaneView | None = None
    """The latest look at the pane of the one agent."""
    wakes: tuple[Wake, ...] = ()
    """The wakes that the targets are about."""
    inside: bool = False
    """The focus is in the detail."""
    leads_on: bool = False
    """From inside the detail, enter leads on to another mode."""
    filtered: bool = False
    zoomed: bool = False
    apart: bool = False
    """The list shows something else than what it begins with: an inbox, older rows."""
    paused: bool = False
    came_from: Mode | None = None
    """The mode that this one was opened from."""
    read_only: bool = False
    teams: tuple[str, ...] = ()
    """All teams there are."""
    undoable: bool = False
    """Something was done that can still be taken back."""

    @property
    def agent(self) -> RosterEntry | None:
        """The one agent that it is about."""
        return self.agents[0] if len(self.agents) == 1 else None


Reason = Callable[[Situation], str | None]
"""Why something cannot be done in a situation; None if it can."""


def always(_: Situation) -> str | None:
    """Nothing stands in the way."""
    return None


def needs_row(situation: Situation) -> str | None:
    """There has to be something under the cursor."""
    return None if situation.row else "nothing is selected"


def needs_more(situation: Situation) -> str | None:
    """There has to be something under the cursor that is not open already."""
    return "all of it is open" if situation.inside and not situation.leads_on else needs_row(situation)


def needs_way_back(situation: Situation) -> str | None:
    """There has to be something to go back from."""
    within = situation.inside or situation.marked or situation.filtered or situation.zoomed or situation.apart
    return None if within or situation.came_from else "this is the top"


def needs_agent(situation: Situation) -> str | None:
    """There has to be one agent that it is about, or many."""
    return None if situation.agents else "no agent is selected"


def needs_pane(situation: Situation) -> str | None:
    """There has to be one agent, and it has to have a pane."""
    if situation.agent is None:
        return "no agent is selected" if not situation.agents else "several agents are selected"
    return None if situation.agent.agent.binding else f"no pane is known for {situation.agent.agent.name}"


def needs_dialog(situation: Situation) -> str | None:
    """There has to be one agent, and it has to be asking something."""
    if (reason := needs_pane(situation)) or situation.agent is None:
        return reason
    asks = situation.view is not None and situation.view.reading.state is PaneState.DIALOG
    return None if asks else f"no dialog is open in the pane of {situation.agent.agent.name}"


def needs_unread_wake(situation: Situation) -> str | None:
    """There has to be a wake whose message has not been read."""
    if not situation.wakes:
        return "no wake is selected"
    return None if any(was_not_read(wake) for wake in situation.wakes) else "the message has been read"


def needs_open_wake(situation: Situation) -> str | None:
    """There has to be a wake that is still to be tried."""
    if not situation.wakes:
        return "no wake is selected"
    return None if any(not wake.is_over for wake in situation.wakes) else "the wake is over"
