"""The words between an extension and the coordinator: one JSON object a line, in both directions.

The extension says everything it knows each time, so that no line depends on one before it.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from xats_tui.core.model.panes import PaneState

VERSION = 1

MAX_LINE_BYTES = 64_000
"""Longest line that is read; the hints that an extension remembers are a tenth of it."""

STATES = {"idle": PaneState.IDLE, "busy": PaneState.BUSY, "asks": PaneState.DIALOG}

GIVEN, BEGUN = "given", "begun"
"""Outcomes of a hint: the program has it; it is in the conversation.  Any other one says why it was not handed over."""

MAX_WORD_CHARS = 200

MAX_DRAFT_CHARS = 1_000_000
"""A draft that is longer is told as one of this length."""


class ExtensionState(Struct, frozen=True, kw_only=True):
    """Everything that an extension has told of its program."""

    state: PaneState
    """`IDLE`, `BUSY` or `DIALOG`; `UNKNOWN` for a word that is not known."""
    obstacle: str
    """The obstacle that keeps a prompt from beginning a turn; empty if nothing does."""
    since: datetime
    """Time since when it has been in this state."""
    model: str
    draft_chars: int
    """Length of the text in its input line."""
    hints: Mapping[str, str]
    """The outcome of each hint that it remembers, by id."""
    answers: str
    """The id of the question that this answers; empty if nobody has asked."""

    @property
    def detail(self) -> str:
        """Everything that is told, in one line for people."""
        model = f"; model {self.model}" if self.model else ""
        draft = f"; a draft of {self.draft_chars} characters stays as it is" if self.draft_chars else ""
        return f"{self.obstacle or 'idle'}{model}{draft}"


def parsed(line: bytes) -> ExtensionState | None:
    """Return what a line tells; None if it is not as an extension of this version speaks."""
    try:
        said = json.loads(line)
        if said["version"] != VERSION:
            return None
        return ExtensionState(
            state=STATES.get(said["state"], PaneState.UNKNOWN),
            obstacle=_text(said["detail"]),
            since=datetime.fromtimestamp(said["since"] / 1000, UTC),
            model=_text(said["model"]),
            draft_chars=min(max(int(said["draft"]), 0), MAX_DRAFT_CHARS),
            hints={_text(hint): _text(outcome) for hint, outcome in said["hints"].items()},
            answers=_text(said.get("answers", "")),
        )
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, OSError, RecursionError):
        return None


def question(ask: str) -> bytes:
    """Return the line that asks for everything anew."""
    return _line({"ask": ask})


def order(hint: str, text: str, until: datetime) -> bytes:
    """Return the line that hands over a hint, unless it is read later than `until`."""
    return _line({"hint": hint, "text": text, "until": round(until.timestamp() * 1000)})


def _line(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said).encode() + b"\n"


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    whole = value.encode(errors="replace").decode()  # JSON can carry half a character, but the database cannot store it
    return " ".join(whole.split())[:MAX_WORD_CHARS]
