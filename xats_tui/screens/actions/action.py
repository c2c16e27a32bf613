"""One thing that the operator can do, wherever it is offered."""

from dataclasses import dataclass

from textual.binding import Binding

from xats_tui.screens.actions.situation import Reason, Situation, always
from xats_tui.screens.modes.places import Mode, Panel

EVERYWHERE = frozenset(Mode)
LISTS = EVERYWHERE - {Mode.LIVE}
ANY_PANEL = frozenset(Panel)
TABLES = ANY_PANEL - {Panel.PANE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing that the operator can do."""

    id: str
    """The screen carries it out in `action_<id>`."""
    key: str
    """As Textual names it; several are separated by commas, and the first one is shown."""
    shown_key: str
    """As the operator reads it."""
    title: str
    help: str
    """One sentence."""
    modes: frozenset[Mode] = EVERYWHERE
    panels: frozenset[Panel] = ANY_PANEL
    """Where in the Live mode."""
    in_footer: bool = True
    why_not: Reason = always
    """The reason why it cannot be done in a situation, or None if it can; of what is common to all, see `reason`."""
    changes: bool = False
    """It changes something, which read-only mode does not allow."""
    quiet: bool = False
    """Its key pressed in vain needs no word: esc is pressed by habit."""
    call: str = ""
    """What the screen is to run, if not `<id>`."""

    def applies(self, situation: Situation) -> bool:
        """Whether it belongs to where the operator is, be it possible or not."""
        return situation.mode in self.modes and (situation.panel is None or situation.panel in self.panels)

    def reason(self, situation: Situation) -> str | None:
        """Why it cannot be done now; None if it can."""
        if situation.mode not in self.modes:
            return f"not in {situation.mode}"
        if not self.applies(situation):
            return f"not in {situation.panel}"
        if self.changes and situation.read_only:
            return "read-only mode"
        return self.why_not(situation)

    @property
    def binding(self) -> Binding:
        """The key binding, through which the screen finds what the key means where the operator is."""
        return Binding(
            self.key, f"press('{self.id}')", self.title, id=self.id, tooltip=self.help, key_display=self.shown_key
        )


def modes(*which: Mode) -> frozenset[Mode]:
    """The modes in which an action is offered."""
    return frozenset(which)
