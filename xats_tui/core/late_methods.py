"""Dataclasses whose methods are compiled when they are first called.

`dataclass` writes and compiles some five methods for each of four hundred records.  That is a quarter of what the
imports of the dashboard take, and one method in thirty is called before the first screen.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

PACKAGE = __name__.partition(".")[0]

Method = Callable[..., Any]


def compile_late() -> None:
    """Compile methods of this package's dataclasses late from now on; those of others stay as they are.

    Python 3.13 and later have no function for a single method, and compile a class in one piece.
    """
    dataclasses._create_fn = _late(dataclasses._create_fn)  # type: ignore[attr-defined]


def _late(make: Callable[..., Method]) -> Callable[..., Method]:
    """Return what stands in for `make`, the function of `dataclasses` that compiles a method."""

    def late(name: str, parameters: Sequence[str], body: Sequence[str], **options: Any) -> Method:
        module: Mapping[str, Any] = options["globals"]
        if str(module.get("__name__")).partition(".")[0] != PACKAGE:
            return make(name, parameters, body, **options)
        made: list[Method] = []

        def method(self: object, *values: Any, **named: Any) -> Any:
            if not made:
                made.append(make(name, parameters, body, **options))
                made[0].__qualname__ = method.__qualname__
                _replace(type(self), name, method, made[0])
            return made[0](self, *values, **named)

        method.__name__ = name
        return method

    return late


def _replace(cls: type, name: str, method: Method, made: Method) -> None:
    """Put a compiled method in the place of the one that has compiled it."""
    # With slots the class is made a second time, so it is looked for when the method is called.
    for one in cls.__mro__:
        if vars(one).get(name) is method:
            setattr(one, name, made)
