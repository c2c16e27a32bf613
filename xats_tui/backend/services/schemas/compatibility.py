"""Who can go on after a contract's schema has changed: new readers with old data, and old readers with new data.

Pure.  It stands beside the diff of `schema_diff`, which its users know and which overlooks enums, items, bounds, closed
objects, references and combinations.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from xats_tui.backend.services.schemas.document import Verdict
from xats_tui.backend.services.schemas.inclusion import Inclusion

Direction = Literal["backward", "forward"]

MAX_REASONS = 50
"""Reasons that are told in each direction; whoever changed more than that rewrote it."""

WORDS: Mapping[str, Mapping[Verdict, str]] = {
    "backward": {
        True: "the new version accepts all data of the old one",
        False: "the new version refuses some data of the old one",
        None: "whether the new version accepts all data of the old one cannot be told",
    },
    "forward": {
        True: "the old version accepts all data of the new one",
        False: "the old version refuses some data of the new one",
        None: "whether the old version accepts all data of the new one cannot be told",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One demand that is in the way."""

    path: str
    """JSON pointer into the version that makes the demand: the new one for `backward`, the old one for `forward`."""
    what: str
    direction: Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class Compatibility:
    """What a change means for those who still have the other version; None where that would be a guess."""

    backward: Verdict
    """Whether readers of the new version can read everything that was written for the old one."""
    forward: Verdict
    """Whether readers of the old version can read everything that is written for the new one."""
    reasons: tuple[Reason, ...]

    @property
    def breaks(self) -> bool:
        """Whether somebody surely has to follow."""
        return self.backward is False or self.forward is False

    def sentence(self) -> str:
        """Both verdicts in words."""
        return f"{WORDS['backward'][self.backward]}; {WORDS['forward'][self.forward]}"


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> Compatibility:
    """Judge a new version against the one before it."""
    backward = Inclusion(old, new, "the new version")
    forward = Inclusion(new, old, "the old version")
    reasons = (*_reasons(backward, "backward"), *_reasons(forward, "forward"))
    return Compatibility(backward=backward.verdict, forward=forward.verdict, reasons=reasons)


def _reasons(question: Inclusion, direction: Direction) -> list[Reason]:
    obstacles = question.obstacles[:MAX_REASONS] if question.verdict is not True else ()
    return [Reason(path=one.path, what=one.what, direction=direction) for one in obstacles]
