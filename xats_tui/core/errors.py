"""The error tree, sorted by what a caller can do about each error.

XatsError
├── Refusal            the request cannot be met; carries a code and fields for the wire
├── StoreError         the database read or write failed; nothing was changed
│   └── UnusableStore  the file cannot be opened at all: newer version, damaged, no permission
├── TmuxError          a tmux command failed
│   ├── TmuxUnavailable   tmux is missing, has no server, or did not answer in time
│   ├── PaneGone          the server runs, the pane does not exist
│   └── KeysWithheld      the pane is not ready for keys: nothing was sent
└── StartError         the program cannot start; the text is one sentence for the operator
"""

from enum import StrEnum
from typing import Any


class XatsError(Exception):
    """Base class of all errors in this module."""


class Refusal(XatsError):
    """A request that cannot be met, for a reason the caller can act on.

    On the wire it is a normal tool answer: `{"error": code, **fields}`.
    """

    def __init__(self, code: str, **fields: Any) -> None:
        super().__init__(code)
        self.code = code
        self.fields = fields

    def payload(self) -> dict[str, Any]:
        """Return the answer that the client gets."""
        return {"error": self.code, **self.fields}


class StoreError(XatsError):
    """A database read or write failed; the transaction was rolled back."""

    def __init__(self, text: str, fault: "StoreFault | None" = None) -> None:
        super().__init__(text)
        self.fault = fault
        """The cause, if it lies outside this program; the text then says what to do."""


class StoreFault(StrEnum):
    """Causes of a database failure outside this program."""

    FULL = "full"
    """The disk is full or read-only."""
    LOCKED = "locked"
    """Another process holds the database."""
    DAMAGED = "damaged"
    """The file is not a valid SQLite database."""
    REMOVED = "removed"
    """The database file, or a file beside it, was replaced or removed after it was opened."""


class UnusableStore(StoreError):
    """The database file cannot be used; the text says why and what to do."""


class TmuxError(XatsError):
    """A tmux command failed; the text is tmux's own message."""


class TmuxUnavailable(TmuxError):
    """tmux is not installed, has no running server, or did not answer in time."""


class PaneGone(TmuxError):
    """The named pane does not exist on that server."""


class KeysWithheld(TmuxError):
    """Keys or a paste were withheld because the pane is not ready for them; the text says why."""


class StartError(XatsError):
    """The program cannot start; the text is one sentence that says what to do."""
