"""Verbs implemented by a running coordinator; each refusal becomes one sentence."""

from typing import ParamSpec, TypeVar

from xats_tui.backend.operator_api.declaration import Verb
from xats_tui.core.errors import Refusal, XatsError
from xats_tui.core.model.activity import Actor
from xats_tui.core.model.panes import PaneRef
from xats_tui.core.refusals import sentence_of
from xats_tui.screens.data.verbs import OperatorLink, VerbRefused
from xats_tui.screens.past.travel import NO_CHANGES, Travel

P = ParamSpec("P")
T = TypeVar("T")

READ_ONLY = "read-only mode"


class CoordinatorVerbs:
    """Carries out the operator's verbs at a running coordinator."""

    def __init__(
        self,
        coordinator: OperatorLink,
        *,
        seat: PaneRef | None = None,
        read_only: bool = False,
        travel: Travel | None = None,
    ) -> None:
        """Store the coordinator.

        Args:
            coordinator: carries out the verbs.
            seat: the pane that the dashboard itself is drawn in; None outside tmux.
            read_only: refuse every verb that changes something.
            travel: refuse them too while it shows the past.
        """
        self._coordinator = coordinator
        self._actor = Actor(seat=seat)
        self.read_only = read_only
        self._travel = travel or Travel()

    async def ask(self, verb: Verb[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Carry out a verb and return its result.

        Raises:
            VerbRefused: the verb was not carried out.
        """
        if verb.changes and self.read_only:
            raise VerbRefused("read_only", READ_ONLY)
        if verb.changes and self._travel.is_away:
            raise VerbRefused("in_the_past", NO_CHANGES)
        try:
            return await self._coordinator.ask_operator(
                lambda operator: verb(operator.acting(self._actor), *args, **kwargs)
            )
        except Refusal as refusal:
            raise VerbRefused(refusal.code, sentence_of(refusal)) from refusal
        except XatsError as error:
            raise VerbRefused("failed", f"the action failed: {error}") from error
