"""One test for many examples: hundreds that take a millisecond each cost more to collect and to report than to run."""

from collections.abc import Callable, Iterable
from typing import TypeVar

Example = TypeVar("Example")


def of_each(examples: Iterable[Example]) -> Callable[[Callable[[Example], None]], Callable[[], None]]:
    """Decorate a test of one example, to be a test of them all that names each for which it fails."""
    known = tuple(examples)

    def of_one(test: Callable[[Example], None]) -> Callable[[], None]:
        def of_all() -> None:
            failed: dict[str, str] = {}
            for example in known:
                try:
                    test(example)
                except AssertionError as error:
                    failed[str(example)] = str(error)
            assert known, "there is no example"
            assert not failed, "\n".join(f"{name}: {error}" for name, error in failed.items())

        of_all.__name__, of_all.__qualname__, of_all.__doc__ = test.__name__, test.__qualname__, test.__doc__
        of_all.__module__ = test.__module__
        return of_all

    return of_one
