"""A source that serves one snapshot; it can be told to fail, which is how a screen goes stale."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tests.screens.sample.agents import BACKEND
from tests.screens.sample.clock import NOW
from tests.screens.sample.contracts import ORDER_SCHEMAS
from tests.screens.sample.wakes import ATTEMPTS, GATES
from xats_tui.backend.services.schemas.compatibility import compare
from xats_tui.core.errors import StoreError
from xats_tui.core.events import Scope
from xats_tui.core.model.contracts import (
    Contract,
    ContractChange,
    SchemaReason,
)
from xats_tui.core.model.messages import Thread
from xats_tui.core.model.pages import Key, ListName, Stretch, StretchRequest
from xats_tui.core.model.panes import PaneRef, PaneView
from xats_tui.core.model.wakes import Gate, Wake, WakeAttempt
from xats_tui.core.model.ways import Way
from xats_tui.screens.data.snapshot import Slice, Snapshot


class FixedSource:
    """Serves one picture."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.failing = False
        self.kept: tuple[PaneView, ...] = ()
        self.known_ways: tuple[Way, ...] = ()
        self.attended: frozenset[PaneRef] = frozenset()
        self.hear: Callable[[frozenset[Scope]], None] = lambda _: None

    async def load(self, parts: Iterable[Slice], panes: Iterable[PaneRef]) -> Mapping[str, Any]:
        """The parts of the picture, or a failure."""
        if self.failing:
            raise StoreError("database is locked")
        return {part.value: getattr(self.snapshot, part.value) for part in parts}

    async def attempts(self, message_id: str, agent_id: str) -> tuple[WakeAttempt, ...]:
        """The same two attempts for every wake."""
        return ATTEMPTS

    async def looks(self, agent_id: str) -> tuple[PaneView, ...]:
        """No kept screens, unless a test gives some."""
        return self.kept

    async def why_not(self, message_id: str, agent_id: str) -> tuple[Gate, ...]:
        """The same verdicts for every wake."""
        return GATES

    async def ways(self, agent_id: str) -> tuple[Way, ...]:
        """No ways, unless a test gives some: they are not in the pictures."""
        return self.known_ways

    async def contract_change(self, team: str, name: str, old: int | None, new: int) -> ContractChange | None:
        """Versions of the sample's one schema, whatever the contract."""
        later, earlier = ((ORDER_SCHEMAS[number - 1] if number else None) for number in (new, old))
        book: dict[str, Any] = {"team": team, "name": name, "registered_by": BACKEND.agent_id, "registered_at": NOW}
        note = "ids are counted now, totals are sent" if new == 4 else None
        after = Contract(version=new, schema=later or {}, note=note, **book)
        if old is None or earlier is None:
            return ContractChange(old=None, new=after)
        judged = compare(earlier, after.schema)
        reasons = tuple(
            SchemaReason(path=one.path, what=one.what, of_new=one.direction == "backward") for one in judged.reasons
        )
        before = Contract(version=old, schema=earlier, note=None, **book)
        return ContractChange(old=before, new=after, backward=judged.backward, forward=judged.forward, reasons=reasons)

    def stored(self, name: ListName) -> Sequence[tuple[Key, Any]]:
        """Return the entries of a list with their keys, newest first."""
        match name:
            case ListName.MESSAGES:
                return [((one.event_id,), one) for one in self.snapshot.stream]
            case _:
                return ()

    async def stretch(self, name: ListName, request: StretchRequest) -> Stretch[Any]:
        """Return a page of what is stored, whatever is wanted of it."""
        stored, low = self.stored(name), request.until or ()
        if request.newer:
            above = [(key, one) for key, one in stored if key >= request.key]
            taken = above[-request.limit :]
            reached: Key = (taken[0][0][0] + 1,) if taken else request.key
            return Stretch(
                entries=tuple(one for _, one in taken),
                reached=reached,
                is_last=len(taken) == len(above),
                above=len(above) if request.counts else None,
            )
        below = [(key, one) for key, one in stored if low <= key < request.key]
        taken = below[: request.limit]
        reached = request.until or (taken[-1][0] if taken else request.key)
        is_last = len(taken) == len(below)
        return Stretch(entries=tuple(one for _, one in taken), reached=reached, reached_at=NOW, is_last=is_last)

    async def place(self, name: ListName, entry: Sequence[str]) -> Key | None:
        """Return the key above a message."""
        return (int(entry[0]) + 1,) if name is ListName.MESSAGES else None

    async def thread(self, event_id: int) -> Thread:
        """Return the messages between the same two agents."""
        known = (*self.snapshot.inbox, *self.snapshot.stream)
        pair = next({sent.from_agent_id, sent.to_agent_id} for sent in known if sent.event_id == event_id)
        theirs = [sent for sent in known if {sent.from_agent_id, sent.to_agent_id} <= pair]
        return Thread(messages=tuple(sorted(theirs, key=lambda sent: sent.sent_at)), more_before=True, more_after=False)

    async def receipts(self, message_id: str) -> tuple[Wake, ...]:
        """A wake of each agent, for whichever message."""
        return self.snapshot.wakes

    async def attend(self, panes: frozenset[PaneRef]) -> None:
        """Remember them."""
        self.attended = panes

    def listen(self, hear: Callable[[frozenset[Scope]], None]) -> Callable[[], None]:
        """Remember who hears."""
        self.hear = hear
        return lambda: None
