"""Finding: the operator's search, what it has found so far, and the hit that is shown in its mode."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from xats_tui.core.records import replace
from xats_tui.core.search.records import FindOrder, FindQuery, Found, FoundKind, FoundPage
from xats_tui.screens.modes.places import Mode

Search = Callable[[FindQuery], Awaitable[FoundPage]]

MODES = {
    FoundKind.MESSAGE: Mode.MESSAGES,
    FoundKind.TASK: Mode.TASKS,
    FoundKind.ACTIVITY: Mode.ACTIVITY,
    FoundKind.CONTRACT: Mode.CONTRACTS,
    FoundKind.AGENT: Mode.AGENTS,
}


@dataclass(slots=True)
class Finding:
    """The search; all modes share it."""

    line: str = ""
    """The line as it was typed."""
    order: FindOrder = FindOrder.TIME
    query: FindQuery | None = None
    """The question of what was found; None before the first search."""
    hits: list[Found] = field(default_factory=list)
    page: FoundPage | None = None
    """The last page of hits."""
    index: int | None = None
    """Place of the hit that is shown in its mode; None while none is."""
    origin: tuple[Mode, str | None] | None = None
    """Mode and row from which the search was opened."""

    @property
    def shown(self) -> Found | None:
        """The hit that is shown in its mode."""
        return self.hits[self.index] if self.index is not None and self.index < len(self.hits) else None

    def begin(self, query: FindQuery) -> None:
        """Forget what was found, for another question."""
        self.query, self.hits, self.page, self.index = query, [], None, None

    async def go_on(self, search: Search) -> FoundPage | None:
        """Load the next page of hits; return None if there is none.

        Raises:
            VerbRefused: the search was refused.
        """
        query, page = self.query, self.page
        if query is None or (page and page.next_cursor is None):
            return None
        found = await search(replace(query, cursor=page.next_cursor if page else None))
        if self.query is query and self.page is page:  # else another question was asked meanwhile
            self.page = found
            self.hits += found.hits
        return found


def place_of(hit: Found) -> tuple[Mode, str]:
    """Return the mode that lists what was found, and the key of its row."""
    match hit.kind:
        case FoundKind.MESSAGE:
            row = str(hit.event_id)
        case FoundKind.CONTRACT:
            row = f"{hit.team}/{hit.key.rpartition(' v')[0]}"
        case FoundKind.ACTIVITY:
            kind, _, number = hit.key.partition(":")
            row = f"{'act' if kind == 'operator' else 'event'}/{number}"
        case FoundKind.TASK | FoundKind.AGENT:
            row = hit.key
    return MODES[hit.kind], row
