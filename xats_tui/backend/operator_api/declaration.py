"""Declaration of a verb: the method that carries it out, and whether it changes something.

The name is that of the attribute; parameters, answer and description are the method's own.
"""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload

from xats_tui.core.model.activity import Actor

P = ParamSpec("P")
S = TypeVar("S")
T = TypeVar("T")


class Parts(Protocol):
    """Services of a coordinator, for one actor."""

    @property
    def actor(self) -> Actor:
        """The operator, at one door."""
        ...

    def part(self, kind: type[S]) -> S:
        """Return the one instance of a service."""
        ...


class Verb(Generic[P, T]):
    """One thing that the operator can do: on an instance of its class a method, on the class the declaration."""

    def __init__(
        self, run: Callable[Concatenate[Parts, P], Coroutine[Any, Any, T]], does: str | None, *, changes: bool
    ) -> None:
        self._run = run
        self.name = ""
        self.changes = changes
        """True if read-only mode refuses it."""
        self.does = does or ""
        """The method's docstring."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, parts: None, owner: type) -> "Verb[P, T]": ...

    @overload
    def __get__(self, parts: Parts, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...

    def __get__(self, parts: Parts | None, owner: type) -> "Verb[P, T] | Callable[P, Coroutine[Any, Any, T]]":
        return self if parts is None else partial(self._run, parts)

    def __call__(self, parts: Parts, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T]:
        """Carry it out."""
        return self._run(parts, *args, **kwargs)


def act(
    kind: type[S], method: Callable[Concatenate[S, Actor, P], Coroutine[Any, Any, T]], *, changes: bool = True
) -> Verb[P, T]:
    """Declare a verb whose method takes the actor first, to record who did it or to know where that person sits."""

    def run(parts: Parts, /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T]:
        return method(parts.part(kind), parts.actor, *args, **kwargs)

    return Verb(run, method.__doc__, changes=changes)


def look(
    kind: type[S], method: Callable[Concatenate[S, P], Coroutine[Any, Any, T]], *, changes: bool = False
) -> Verb[P, T]:
    """Declare a verb that is recorded for nobody, most often because it only reads."""

    def run(parts: Parts, /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T]:
        return method(parts.part(kind), *args, **kwargs)

    return Verb(run, method.__doc__, changes=changes)


def look_now(kind: type[S], method: Callable[Concatenate[S, P], T]) -> Verb[P, T]:
    """Declare a reading that does not wait."""

    async def run(parts: Parts, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return method(parts.part(kind), *args, **kwargs)

    return Verb(run, method.__doc__, changes=False)
