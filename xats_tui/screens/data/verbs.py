"""Verbs of `OperatorApi` for the dashboard, which changes data only through them."""

from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, Protocol, TypeVar

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.backend.operator_api.declaration import Verb
from xats_tui.core.events import Scope

P = ParamSpec("P")
T = TypeVar("T")


class VerbRefused(Exception):
    """Raised when a verb was not carried out; the text is one sentence with the reason and the remedy, if any."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        """Code that a program can match."""
        self.sentence = sentence


class Verbs(Protocol):
    """Carries out the operator's verbs for the dashboard."""

    @property
    def read_only(self) -> bool:
        """True if every verb that changes something is refused."""
        ...

    async def ask(self, verb: Verb[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Carry out a verb and return its result.

        Raises:
            VerbRefused: the verb was not carried out.
        """
        ...


class OperatorLink(Protocol):
    """Connection to a running coordinator."""

    async def ask_operator(self, question: Callable[[OperatorApi], Coroutine[Any, Any, T]]) -> T:
        """Run the coroutine on the coordinator's thread and return its result."""
        ...

    def listen(self, hear: Callable[[frozenset[Scope]], None]) -> Callable[[], None]:
        """Call `hear` with the scopes that have become stale; the returned function stops that."""
        ...
