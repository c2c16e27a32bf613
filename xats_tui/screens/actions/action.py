"""Action: a single thing that the operator can do, as an entry of the action table."""

from collections.abc import Callable

from msgspec import Struct
from textual.binding import Binding

from xats_tui.screens.actions.situation import Reason, Situation, always, never
from xats_tui.screens.modes.places import Mode, Panel
from xats_tui.screens.past.travel import NO_CHANGES

EVERYWHERE = frozenset(Mode)
LISTS = EVERYWHERE - {Mode.LIVE}
ANY_PANEL = frozenset(Panel)
TABLES = ANY_PANEL - {Panel.PANE}


class Action(Struct, frozen=True, kw_only=True):
    """An action of the dashboard."""

    id: str
    """Identifier; the screen's method is `action_<id>`."""
    key: str
    """Key names as Textual spells them, separated by commas; the first one is shown."""
    shown_key: str
    """Key as the operator reads it."""
    title: str
    help: str
    """Description in one sentence."""
    modes: frozenset[Mode] = EVERYWHERE
    panels: frozenset[Panel] = ANY_PANEL
    """Panels of the Live mode in which the action applies."""
    in_footer: bool = True
    why_not: Reason = always
    """Function that returns the reason why the action is unavailable, or None; `reason` adds the general checks."""
    changes: bool = False
    """True if the action changes something; read-only mode refuses it."""
    seeks: Callable[[Situation], bool] = never
    """Function that returns whether the action, unavailable here, turns to the first thing that needs a person."""
    gives_way_to: str = ""
    """Id of the action that the same key means wherever that one is available."""
    needs_list: bool = False
    """True if the action is about the list, which the wall covers."""
    # Esc is pressed out of habit: a toast for every vain press would only annoy.
    quiet: bool = False
    """True if pressing the key in vain shows no message."""
    call: str = ""
    """Textual action to run, if it is not `<id>`."""

    def applies(self, situation: Situation) -> bool:
        """Return whether the action belongs to this mode and panel, available or not."""
        return situation.mode in self.modes and (situation.panel is None or situation.panel in self.panels)

    def reason(self, situation: Situation) -> str | None:
        """Return the reason why the action is unavailable now; None if it is available."""
        if situation.mode not in self.modes:
            return f"not in {situation.mode}"
        if not self.applies(situation):
            return f"not in {situation.panel}"
        if self.needs_list and situation.on_wall:
            return "not on the wall"
        if self.changes and situation.read_only:
            return "read-only mode"
        if self.changes and situation.past:
            return NO_CHANGES
        return self.why_not(situation)

    @property
    def binding(self) -> Binding:
        """Return the key binding; it runs `press`, which picks the action that the key means in the current panel."""
        return Binding(
            self.key, f"press('{self.id}')", self.title, id=self.id, tooltip=self.help, key_display=self.shown_key
        )


def modes(*which: Mode) -> frozenset[Mode]:
    """Return the set of these modes."""
    return frozenset(which)
