"""Patterns of manifests: a subset of regular expressions in which no search takes long.

Only single characters and sets are repeated, so a search needs at most a number of steps that is known beforehand.
"""

import re

MAX_PATTERN_CHARS = 200

MAX_ROW_CHARS = 400
"""Characters of a row that are searched; the rest is ignored."""

MAX_STEPS = 4 * MAX_ROW_CHARS**2
"""Most steps of a search in one row: a pattern without `^` may repeat one part without a limit, with `^` two."""

ATOM = re.compile(r"\\[dwsbDWSB]|\\[^\w\s]|\[\^?(?:\\[dwsDWS]|\\[^\w\s]|[^\]\\\[])+\]|[^\\\[\](){}*+?|^$]")
"""A character, an escape or a set."""

STRUCTURE = re.compile(r"\((?:\?:)?(?!\?)|[)|^$]")

REPEAT = re.compile(r"(?:[*+?]|\{(?P<least>\d{1,3})(?P<range>,(?P<most>\d{0,3}))?\})\??")

AMBIGUOUS_SET = re.compile(r"--|&&|\|\||~~")
"""Signs in a set that Python may read differently some day."""

ALLOWED = "characters, . \\d \\w \\s \\b, sets, groups, |, ^, $ and the repeats * + ? {m,n} of single characters"


class BadPattern(ValueError):
    """The pattern cannot be used; the text says why."""


def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern.

    Raises:
        BadPattern: it is too long, not in the subset, or could take too many steps.
    """
    if not 0 < len(pattern) <= MAX_PATTERN_CHARS:
        raise BadPattern(f"write a pattern of 1 to {MAX_PATTERN_CHARS} characters")
    if _steps(pattern) > MAX_STEPS:
        raise BadPattern("the pattern could take too long: begin it with ^, or give its repeats a limit, as in {0,20}")
    try:
        return re.compile(pattern)
    except (re.error, OverflowError) as error:
        raise BadPattern(f"the pattern is not a regular expression: {error}") from None


def _steps(pattern: str) -> int:
    """Return the most steps that a search in one row can take: those of its alternatives together."""
    total, steps, at, depth = 0, _starts(pattern), 0, 0
    while at < len(pattern):
        atom = ATOM.match(pattern, at)
        token = atom or STRUCTURE.match(pattern, at)
        if token is None or (atom and atom[0].startswith("[") and AMBIGUOUS_SET.search(atom[0])):
            raise BadPattern(f"{pattern[at : at + 12]!r} cannot stand in a pattern; allowed are {ALLOWED}")
        at = token.end()
        depth += token[0].startswith("(") - (token[0] == ")")
        if token[0] == "|" and depth == 0:
            total, steps = total + steps, _starts(pattern[at:])
        elif repeat := REPEAT.match(pattern, at):
            if atom is None and repeat[0] != "?":
                raise BadPattern(f"{repeat[0]!r} repeats a group; repeat single characters or sets only")
            steps *= _choices(repeat)
            at = repeat.end()
    return total + steps


def _starts(alternative: str) -> int:
    """Return in how many places of a row a search for this can begin."""
    return 1 if alternative.startswith("^") else MAX_ROW_CHARS


def _choices(repeat: re.Match[str]) -> int:
    """Return how many lengths a repeated part can have."""
    if repeat["least"] is None:
        return 2 if repeat[0].startswith("?") else MAX_ROW_CHARS
    if repeat["range"] is None:
        return 1
    return max(1, int(repeat["most"]) - int(repeat["least"]) + 1) if repeat["most"] else MAX_ROW_CHARS
