"""Compatibility of a contract's change: new readers with old data, and old readers with new data.

It complements `schemas.diff`, which users know from the reference and which overlooks enums, items, bounds, closed
objects, references and combinations.
"""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from xats_tui.backend.services.schemas.document import Verdict
from xats_tui.backend.services.schemas.inclusion import Inclusion

Direction = Literal["backward", "forward"]

MAX_REASONS = 50
"""Most reasons given for each direction; a larger change is a rewrite."""

WORDS: Mapping[str, Mapping[Verdict, str]] = {
    "backward": {
        True: "the new version accepts all data of the old one",
        False: "the new version refuses some data of the old one",
        None: "it is unknown whether the new version accepts all data of the old one",
    },
    "forward": {
        True: "the old version accepts all data of the new one",
        False: "the old version refuses some data of the new one",
        None: "it is unknown whether the old version accepts all data of the new one",
    },
}


class Reason(Struct, frozen=True, kw_only=True):
    """A demand of one version that data of the other version does not meet."""

    path: str
    """JSON pointer into the version that makes the demand: the new one for `backward`, the old one for `forward`."""
    what: str
    direction: Direction


class Compatibility(Struct, frozen=True, kw_only=True):
    """The effect of a change on agents with the other version; None where it is unknown."""

    backward: Verdict
    """True if readers of the new version can read everything that was written for the old one."""
    forward: Verdict
    """True if readers of the old version can read everything that is written for the new one."""
    reasons: tuple[Reason, ...]

    @property
    def breaks(self) -> bool:
        """True if some agents certainly have to adapt."""
        return self.backward is False or self.forward is False

    def sentence(self) -> str:
        """Return both verdicts in words."""
        return f"{WORDS['backward'][self.backward]}; {WORDS['forward'][self.forward]}"


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> Compatibility:
    """Compare a new version with the one before it."""
    backward = Inclusion(old, new, "the new version")
    forward = Inclusion(new, old, "the old version")
    reasons = (*_reasons(backward, "backward"), *_reasons(forward, "forward"))
    return Compatibility(backward=backward.verdict, forward=forward.verdict, reasons=reasons)


def _reasons(question: Inclusion, direction: Direction) -> list[Reason]:
    obstacles = question.obstacles[:MAX_REASONS] if question.verdict is not True else ()
    return [Reason(path=one.path, what=one.what, direction=direction) for one in obstacles]
