"""Folding: rows of the same group stand together below a head, and a group that is not open shows its head alone.

A group of a single row has no head.  The head stands for all members of its group that the list shows.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

from xats_tui.screens.widgets.format import TableRow

Head = Callable[[Sequence[TableRow], bool], Sequence[TableRow]]
"""Function from the members of a group, and whether it is open, to the head and, if it is open, the members."""


class Folding:
    """The groups of a list, and which of them are open."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._open: set[str] = set()
        self._members: dict[str, tuple[str, ...]] = {}
        """Keys of the members of each group that has a head; the head's key is the group's."""
        self._heads: dict[str, str] = {}
        """Key of the head of each member."""
        self._wanted: str | None = None
        """Key of a row whose group is to be opened as soon as the row exists."""

    def members(self, key: str) -> tuple[str, ...]:
        """Return the keys that a row stands for: the members of a head's group, or its own."""
        return self._members.get(key, (key,))

    def head_of(self, key: str) -> str | None:
        """Return the head of a member's group, or of the group whose head it is; None if it is in no group."""
        return key if key in self._members else self._heads.get(key)

    def closed_head(self, key: str) -> str | None:
        """Return the head that shows a row by itself: that of a closed group whose first member the row is."""
        head = self._heads.get(key)
        return head if head and head not in self._open and self._members[head][0] == key else None

    def fold(self, head: str) -> None:
        """Close a group."""
        self._open.discard(head)

    def unfold(self, head: str) -> None:
        """Open a group."""
        self._open.add(head)

    def fold_or_unfold_all(self) -> None:
        """Open all groups; if one is open, close all."""
        self._open = set() if self._open & self._members.keys() else set(self._members)

    def reveal(self, key: str) -> None:
        """Have the group of a row opened as soon as the row exists."""
        self._wanted = key

    def arrange(self, rows: Sequence[TableRow]) -> list[TableRow]:
        """Return the rows in groups, each in the place of its first row, with heads and without what is folded."""
        groups: dict[str, list[TableRow]] = defaultdict(list)
        for row in rows:
            groups[row.group or row.key].append(row)
        grouped = {key: members for key, members in groups.items() if len(members) > 1}
        self._members = {key: tuple(row.key for row in members) for key, members in grouped.items()}
        self._heads = {member: key for key, members in self._members.items() for member in members}
        if self._wanted in self._heads:
            self._open.add(self._heads[self._wanted])
        if self._wanted in self._heads or self._wanted in self._members:
            self._wanted = None
        return [row for key, members in groups.items() for row in self._drawn(key, members)]

    def _drawn(self, key: str, members: Sequence[TableRow]) -> Sequence[TableRow]:
        return self._head(members, key in self._open) if key in self._members else members
