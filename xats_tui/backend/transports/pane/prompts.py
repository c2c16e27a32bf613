"""Prompts of programs that nothing is known of: what stood before the cursor when the input line was empty.

A reader that knows only how prompts look takes `> ` for one, also where it is the last row of somebody's text.  So the
prompt at which a program was typed at or idle before is the one that counts.
"""

from datetime import datetime

from msgspec import Struct

from xats_tui.core.model.panes import PaneRef, PaneState, PaneView


class _Seen(Struct, frozen=True):
    prompt: str
    at: datetime


class KnownPrompts:
    """The prompt of the program in each pane; held in memory."""

    def __init__(self) -> None:
        self._known: dict[tuple[PaneRef, str], _Seen] = {}
        self._doubted: dict[tuple[PaneRef, str], _Seen] = {}

    def other(self, view: PaneView, occupant: str, called_at: datetime) -> str:
        """Return the prompt that is known, if an idle pane shows another one; else an empty text.

        Args:
            view: the pane.
            occupant: identifies the program in it.
            called_at: the time of the agent's latest call; a prompt that stood there before the call, and stands there
                after it, is known from then on.
        """
        if view.reading.state is not PaneState.IDLE:
            return ""
        place, now = (view.look.pane, occupant), _Seen(view.reading.composer or "", view.look.at)
        known = self._known.setdefault(place, now)
        if known.prompt == now.prompt:
            self._doubted.pop(place, None)
            return ""
        doubted = self._doubted.get(place)
        if doubted is None or doubted.prompt != now.prompt:
            self._doubted[place] = now
        elif doubted.at < called_at < now.at:
            self._known[place] = now
            return ""
        return known.prompt
