"""Command palette: finds every action by name; an unavailable action shows the reason."""

from functools import partial
from typing import Protocol, runtime_checkable

from textual.command import DiscoveryHit, Hit, Hits, Provider

from xats_tui.screens.actions import ACTIONS
from xats_tui.screens.actions.action import Action
from xats_tui.screens.actions.situation import Situation


@runtime_checkable
class Performer(Protocol):
    """Protocol of screens that perform actions."""

    def situation(self) -> Situation:
        """Return the operator's situation."""
        ...

    def explain(self, action: Action, situation: Situation) -> tuple[str, str | None]:
        """Return an action's help and the reason why it is unavailable."""
        ...

    async def action_perform(self, action_id: str) -> None:
        """Perform an action, or show why it is unavailable."""
        ...


class ActionCommands(Provider):
    """Finds actions by title and help."""

    async def discover(self) -> Hits:
        """Yield all actions, before anything is typed."""
        for action in ACTIONS:
            yield DiscoveryHit(_line(action), partial(self._perform, action.id), help=self._help(action))

    async def search(self, query: str) -> Hits:
        """Yield the actions that match the query."""
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
        if not isinstance(self.screen, Performer):
            return action.help
        told, reason = self.screen.explain(action, self.screen.situation())
        return f"not now: {reason}" if reason else told


def _line(action: Action) -> str:
    return f"{action.title} ({action.shown_key})"
