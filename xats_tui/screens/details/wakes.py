"""Detail of a wake: its progress, what it waits for, each gate's verdict for a try now, and every attempt."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from textwrap import wrap

from msgspec import Struct
from textual.content import Content

from xats_tui.core.model.activity import Activity
from xats_tui.core.model.messages import Message
from xats_tui.core.model.wakes import Gate, Wake, WakeAttempt, WakeStage, WakeStatus
from xats_tui.screens.actions import ACTION
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.data.targets import Letter, find, letters, queued_at, was_not_read
from xats_tui.screens.details.lines import lines, styled
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.rows.agents import agent_state
from xats_tui.screens.rows.wakes import wake_state
from xats_tui.screens.widgets.format import (
    CUT,
    TableCell,
    Tone,
    age,
    count,
    cut,
    many_lines,
    one_line,
    short_id,
    time_of_day,
    until,
)
from xats_tui.screens.widgets.theme import CONTENT_STYLES

MARGIN_CELLS = 10
"""Width of the left column, which labels each part."""

GATE_NAME_CELLS = 15
"""Width of a gate's name."""

GATE_CELLS = 50
"""Minimum width of a gate where several stand side by side."""

LOOK_CELLS = 48
"""Minimum width of a look where the looks before and after stand side by side."""

# A wake that waits for a day has 150 attempts; drawing all of them would block the dashboard.
MAX_ATTEMPTS = 12
"""Maximum attempts that are drawn."""

DELAY_CELLS = 15
"""Minimum width of a stage that has room for its time and delay."""


class Looked(Struct, frozen=True, kw_only=True):
    """Data that is loaded for the wake on the screen."""

    attempts: tuple[WakeAttempt, ...]
    gates: tuple[Gate, ...]
    """Each gate's verdict if the wake were tried now; empty if nobody has to be woken any more."""


def letter_of(snapshot: Snapshot, wake: Wake) -> Letter | None:
    """Return the letter of the wake, if it is among the loaded messages."""
    return next((one for one in letters(snapshot.stream) if any(_is_for(copy, wake) for copy in one.copies)), None)


NOT_JUDGED = [styled("gates are judged in the present only; the attempts tell what stood in the way", Tone.MUTED)]
"""What stands for the gates in the past."""


def wake_title(snapshot: Snapshot, wake: Wake, now: datetime) -> Content:
    """Return the title: the agent, the message, its sender, and the time."""
    entry = snapshot.entry(wake.agent_id)
    sender = snapshot.entry(wake.sender_id or "")
    parts = [
        f" → {one_line(entry.agent.address) if entry else short_id(wake.agent_id) + ', gone'}",
        f" · message {short_id(wake.message_id)}",
        f" “{one_line(wake.subject)}”" if wake.subject else "",
        f" from {one_line(sender.agent.address)}" if sender else "",
        f" · {time_of_day(queued_at(wake), now)}",
    ]
    return styled("".join(parts), Tone.MUTED)


def wake_detail(snapshot: Snapshot, key: str, now: datetime, looked: Looked | None, width: int) -> Content | None:
    """Return a wake's detail, `width` cells wide; `looked` is None while it is loading; None if the wake is gone."""
    wake = find(snapshot, Mode.WAKES, key)
    if not isinstance(wake, Wake):
        return None
    room = max(20, width - MARGIN_CELLS)
    body = _body(snapshot, wake)
    parts = [
        *_part("state", _state(wake, now).wrap(room)),
        *_part("next try", _next_try(snapshot, wake, now).wrap(room)),
        *_part("pane", _pane(snapshot, wake, now).wrap(room)),
        *(_part("message", [styled(cut(one_line(body), room), Tone.PLAIN)]) if body else []),
        Content(),
        *_part("evidence", _ladder(wake, now, room)),
        Content(),
    ]
    if looked is None:
        return lines([*parts, *_part("why not?", [styled("looking…", Tone.MUTED)])])
    acts = [act for act in snapshot.activity if (act.message_id, act.agent_id) == (wake.message_id, wake.agent_id)]
    return lines(
        [
            *parts,
            *_part("why not?", NOT_JUDGED if snapshot.moment else _why_not(wake, looked.gates, room)),
            Content(),
            *_part("attempts", _history(looked.attempts, acts, now, room)),
        ]
    )


