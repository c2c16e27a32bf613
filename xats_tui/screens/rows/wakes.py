"""Rows of the wakes: failed, waiting, then finished; each with its evidence or the reason for its state."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from xats_tui.core.model.pages import ListName
from xats_tui.core.model.wakes import Wake, WakeStage, WakeStatus
from xats_tui.screens.data.snapshot import MAX_LIST_ROWS, Slice, Snapshot
from xats_tui.screens.data.targets import by_urgency, group_key, queued_at
from xats_tui.screens.modes.listing import Listing
from xats_tui.screens.rows.names import NAME_CELLS, counted, filter_name, loaded, name_of, total_of
from xats_tui.screens.widgets.columns import Column
from xats_tui.screens.widgets.format import NOTHING, TableCell, TableRow, Tone, age, one_line, until

URGENT = "urgent: "
"""Beginning of the subject of an urgent message."""

FAILED = "✕ failed"
WAITING = "◐ waiting"
"""State of a wake that will be tried and whose message is unread."""

# Iterating over the enumeration would take longer than everything else in a row.
STEPS = tuple(WakeStage)
"""Stages, from first to last."""

FOLD = Column(key="fold", title="", width=1, sorts=False)
"""Column for the sign of a group: folded or open."""

COLUMNS = (
    Column(key="state", title="state", width=11),
    FOLD,
    Column(key="agent", title="agent", width=10, grow=1, fits=NAME_CELLS, names=True),
    Column(key="reason", title="evidence or reason", width=24, grow=3),
    Column(key="tries", title="tries", width=6, drop=2, right=True),
    Column(key="next", title="next try", width=9, drop=1),
    Column(key="age", title="age", width=5, drop=3, right=True),
    Column(key="from", title="from", width=8, drop=4, grow=1, fits=NAME_CELLS, names=True),
    Column(key="message", title="message", width=12, drop=5, grow=2),
)


STATE, SIGN, REASON, SENDER, MESSAGE = (
    [column.key for column in COLUMNS].index(key) for key in ("state", "fold", "reason", "from", "message")
)
"""Places of columns that the head of a group fills by itself."""


def wake_state(wake: Wake) -> TableCell:
    """Return a wake's state as shape and word."""
    for step in (WakeStage.READ, WakeStage.SEEN):
        if step in wake.reached:
            return TableCell(f"✓ {step.value}", Tone.GOOD)
    match wake.status:
        case WakeStatus.RETRYING:
            return TableCell(WAITING, Tone.WARN)
        case WakeStatus.FAILED:
            return TableCell(FAILED, Tone.BAD)
        case WakeStatus.SKIPPED:
            return TableCell("○ skipped", Tone.MUTED)
        case WakeStatus.DELIVERED:
            return TableCell("● submitted" if WakeStage.SUBMITTED in wake.reached else "● delivered", Tone.ACCENT)


def wake_row(snapshot: Snapshot, wake: Wake, now: datetime) -> TableRow:
    """Return the row of a wake."""
    return _wake_row(
        wake,
        name_of(snapshot, wake.agent_id),
        filter_name(snapshot, wake.agent_id),
        name_of(snapshot, wake.sender_id) if wake.sender_id else NOTHING,
        until(wake.due_at, now) if wake.due_at else NOTHING,
        age(now - queued_at(wake)),
    )


@lru_cache(2 * MAX_LIST_ROWS)
def _wake_row(wake: Wake, name: str, party: str, sender: str, next_try: str, waited: str) -> TableRow:
    quiet = wake.is_over and wake.status is not WakeStatus.FAILED
    state = wake_state(wake)
    due = wake.due_at.timestamp() if wake.due_at else float("inf")
    cells = (
        state,
        TableCell(""),
        TableCell(name, Tone.PLAIN),
        TableCell(_reason(wake), Tone.MUTED if quiet else Tone.PLAIN),
        TableCell(f"{wake.attempts}×", Tone.MUTED, order=wake.attempts),
        TableCell(next_try, Tone.MUTED, order=due),
        TableCell(waited, Tone.MUTED, order=-queued_at(wake).timestamp()),
        TableCell(sender, Tone.MUTED),
        TableCell(f"{URGENT if wake.urgent else ''}{one_line(wake.subject) or NOTHING}", Tone.MUTED),
    )
    states = dict.fromkeys((state.text[2:], wake.status.value if wake.status is WakeStatus.DELIVERED else ""))
    return TableRow(
        wake.key, cells, agents=(party,), states=tuple(filter(None, states)), group=group_key(wake.agent_id)
    )


