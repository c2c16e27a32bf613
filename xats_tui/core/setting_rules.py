"""Rules for the values of settings, whether they come as text or with the types of the config file.

Plain functions rather than pydantic, which takes longer to import than all that a bridge needs for its first answer.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Rule = Callable[[Any], Any]
"""Returns the value as it is meant, or raises `Refused`."""

YES = frozenset({"true", "yes", "on", "1", "t", "y"})
NO = frozenset({"false", "no", "off", "0", "f", "n"})


class Refused(Exception):
    """A value breaks its rule."""

    def __init__(self, value: object, problem: str, *where: str) -> None:
        """Note what is wrong with a value.

        Args:
            value: the value that is wrong; it may be a part of the setting.
            problem: the rule, as a clause.
            where: the way to that part.
        """
        super().__init__(problem)
        self.value = value
        self.problem = problem
        self.where = where


def whole_number(least: int, most: int | None = None) -> Rule:
    """Return the rule for a number within bounds, inclusive."""
    bounds = f"of at least {least}" if most is None else f"from {least} to {most}"

    def rule(value: Any) -> int:
        number = _whole(value)
        if number is None or number < least or (most is not None and number > most):
            raise Refused(value, f"it must be a whole number {bounds}")
        return number

    return rule


def text(least: int = 0, most: int | None = None) -> Rule:
    """Return the rule for a text with bounds for its length, inclusive."""

    def rule(value: Any) -> str:
        if not isinstance(value, str):
            raise Refused(value, "it must be a text, in quotes")
        if len(value) < least:
            raise Refused(value, "it must not be empty")
        if most is not None and len(value) > most:
            raise Refused(value, f"it must have at most {most} characters")
        return value

    return rule


def one_of(*words: str, ignoring_case: bool = False) -> Rule:
    """Return the rule for one of these words."""

    def rule(value: Any) -> str:
        said = value.upper() if ignoring_case and isinstance(value, str) else value
        if said not in words:
            raise Refused(said, f"it must be {', '.join(words[:-1])} or {words[-1]}")
        return str(said)

    return rule


def yes_or_no(value: Any) -> bool:
    """Return a truth value."""
    said = str(value).lower()
    if not isinstance(value, str | int) or said not in YES | NO:
        raise Refused(value, "it must be true or false")
    return said in YES


def path(value: Any) -> Path:
    """Return an absolute path; `~` is the home folder, and a relative path starts at the working directory."""
    if not isinstance(value, str | Path):
        raise Refused(value, "it must be a path, in quotes")
    try:
        return Path(value).expanduser().absolute()
    except RuntimeError as error:  # of a user that does not exist
        raise Refused(str(value), str(error)) from None


def table(wrong_entry: str, check: Callable[[str, str], str] = lambda name, entry: "") -> Rule:
    """Return the rule for a table whose entries are a text or a list of texts.

    Args:
        wrong_entry: the rule for an entry, as a clause.
        check: tells what is wrong with a text under a name; empty if nothing is.
    """

    def rule(value: Any) -> Mapping[str, tuple[str, ...]]:
        if not isinstance(value, Mapping):
            raise Refused(value, "it must be a table")
        return {name: entries(name, entry) for name, entry in value.items()}

    def entries(name: str, entry: Any) -> tuple[str, ...]:
        if not isinstance(entry, str | list | tuple):
            raise Refused(entry, wrong_entry, name)
        texts = (entry,) if isinstance(entry, str) else tuple(entry)
        for number, one in enumerate(texts):
            if not isinstance(one, str):
                raise Refused(one, wrong_entry, name, str(number))
            if problem := check(name, one):
                raise Refused(entry, problem, name)
        return texts

    return rule


def _whole(value: Any) -> int | None:
    """Return a whole number, also one that is written as text; None if it is anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = int(value)
    except (ValueError, OverflowError):
        return None
    return number if isinstance(value, str) or number == value else None
