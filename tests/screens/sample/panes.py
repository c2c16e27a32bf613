"""The panes of the sample's agents."""

from tests.screens.sample.clock import ago
from xats_tui.core.model.panes import PaneLook, PaneReading, PaneRef, PaneState, PaneView

DIALOG_SCREEN = """\
\x1b[1m●\x1b[0m \x1b[1mBash\x1b[0m(rm -rf build)
  ⎿  Waiting…
\x1b[90m────────────────────────────────────────────────────────\x1b[39m
 \x1b[38;5;141mBash command\x1b[39m

   rm -rf build
   \x1b[2mRemove the build folder\x1b[0m

 Do you want to proceed?
 \x1b[38;5;153m❯ 1. Yes\x1b[39m
   2. Yes, and don't ask again for rm commands
   3. No, and tell Claude what to do differently (esc)
"""


BUSY_SCREEN = """\
\x1b[32m✔\x1b[39m docs/index.md
\x1b[32m✔\x1b[39m docs/deploy.md
\x1b[36m⠹\x1b[39m Working (\x1b[1m11m04s\x1b[0m • esc to interrupt)
"""


def view(pane: str, state: PaneState, reason: str, screen: str, **since: float) -> PaneView:
    """A look at a pane that has been in this state for so long."""
    look = PaneLook(
        pane=PaneRef("", pane), at=ago(seconds=0.4), formats={"pane_current_path": "/home/me/shop"}, screen=screen
    )
    return PaneView(
        look=look,
        reading=PaneReading(state=state, reason=reason),
        unchanged_since=ago(**since),
        state_since=ago(**since),
    )


VIEWS = {
    PaneRef("", "%3"): view("%3", PaneState.DIALOG, "asks: Bash command · rm -rf build", DIALOG_SCREEN, seconds=192),
    PaneRef("", "%4"): view("%4", PaneState.IDLE, "empty composer", "> \n", seconds=40),
    PaneRef("", "%5"): view("%5", PaneState.SHELL, "zsh", "% \n", minutes=4),
    PaneRef("", "%6"): view("%6", PaneState.DRAFT, "text in the composer", "> and then we\n", seconds=20),
    PaneRef("", "%7"): view("%7", PaneState.BUSY, "spinner in the title", BUSY_SCREEN, minutes=11),
    PaneRef("", "%8"): view("%8", PaneState.IDLE, "empty composer", "> \n", minutes=17),
}