def grouped(members: Sequence[TableRow], is_open: bool) -> Sequence[TableRow]:
    """Return the head of an agent's wakes with their counts and one reason; if open, also the wakes themselves."""
    lead = min(members, key=_rank)
    head = TableRow(lead.group, _head_cells(lead, members, is_open=is_open), agents=lead.agents, states=lead.states)
    if not is_open:
        return [head]
    return [head, *(_as_member(lead, member) for member in members)]


def _rank(row: TableRow) -> int:
    """Return the urgency of a row: failed, waiting, finished."""
    return ({FAILED: 0, WAITING: 1}).get(row.cells[STATE].text, 2)


def _head_cells(lead: TableRow, members: Sequence[TableRow], *, is_open: bool) -> tuple[TableCell, ...]:
    numbers = Counter(row.cells[STATE].text[0] for row in sorted(members, key=_rank))
    counts = " ".join(f"{number}{shape}" for shape, number in numbers.items())
    sign = TableCell("▾", Tone.ACCENT, click="fold") if is_open else TableCell("▸", Tone.ACCENT, click="unfold")
    reason, senders = lead.cells[REASON], {row.cells[SENDER].text for row in members}
    cells = list(lead.cells)
    cells[SIGN] = sign
    cells[REASON] = reason._replace(text=f"{counts}: {reason.text}" if reason.text else counts)
    cells[SENDER] = cells[SENDER] if len(senders) == 1 else TableCell(f"{len(senders)} agents", Tone.MUTED)
    cells[MESSAGE] = TableCell(f"{len(members)} messages", Tone.MUTED)
    return tuple(cells)


def _as_member(lead: TableRow, member: TableRow) -> TableRow:
    """Return a row as it stands below its head: it says its reason only if that is another one."""
    cells = list(member.cells)
    cells[SIGN] = TableCell("│", Tone.MUTED)
    if member.cells[REASON].text == lead.cells[REASON].text:
        cells[REASON] = TableCell("as above", Tone.MUTED)
    return member._replace(cells=tuple(cells))


def _reason(wake: Wake) -> str:
    """Return how far a delivered wake has come; for others, the reason why it waits or failed."""
    evidence = " · ".join([step.value for step in STEPS if step in wake.reached][-2:])
    if wake.status is WakeStatus.DELIVERED:
        return evidence
    return one_line(wake.detail or wake.skip_reason) or evidence


def wake_summary(snapshot: Snapshot) -> str:
    """Return the number of waiting and failed wakes."""
    states = [wake_state(wake).text for wake in snapshot.wakes]
    counts = f"{states.count(WAITING)} waiting · {states.count(FAILED)} failed" if states else ""
    return counted(counts, loaded(snapshot, Slice.WAKES), MAX_LIST_ROWS, total_of(snapshot, ListName.WAKES))


WAKES = Listing(
    title="Wakes",
    columns=COLUMNS,
    entries=lambda snapshot, now: by_urgency(snapshot, snapshot.wakes),
    row=wake_row,
    times=lambda snapshot, wake: (queued_at(wake), wake.due_at) if wake.due_at else (queued_at(wake),),
    summary=wake_summary,
    reads=frozenset({Slice.ROSTER, Slice.WAKES}),
    head=grouped,
    when_empty="No wake yet.  Each message to an agent with a pane makes one.",
    states=frozenset({"waiting", "failed", "skipped", "submitted", "delivered", "seen", "read"}),
    drawn=frozenset({"now", *STEPS}),
)
