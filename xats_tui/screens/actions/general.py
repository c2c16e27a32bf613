"""Actions available in every mode: move, filter, mark, sort, pause, copy, help, quit."""

from xats_tui.screens.actions.acting import ActionContext
from xats_tui.screens.actions.action import LISTS, TABLES, Action, modes
from xats_tui.screens.actions.situation import (
    Reason,
    Situation,
    needs_more,
    needs_row,
    needs_snoozable,
    needs_way_back,
)
from xats_tui.screens.data.snapshot import Snapshot, present_of
from xats_tui.screens.dialogs.asking import Pick, PickOption
from xats_tui.screens.dialogs.connecting import HowToConnect
from xats_tui.screens.modes.places import Mode, Panel
from xats_tui.screens.widgets.format import count
from xats_tui.screens.widgets.theme import DARK, LIGHT

ALL_TEAMS, TEAM_PREFIX = "all", "team/"
"""Ids of choices: no limit, and the beginning of the id of a team."""


def team_note(snapshot: Snapshot, team: str) -> str:
    """Return a team's agents, and how many of them ask a person something."""
    members = [entry for entry in snapshot.roster if entry.agent.team == team]
    asking = sum(snapshot.asks(entry) for entry in members)
    return f"{present_of(members)}/{len(members)} online" + (f", {count(asking, 'dialog')} open" if asking else "")


def _unless_there(mode: Mode) -> Reason:
    def reason(situation: Situation) -> str | None:
        return "it is already open" if situation.mode is mode else None

    return reason


OPEN = Action(
    id="open",
    key="enter",
    shown_key="enter",
    title="open",
    help="Open the selected row in full, or go to the cause of what needs attention.",
    why_not=needs_more,
    quiet=True,
)

BACK = Action(
    id="back",
    key="escape",
    shown_key="esc",
    title="back",
    help="Close the detail; then clear marks, filter and zoom; then return to the row that enter led from.",
    why_not=needs_way_back,
    quiet=True,
)

MODES = tuple(
    Action(
        id=f"mode_{mode}",
        key=mode.digit,
        shown_key=mode.digit,
        title=f"go to {mode.label}",
        help=f"Open the {mode.label} mode where you left it.",
        in_footer=False,
        why_not=_unless_there(mode),
        quiet=True,
        call=f"open_mode('{mode}')",
    )
    for mode in Mode
)


def _needs_hidden_columns(situation: Situation) -> str | None:
    return None if situation.hides_columns else "every column is shown"


NEEDS_YOU = (
    Action(
        id="next_concern",
        key="exclamation_mark",
        shown_key="!",
        title="what needs you",
        help="Go to the most urgent thing that needs a person; in Attention, to the next one.",
        in_footer=False,
    ),
    Action(
        id="snooze",
        key="Z",
        shown_key="Z",
        title="snooze",
        help="Put this off for ten minutes, or until it gets worse; on a snoozed row, list it again at once.",
        modes=modes(Mode.LIVE),
        panels=frozenset({Panel.ATTENTION}),
        why_not=needs_snoozable,
        in_footer=False,
    ),
)