def _is_for(copy: Message, wake: Wake) -> bool:
    """Return whether the copy is the wake's message."""
    # Wakes of a broadcast name the id of its first copy.
    return copy.id == wake.message_id


def _part(label: str, of: Iterable[Content]) -> list[Content]:
    """Return lines with a margin that shows their label once."""
    heads = (styled(f"{label:<{MARGIN_CELLS}}", Tone.MUTED), Content(" " * MARGIN_CELLS))
    return [Content.assemble(heads[min(index, 1)], line) for index, line in enumerate(of)]


def _toned(cell: TableCell) -> tuple[str, str]:
    return cell.text, CONTENT_STYLES[cell.tone]


def _state(wake: Wake, now: datetime) -> Content:
    state, reason = wake_state(wake), one_line(wake.detail or wake.skip_reason)
    begun = wake.reached.get(WakeStage.SUBMITTED) if wake.status is WakeStatus.DELIVERED else queued_at(wake)
    waited = f" for {age(now - begun, precise=True)}" if begun and not wake.is_over and was_not_read(wake) else ""
    urgent = (" · urgent", CONTENT_STYLES[Tone.WARN]) if wake.urgent else ""
    return Content.assemble(_toned(state), waited, urgent, f": {reason}" if reason else "")


def _next_try(snapshot: Snapshot, wake: Wake, now: datetime) -> Content:
    if wake.due_at is None:
        again = f"; replay ({ACTION['replay'].shown_key}) starts it again" if was_not_read(wake) else ""
        return styled(f"none: the wake is over{again}", Tone.MUTED)
    countdown = f"{until(wake.due_at, now)}, at {time_of_day(wake.due_at, now)}"
    if not was_not_read(wake) or wake.status is WakeStatus.DELIVERED:
        return Content(f"{countdown}, if the message is still unread then")
    entry = snapshot.entry(wake.agent_id)
    view = snapshot.view(entry) if entry else None
    sooner = ", or as soon as the pane allows" if view and not wake.failures else ""
    return Content(f"{countdown}{sooner}")


def _pane(snapshot: Snapshot, wake: Wake, now: datetime) -> Content:
    entry = snapshot.entry(wake.agent_id)
    if entry is None:
        return styled("none: the agent has left", Tone.MUTED)
    view = snapshot.view(entry)
    pane = f"{one_line(entry.agent.binding.pane.pane_id)} " if entry.agent.binding else ""
    reason = f": {one_line(view.reading.reason)}" if view else ""
    return Content.assemble(pane, _toned(agent_state(snapshot, entry, now)), reason)


def _body(snapshot: Snapshot, wake: Wake) -> str:
    letter = letter_of(snapshot, wake)
    return letter.first.body if letter else ""


