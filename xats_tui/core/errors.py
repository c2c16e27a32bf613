"""Everything that can go wrong, by what can be done about it.

XatsError
├── Refusal            the caller asked for what cannot be; a code and fields for the wire
├── StoreError         the database could not do it; nothing was changed
│   └── UnusableStore  the file cannot be opened at all: newer version, damaged, no permission
├── TmuxError          a tmux command failed
│   ├── TmuxUnavailable   no tmux, no server, or no answer in time
│   ├── PaneGone          the server is there, the pane is not
│   └── KeysWithheld      the pane is not as it has to be for keys: nothing was sent
└── StartError         the program cannot start; its text is the one sentence for the operator
"""

from enum import StrEnum
from typing import Any


class XatsError(Exception):
    """The root of the tree in this module's docstring."""


class Refusal(XatsError):
    """A caller's request that cannot be met, for a reason the caller can act on.

    On the wire it is a normal tool answer: `{"error": code, **fields}`.
    """

    def __init__(self, code: str, **fields: Any) -> None:
        super().__init__(code)
        self.code = code
        self.fields = fields

    def payload(self) -> dict[str, Any]:
        """The answer that a client sees."""
        return {"error": self.code, **self.fields}


class StoreError(XatsError):
    """The database refused a read or a write; the transaction left no trace."""

    def __init__(self, text: str, fault: "StoreFault | None" = None) -> None:
        super().__init__(text)
        self.fault = fault
        """What is wrong outside of this program, if it is that; the text then says what to do."""


class StoreFault(StrEnum):
    """What may be wrong with a database that this program has not caused."""

    FULL = "full"
    """The disk has no room, or cannot be written."""
    LOCKED = "locked"
    """Another process holds it."""
    DAMAGED = "damaged"
    """The file is not what SQLite wrote."""
    REMOVED = "removed"
    """The file, or one beside it, is not the one that was opened."""


class UnusableStore(StoreError):
    """The database file cannot be used; the text says why and what to do."""


class TmuxError(XatsError):
    """A tmux command failed; the text is what tmux said."""


class TmuxUnavailable(TmuxError):
    """There is no tmux to talk to: not installed, no server running, or it did not answer in time."""


class PaneGone(TmuxError):
    """The pane that was named does not exist on that server."""


class KeysWithheld(TmuxError):
    """Keys or a paste were not sent, because the pane is not as it has to be for them; the text says in what."""


class StartError(XatsError):
    """The program cannot start.  The text is one sentence that says what to do about it."""
