"""Detail of a contract: one version or two side by side, the meaning of the change, and who has which version."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from rich.cells import cell_len
from textual.content import Content

from xats_tui.core.model.contracts import ContractChange, ContractSummary, ContractVersion, Subscriber
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.details.diffs import MAX_LINES, DiffLine, diff_lines, schema_lines
from xats_tui.screens.details.lines import LABEL_CELLS, field, heading, lines, styled
from xats_tui.screens.rows.names import contract_name, name_of
from xats_tui.screens.widgets.format import CUT, TableCell, Tone, count, cut, one_line, since, time_of_day
from xats_tui.screens.widgets.theme import CONTENT_STYLES

SIDE_BY_SIDE_CELLS = 80
"""Width from which two columns fit, in cells; below it, the old version stands above the new one."""

MARK_CELLS = 14
"""Width of the column for incompatibilities, in cells."""

DIVIDER = " │ "

CHANGES = {None: "first version", False: "compatible", True: "⚠ breaking"}

TOKEN = re.compile(
    r'(?P<key>(?:[A-Za-z_$][\w$-]*|"(?:\\.|[^"\\])*"): )|(?P<text>"(?:\\.|[^"\\])*"?)|(?P<word>[\w.+-]+)'
)
"""Coloured parts of a schema's line: keys, strings, and words (numbers, true, false, null)."""

TOKEN_TONES = {"key": Tone.ACCENT, "text": Tone.GOOD, "word": Tone.WARN}

VERDICTS = {
    True: ("✔", Tone.GOOD, "can read everything"),
    False: ("✕", Tone.BAD, "cannot read everything"),
    None: ("?", Tone.WARN, "may not be able to read everything"),
}


def contract_title(snapshot: Snapshot, summary: ContractSummary, version: ContractVersion, old: int | None) -> Content:
    """Return the title: the versions shown, the author of the later one, and whether it is breaking."""
    author = snapshot.entry(version.registered_by)
    by = author.agent.address if author else name_of(snapshot, version.registered_by, version.registered_by_name)
    numbers = f"v{old} → v{version.version}" if old else f"v{version.version}"
    at = time_of_day(version.registered_at, snapshot.confirmed_at or version.registered_at)
    tone = {None: Tone.MUTED, False: Tone.GOOD, True: Tone.WARN}[version.breaking]
    return Content.assemble(
        (f" {contract_name(snapshot, summary)} {numbers}", CONTENT_STYLES[Tone.STRONG]),
        (f" · by {one_line(by)} · {at} · ", CONTENT_STYLES[Tone.MUTED]),
        (CHANGES[version.breaking], CONTENT_STYLES[tone]),
    )


def change_detail(change: ContractChange, width: int, *, whole: bool) -> Content:
    """Return the change, drawn `width` cells wide; `whole` shows the later schema only."""
    note = [field("note", change.new.note)] if change.new.note else []
    if change.old is None or whole:
        schema = schema_lines(change.new.schema, width)
        return lines([*note, *map(coloured, schema[:MAX_LINES]), *_rest(schema)])
    column = (width - MARK_CELLS - len(DIVIDER)) // 2 if width >= SIDE_BY_SIDE_CELLS else 0
    room = (column or width - MARK_CELLS) - len("+ ")
    compared = diff_lines(change.old.schema, change.new.schema, change.reasons, room)
    drawn = _beside(compared[:MAX_LINES], column) if column else _above(compared[:MAX_LINES])
    return lines([*note, *_verdicts(change), Content(), *drawn, *_rest(compared), *_reasons(change)])


def interest_detail(snapshot: Snapshot, summary: ContractSummary, now: datetime) -> Content:
    """Return the subscribers and readers, with the version that each has fetched."""
    if not summary.subscribers and not summary.readers:
        return styled("No agent has subscribed to this contract or fetched it.", Tone.MUTED)
    names = {
        who.agent_id: name_of(snapshot, who.agent_id, who.name) for who in (*summary.subscribers, *summary.readers)
    }
    width = max(LABEL_CELLS, *map(cell_len, names.values()))
    fates = [
        *((who, _fetched(who, summary.version, now, "")) for who in summary.subscribers),
        *((who, _fetched(who, summary.version, now, " (not subscribed)")) for who in summary.readers),
    ]
    return lines([field(names[who.agent_id], fate, width) for who, fate in fates])


