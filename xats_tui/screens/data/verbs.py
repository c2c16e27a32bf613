"""The one door through which the dashboard has the coordinator do something: a verb of `OperatorApi`."""

from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, Protocol, TypeVar

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.backend.operator_api.declaration import Verb
from xats_tui.core.events import Scope

P = ParamSpec("P")
T = TypeVar("T")


class VerbRefused(Exception):
    """A verb was not carried out; the text is one sentence with the reason and, if anything helps, the remedy."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        """A word that a program can match."""
        self.sentence = sentence


class Verbs(Protocol):
    """The operator's verbs, asked from the dashboard."""

    @property
    def read_only(self) -> bool:
        """Whether every verb that changes something is refused."""
        ...

    async def ask(self, verb: Verb[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Have a verb carried out.

        Raises:
            VerbRefused: it was not.
        """
        ...


class OperatorLink(Protocol):
    """The way to a running coordinator."""

    async def ask_operator(self, question: Callable[[OperatorApi], Coroutine[Any, Any, T]]) -> T:
        """Run a question beside the coordinator and return its answer."""
        ...

    def listen(self, hear: Callable[[frozenset[Scope]], None]) -> Callable[[], None]:
        """Call `hear` with the data that has gone stale; the returned function ends that."""
        ...
