"""What can be done in every mode and list, whatever they show: move about, filter, mark, sort, pause, find, leave."""

from xats_tui.screens.actions.acting import ActionContext
from xats_tui.screens.actions.action import LISTS, TABLES, Action
from xats_tui.screens.actions.situation import Reason, Situation, needs_more, needs_row, needs_way_back
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.widgets.theme import DARK, LIGHT


def _unless_there(mode: Mode) -> Reason:
    def reason(situation: Situation) -> str | None:
        return "it is open" if situation.mode is mode else None

    return reason


OPEN = Action(
    id="open",
    key="enter",
    shown_key="enter",
    title="open",
    help="Open what is selected: all of it, or the cause of what needs attention.",
    why_not=needs_more,
    quiet=True,
)

BACK = Action(
    id="back",
    key="escape",
    shown_key="esc",
    title="back",
    help="Leave the detail, then marks, filter, zoom, and at last the mode for the one it was opened from.",
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

GENERAL = (
    Action(
        id="mark",
        key="space",
        shown_key="space",
        title="mark",
        help="Mark this row, or take its mark away; an action is then done to all that are marked.",
        modes=LISTS,
        why_not=needs_row,
    ),
    Action(
        id="filter",
        key="slash",
        shown_key="/",
        title="filter",
        help="Show only rows with these words; @name means an agent, a state's word that state.",
        panels=TABLES,
    ),
    Action(
        id="command",
        key="colon",
        shown_key=":",
        title="command",
        help="Type a mode and a filter, such as :wakes failed, :tasks @bob, :q.",
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
        key="s",
        shown_key="s",
        title="sort",
        help="Sort by the next column; after the last one the list has its own order again.",
        modes=LISTS,
        in_footer=False,
    ),
    Action(
        id="reverse",
        key="S",
        shown_key="S",
        title="reverse",
        help="Turn the order round.",
        modes=LISTS,
        in_footer=False,
    ),
    Action(
        id="zoom",
        key="z",
        shown_key="z",
        title="zoom",
        help="Give this panel the whole screen, or give it back.",
    ),
    Action(
        id="pause",
        key="P",
        shown_key="P",
        title="pause",
        help="Hold the list still to read it, or let it go on; the header goes on all the time.",
        in_footer=False,
    ),
    Action(
        id="copy_id",
        key="y",
        shown_key="y",
        title="copy id",
        help="Copy the identifier of what is selected to the clipboard.",
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
        help="Change between the dark and the light theme.",
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
        help="Leave the dashboard; asks what becomes of the agents that are connected.",
    ),
)


class GeneralActions(ActionContext):
    """Carries out what has nothing to do with what is shown."""

    def action_open_mode(self, mode: str) -> None:
        """Open another mode."""
        self.want(Mode(mode))

    def action_toggle_theme(self) -> None:
        """Change between our own dark and light theme."""
        self.app.theme = LIGHT.name if self.app.current_theme.dark else DARK.name

    def action_themes(self) -> None:
        """Choose any theme."""
        self.app.search_themes()

    def action_palette(self) -> None:
        """Open the palette."""
        self.app.action_command_palette()

    async def action_quit(self) -> None:
        """Leave; the program asks if that has consequences."""
        await self.app.action_quit()