def coloured(text: str) -> Content:
    """Return a line of a schema with its parts coloured."""
    parts: list[str | tuple[str, str]] = []
    end = 0
    for match in TOKEN.finditer(text):
        parts += [text[end : match.start()], (match[0], CONTENT_STYLES[TOKEN_TONES[match.lastgroup or "word"]])]
        end = match.end()
    return Content.assemble(*parts, text[end:])


def _verdicts(change: ContractChange) -> list[Content]:
    old, new = change.old.version if change.old else 0, change.new.version
    return [
        _verdict(change.backward, f"readers of v{new}", f"written for v{old}"),
        _verdict(change.forward, f"readers of v{old}", f"written for v{new}"),
    ]


def _verdict(holds: bool | None, who: str, what: str) -> Content:
    shape, tone, can = VERDICTS[holds]
    return Content.assemble((f"{shape} ", CONTENT_STYLES[tone]), f"{who} {can} ", (what, CONTENT_STYLES[Tone.MUTED]))


def _beside(compared: Iterable[DiffLine], column: int) -> Iterator[Content]:
    """Yield the old version on the left, the new one on the right, and the incompatibilities beside them."""
    for line in compared:
        yield Content.assemble(
            _side(line.old, "-", column, line),
            (DIVIDER, CONTENT_STYLES[Tone.MUTED]),
            _side(line.new, "+", column, line),
            _mark(line),
        )


def _above(compared: Iterable[DiffLine]) -> Iterator[Content]:
    for line in compared:
        if line.same:
            yield Content.assemble("  ", coloured(line.new or ""), _mark(line))
            continue
        if line.old is not None:
            yield Content.assemble(_side(line.old, "-", 0, line), _mark(line) if line.new is None else "")
        if line.new is not None:
            yield Content.assemble(_side(line.new, "+", 0, line), _mark(line))


def _side(text: str | None, sign: str, width: int, line: DiffLine) -> Content:
    """Return one side of a line, padded to `width`; 0 means no padding."""
    if text is None:
        return Content(" " * width)
    shown = cut(text, width - 2) if width else text
    drawn = coloured(shown)
    pad = " " * max(0, width - 2 - cell_len(shown))
    if line.same:
        return Content.assemble("  ", drawn, pad)
    style = CONTENT_STYLES[Tone.BAD if sign == "-" else Tone.GOOD]
    return Content.assemble((f"{sign} ", f"bold {style}"), (shown, style), pad)


def _mark(line: DiffLine) -> Content:
    """Return the sign and the words of an incompatibility, cut to their column; the reasons below are whole."""
    tone = Tone.BAD if line.refuses_old else Tone.WARN
    return Content.styled(cut(f" ✕ {line.mark}", MARK_CELLS), CONTENT_STYLES[tone]) if line.mark else Content()


def _reasons(change: ContractChange) -> Iterator[Content]:
    old, new = change.old.version if change.old else 0, change.new.version
    for of_new, reader, data in ((True, new, old), (False, old, new)):
        reasons = [reason for reason in change.reasons if reason.of_new is of_new]
        if reasons:
            yield from heading(f"required by v{reader}, not guaranteed in data of v{data}")
        for reason in reasons:
            yield Content.assemble(
                (one_line(reason.path) or "/", CONTENT_STYLES[Tone.ACCENT]), f"  {one_line(reason.what)}"
            )


def _rest(all_lines: list[str] | list[DiffLine]) -> list[Content]:
    more = len(all_lines) - MAX_LINES
    return [styled(f"{CUT} {count(more, 'more line')}", Tone.WARN)] if more > 0 else []


def _fetched(who: Subscriber, latest: int, now: datetime, more: str) -> TableCell:
    if not who.fetched_version:
        return TableCell("never fetched", Tone.WARN)
    behind = who.fetched_version < latest
    fetched = f"fetched v{who.fetched_version} {since(who.fetched_at, now)} ago"
    sign = "  ⚠ behind" if behind else "  ✔"
    return TableCell(f"{fetched}{sign}{more}", Tone.WARN if behind else Tone.GOOD)