GENERAL = (
    Action(
        id="mark",
        needs_list=True,
        key="space",
        shown_key="space",
        title="mark",
        help="Mark or unmark this row; actions then apply to all marked rows.",
        modes=LISTS,
        why_not=needs_row,
    ),
    Action(
        id="mark_all",
        needs_list=True,
        key="ctrl+a",
        shown_key="ctrl+a",
        title="mark all",
        help="Mark every row that is shown: with a filter, only those that match.",
        modes=LISTS,
        why_not=needs_row,
        in_footer=False,
    ),
    Action(
        id="invert_marks",
        needs_list=True,
        key="asterisk",
        shown_key="*",
        title="invert marks",
        help="Mark the rows that are shown and not marked, and unmark the others that are shown.",
        modes=LISTS,
        why_not=needs_row,
        in_footer=False,
    ),
    Action(
        id="filter",
        needs_list=True,
        key="slash",
        shown_key="/",
        title="filter",
        help="Show only rows with these words; @name filters by agent, a state's word by that state, !word leaves out.",
        panels=TABLES,
    ),
    Action(
        id="older",
        needs_list=True,
        key="o",
        shown_key="o",
        title="older",
        help="Load older entries (with a filter: the next ones that match); so does going to the end of the list.",
        modes=modes(Mode.MESSAGES, Mode.WAKES, Mode.TASKS, Mode.ACTIVITY),
        in_footer=False,
    ),
    Action(
        id="command",
        key="colon",
        shown_key=":",
        title="command",
        help="Type a mode and a filter, such as :wakes failed, :tasks @bob, :q.",
    ),
    Action(
        id="team",
        key="t",
        shown_key="t",
        title="team",
        help="Limit every mode to one team, or show all teams again.",
        in_footer=False,
    ),
    Action(
        id="menu",
        key="full_stop",
        shown_key=".",
        title="actions",
        help="List what can be done here, and why the rest cannot.",
    ),
    Action(
        id="sort",
        needs_list=True,
        key="s",
        shown_key="s",
        title="sort",
        help="Sort by the next column; after the last column, return to the default order.",
        modes=LISTS,
        in_footer=False,
    ),
    Action(
        id="reverse",
        needs_list=True,
        key="S",
        shown_key="S",
        title="reverse",
        help="Reverse the sort order.",
        modes=LISTS,
        in_footer=False,
    ),
    Action(
        id="columns",
        needs_list=True,
        key="C",
        shown_key="C",
        title="columns",
        help="Show the columns that are hidden in a narrow list, in the place of others; then the usual ones again.",
        panels=TABLES,
        in_footer=False,
        why_not=_needs_hidden_columns,
    ),
    Action(
        id="zoom",
        needs_list=True,
        key="z",
        shown_key="z",
        title="zoom",
        help="Give this panel the whole screen, or undo that.",
    ),
    Action(
        id="pause",
        key="P",
        shown_key="P",
        title="pause",
        help="Freeze the list to read it, or resume updates; the header is always updated.",
        in_footer=False,
    ),
    Action(
        id="copy_id",
        key="y",
        shown_key="y",
        title="copy id",
        help="Copy the identifier of the selected row to the clipboard.",
        why_not=needs_row,
    ),
    Action(
        id="next_panel",
        key="tab",
        shown_key="tab",
        title="next panel",
        help="Go to the next panel.",
    ),
    Action(
        id="previous_panel",
        key="shift+tab",
        shown_key="shift+tab",
        title="previous panel",
        help="Go to the previous panel.",
        in_footer=False,
    ),
    Action(
        id="toggle_theme",
        key="ctrl+t",
        shown_key="ctrl+t",
        title="dark or light",
        help="Switch between the dark and the light theme.",
        in_footer=False,
    ),
    Action(
        id="themes",
        key="f2",
        shown_key="f2",
        title="all themes",
        help="Choose any theme from a list.",
        in_footer=False,
    ),
    Action(
        id="connect",
        key="f3",
        shown_key="f3",
        title="connect",
        help="Say how to connect the programs that run here but have not registered; nothing is typed there.",
        in_footer=False,
    ),
    Action(
        id="palette",
        key="ctrl+p",
        shown_key="ctrl+p",
        title="palette",
        help="Find an action by its name.",
        in_footer=False,
    ),
    Action(
        id="help",
        key="question_mark,f1",
        shown_key="?",
        title="help",
        help="List every key that works here.",
    ),
    Action(
        id="quit",
        key="ctrl+q",
        shown_key="ctrl+q",
        title="quit",
        help="Leave the dashboard; asks what happens to connected agents.",
    ),
)


class GeneralActions(ActionContext):
    """Performs the actions that do not depend on what is shown."""

    def action_open_mode(self, mode: str) -> None:
        """Switch to another mode."""
        self.want(Mode(mode))

    def action_team(self) -> None:
        """Ask for the team that all modes are limited to; first comes the team of the selected agent."""

        def limit(chosen: str) -> None:
            self.limit_to(chosen.removeprefix(TEAM_PREFIX) if chosen != ALL_TEAMS else None)

        snapshot, here = self.snapshot.whole, self.snapshot.team
        nearest = next((entry.agent.team for entry in self.situation().agents), None)
        teams = sorted(snapshot.teams, key=lambda team: (team == here, team != nearest, team))
        choices = [PickOption(f"{TEAM_PREFIX}{team}", team, team_note(snapshot, team)) for team in teams]
        everything = PickOption(ALL_TEAMS, "all teams", count(len(snapshot.roster), "agent"))
        self.ask(Pick("Show only team", [everything, *choices] if here else [*choices, everything]), limit)

    def action_toggle_theme(self) -> None:
        """Switch between the project's dark and light themes."""
        self.app.theme = LIGHT.name if self.app.current_theme.dark else DARK.name

    def action_themes(self) -> None:
        """Open the list of all themes."""
        self.app.search_themes()

    def action_connect(self) -> None:
        """Say how to connect the programs that could be agents."""
        if self.snapshot.unconnected:
            self.app.push_screen(HowToConnect(self.snapshot.unconnected, self.desk.clock.now()))
        else:
            self.tell("no program here waits to be connected")

    def action_palette(self) -> None:
        """Open the command palette."""
        self.app.action_command_palette()

    async def action_quit(self) -> None:
        """Quit; the app asks first if agents would be affected."""
        await self.app.action_quit()