def _ladder(wake: Wake, now: datetime, room: int) -> list[Content]:
    """Return the stages in a row; under each stage with evidence, its time and the delay since the first."""
    steps = list(WakeStage)
    width = min(room // len(steps), DELAY_CELLS + 3)
    rungs, times = [], []
    for step in steps:
        at = wake.reached.get(step)
        rule = "" if step is steps[-1] else " " + "─" * (width - len(step.value) - 2)
        rungs += [(step.value, CONTENT_STYLES[Tone.GOOD if at else Tone.MUTED]), (rule, CONTENT_STYLES[Tone.MUTED])]
        rungs += [(" " if rule else "", "")]
        later = f" +{age(at - queued_at(wake))}" if at and step is not steps[0] and width >= DELAY_CELLS else ""
        times += [(f"{time_of_day(at, now) + later if at else '·':<{width}}", CONTENT_STYLES[Tone.MUTED])]
    return [Content.assemble(*rungs), Content.assemble(*times)]


def _why_not(wake: Wake, gates: Sequence[Gate], room: int) -> list[Content]:
    """Return the verdict on a try now: closed gates in full, then open gates, shortened to fit."""
    if not was_not_read(wake):
        return [styled("the message has been read: no wake is needed", Tone.MUTED)]
    if not gates:
        return [styled("the agent has left: there is nobody to wake", Tone.MUTED)]
    closed, opened = [gate for gate in gates if not gate.holds], [gate for gate in gates if gate.holds]
    verdict = (
        styled(f"a try now would wait: {count(len(closed), 'gate')} of {len(gates)} closed", Tone.WARN)
        if closed
        else styled("✔ a try now would go through: every gate is open", Tone.GOOD)
    )
    columns = max(1, min(2, room // GATE_CELLS))
    said = [_gate(gate, room // columns, one_line(gate.detail)) for gate in opened]
    rows = [Content.assemble(*said[start : start + columns]) for start in range(0, len(said), columns)]
    return [verdict, *(line for gate in closed for line in _in_full(gate, room)), *rows]


def _in_full(gate: Gate, width: int) -> list[Content]:
    """Return a gate with its whole detail."""
    # The remedy stands at the end of the detail, where a cut would hide it.
    first, *more = wrap(one_line(gate.detail), max(1, width - GATE_NAME_CELLS - 4)) or [""]
    return [_gate(gate, width, first), *(Content(" " * (GATE_NAME_CELLS + 2) + line) for line in more)]


def _gate(gate: Gate, width: int, detail: str) -> Content:
    sign = TableCell("✔", Tone.GOOD) if gate.holds else TableCell("✕", Tone.BAD)
    name = f" {cut(one_line(gate.name), GATE_NAME_CELLS):<{GATE_NAME_CELLS}}"
    shown = cut(detail, width - GATE_NAME_CELLS - 4)
    said = Content.styled(shown, CONTENT_STYLES[Tone.MUTED if gate.holds else Tone.PLAIN])
    rest = " " * (width - 2 - GATE_NAME_CELLS - said.cell_length)
    return Content.assemble(_toned(sign), name, said, rest)


def _history(attempts: Sequence[WakeAttempt], acts: Sequence[Activity], now: datetime, room: int) -> list[Content]:
    """Return all attempts with their looks, newest first, and the operator's actions between them."""
    told = [(attempt.at, _attempt(attempt, now, room)) for attempt in reversed(attempts[-MAX_ATTEMPTS:])]
    oldest = told[-1][0] if len(attempts) > MAX_ATTEMPTS else None
    told += [(act.at, [_act(act, now)]) for act in acts if oldest is None or act.at >= oldest]
    if not told:
        return [styled("none yet", Tone.MUTED)]
    shown = [line for _, of_it in sorted(told, key=lambda one: one[0], reverse=True) for line in of_it]
    earlier = len(attempts) - MAX_ATTEMPTS
    return [*shown, styled(f"{CUT} {count(earlier, 'earlier attempt')}", Tone.WARN)] if earlier > 0 else shown


def _act(act: Activity, now: datetime) -> Content:
    return styled(f"{one_line(act.actor)}  {time_of_day(act.at, now)}  {one_line(act.verb)}", Tone.ACCENT)


def _attempt(attempt: WakeAttempt, now: datetime, room: int) -> list[Content]:
    passed_over = [
        styled(f"  {one_line(way.transport)}: {one_line(way.verdict)}", Tone.MUTED)
        for way in attempt.ways
        if way.transport != attempt.transport
    ]
    head = f"#{attempt.number}  {time_of_day(attempt.at, now)}  {one_line(attempt.transport)}  "
    return [
        *Content.assemble((head, CONTENT_STYLES[Tone.MUTED]), one_line(attempt.outcome)).wrap(room),
        *(line for way in passed_over for line in way.wrap(room)),
        *_looks(attempt.seen_before, attempt.seen_after, room),
    ]


def _looks(before: str, after: str, room: int) -> list[Content]:
    """Return the end of the screen before and after, side by side if there is room; only once if it did not change."""
    if not after or before == after:
        return _look("looked", before, room)
    width = room // 2
    if width < LOOK_CELLS:
        return [*_look("before", before, room), *_look("after", after, room)]
    left, right = _look("before", before, width), _look("after", after, width)
    blank = Content()
    pairs = [
        (left[row] if row < len(left) else blank, right[row] if row < len(right) else blank)
        for row in range(max(len(left), len(right)))
    ]
    return [Content.assemble(one, " " * (width - one.cell_length), other) for one, other in pairs]


def _look(label: str, seen: str, width: int) -> list[Content]:
    screen = many_lines(seen).split("\n") if seen else []
    rows = [cut(line.rstrip(), width - MARGIN_CELLS - 2) for line in screen]
    return [
        styled(f"  {label if index == 0 else '':<{MARGIN_CELLS - 2}}│ {row}", Tone.MUTED)
        for index, row in enumerate(rows)
    ]
