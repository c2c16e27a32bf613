"""The command palette: every action of the table by its name; what cannot be done now is there with the reason."""

from functools import partial
from typing import Protocol, runtime_checkable

from textual.command import DiscoveryHit, Hit, Hits, Provider

from xats_tui.screens.actions import ACTIONS
from xats_tui.screens.actions.action import Action
from xats_tui.screens.actions.situation import Situation


@runtime_checkable
class Performer(Protocol):
    """A screen that carries out actions of the table."""

    def situation(self) -> Situation:
        """Where the operator is."""
        ...

    async def action_perform(self, action_id: str) -> None:
        """Carry out one action, or say why not."""
        ...


class ActionCommands(Provider):
    """Finds actions by title and help."""

    async def discover(self) -> Hits:
        """All actions, before anything is typed."""
        for action in ACTIONS:
            yield DiscoveryHit(_line(action), partial(self._perform, action.id), help=self._help(action))

    async def search(self, query: str) -> Hits:
        """The actions that match what is typed."""
        matcher = self.matcher(query)
        for action in ACTIONS:
            score = matcher.match(_line(action))
            if score > 0:
                yield Hit(
                    score, matcher.highlight(_line(action)), partial(self._perform, action.id), help=self._help(action)
                )

    async def _perform(self, action_id: str) -> None:
        if isinstance(self.screen, Performer):
            await self.screen.action_perform(action_id)

    def _help(self, action: Action) -> str:
        reason = action.reason(self.screen.situation()) if isinstance(self.screen, Performer) else None
        return f"not now: {reason}" if reason else action.help


def _line(action: Action) -> str:
    return f"{action.title} ({action.shown_key})"
