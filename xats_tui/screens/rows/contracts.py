"""Rows of the contracts: the latest version of each, whether it is breaking, and who has fetched it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from xats_tui.core.model.contracts import ContractSummary, ContractVersion, Subscriber
from xats_tui.screens.data.snapshot import Slice, Snapshot
from xats_tui.screens.data.targets import contract_key, find
from xats_tui.screens.modes.listing import Listing
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.rows.names import NAME_CELLS, TEAM_CELLS, contract_name, filter_name, name_of
from xats_tui.screens.widgets.columns import Column
from xats_tui.screens.widgets.format import TableCell, TableRow, Tone, age, one_line

COLUMNS = (
    Column(key="name", title="contract", width=12, grow=2, fits=NAME_CELLS, names=True),
    Column(key="version", title="ver", width=4, right=True),
    Column(key="change", title="change", width=10),
    Column(key="subscribers", title="fetched", width=7, drop=1, right=True),
    Column(key="by", title="by", width=8, grow=1, drop=2, fits=NAME_CELLS, names=True),
    Column(key="team", title="team", width=7, drop=4, fits=TEAM_CELLS, names=True),
    Column(key="age", title="age", width=5, drop=3, right=True),
)

CHANGES = {
    None: TableCell("first", Tone.MUTED),
    False: TableCell("compatible", Tone.GOOD),
    True: TableCell("⚠ breaking", Tone.WARN),
}
"""Relation of the latest version to the one before, by whether it is breaking."""


def _latest_first(snapshot: Snapshot) -> list[ContractSummary]:
    return sorted(snapshot.contracts, key=lambda summary: summary.registered_at, reverse=True)


def _contract_row(snapshot: Snapshot, summary: ContractSummary, now: datetime) -> TableRow:
    current = sum((who.fetched_version or 0) >= summary.version for who in summary.subscribers)
    everyone = current == len(summary.subscribers)
    author = name_of(snapshot, summary.registered_by, summary.registered_by_name)
    cells = (
        TableCell(contract_name(snapshot, summary)),
        TableCell(f"v{summary.version}", Tone.STRONG, order=summary.version),
        CHANGES[summary.breaking],
        TableCell(f"{current}/{len(summary.subscribers)}", Tone.MUTED if everyone else Tone.WARN),
        TableCell(author, Tone.MUTED),
        TableCell(one_line(summary.team), Tone.MUTED),
        TableCell(age(now - summary.registered_at), Tone.MUTED, order=-summary.registered_at.timestamp()),
    )
    states = (CHANGES[summary.breaking].text.split()[-1], *([] if everyone else ["behind"]))
    agents = _parties(snapshot, summary.registered_by, summary.registered_by_name, summary.subscribers)
    return TableRow(contract_key(summary), cells, agents=agents, states=states)


def _parties(snapshot: Snapshot, author_id: str, author: str | None, readers: Iterable[Subscriber]) -> tuple[str, ...]:
    """Return author and readers, as a filter names them."""
    return (
        filter_name(snapshot, author_id, author),
        *(filter_name(snapshot, who.agent_id, who.name) for who in readers),
    )


CONTRACTS = Listing(
    title="Contracts",
    columns=COLUMNS,
    entries=lambda snapshot, now: _latest_first(snapshot),
    row=_contract_row,
    times=lambda snapshot, summary: (summary.registered_at,),
    summary=lambda snapshot: str(len(snapshot.contracts)),
    reads=frozenset({Slice.ROSTER, Slice.CONTRACTS}),
    when_empty="No contract yet.  Agents publish them with register_contract.",
    states=frozenset({"first", "compatible", "breaking", "behind"}),
)

VERSION_COLUMNS = (
    Column(key="name", title="contract", width=8, grow=2, fits=NAME_CELLS, names=True),
    Column(key="version", title="ver", width=5, right=True),
    Column(key="change", title="change", width=10),
    Column(key="subscribers", title="fetched", width=7, drop=2, right=True),
    Column(key="by", title="by", width=8, grow=1, drop=3, fits=NAME_CELLS, names=True),
    Column(key="team", title="team", width=7, drop=4, fits=TEAM_CELLS, names=True),
    Column(key="age", title="age", width=5, drop=1, right=True),
)
"""Columns of the Contracts mode; its list is narrower than that of Live, and each row is a version."""


class Shown(Struct, frozen=True, kw_only=True):
    """The shown version of a contract and the version it is compared with."""

    summary: ContractSummary
    latest: ContractVersion
    """Later version of the two."""
    old: int | None

    @property
    def versions(self) -> tuple[str, str, int | None, int]:
        """Team, name, earlier version (if any) and later version."""
        return self.summary.team, self.summary.name, self.old, self.latest.version


class _Line(Struct, frozen=True, kw_only=True):
    """A line of the Contracts mode: a contract, or below it one of its older versions."""

    summary: ContractSummary
    older: ContractVersion | None = None
    is_unfolded: bool = False

    @property
    def registered_at(self) -> datetime:
        return (self.older or self.summary).registered_at


def _lines(snapshot: Snapshot, unfolded: frozenset[str]) -> Iterator[_Line]:
    for summary in _latest_first(snapshot):
        is_unfolded = contract_key(summary) in unfolded
        yield _Line(summary=summary, is_unfolded=is_unfolded)
        if is_unfolded:
            yield from (_Line(summary=summary, older=version) for version in summary.versions[1:])


def version_rows(snapshot: Snapshot, now: datetime, unfolded: frozenset[str]) -> list[TableRow]:
    """Return a row for each contract, the latest change first; unfolded contracts also list their older versions."""
    return [_line_row(snapshot, line, now) for line in _lines(snapshot, unfolded)]


def shown_versions(snapshot: Snapshot, key: str | None, marked: Sequence[str]) -> Shown | None:
    """Return the versions to show: two marked versions of a contract, or else the row's version and its predecessor."""
    keys = [mark.split("\n") for mark in marked]
    is_pair = len(keys) == 2 and keys[0][0] == keys[1][0]
    named = keys[0][0] if is_pair else (key or "").split("\n")[0]
    summary = find(snapshot, Mode.CONTRACTS, named)
    if not isinstance(summary, ContractSummary) or not summary.versions:
        return None
    numbers = sorted(_number(summary, mark) for mark in (marked if is_pair else [key or ""]))
    latest = next((version for version in summary.versions if version.version == numbers[-1]), None)
    if latest is None:
        return None
    before = max((other.version for other in summary.versions if other.version < latest.version), default=None)
    return Shown(summary=summary, latest=latest, old=numbers[0] if is_pair else before)


def _number(summary: ContractSummary, key: str) -> int:
    version = key.partition("\n")[2]
    return int(version) if version else summary.version


def _line_row(snapshot: Snapshot, line: _Line, now: datetime) -> TableRow:
    if line.older:
        return _version_row(snapshot, line.summary, line.older, now)
    row = _contract_row(snapshot, line.summary, now)
    name, version, *others = row.cells
    sign = "" if len(line.summary.versions) < 2 else "▾ " if line.is_unfolded else "▸ "
    number = TableCell(f"{sign}{version.text}", version.tone, order=version.order)
    return TableRow(row.key, (name, number, *others), agents=row.agents, states=row.states)


def _version_row(snapshot: Snapshot, summary: ContractSummary, version: ContractVersion, now: datetime) -> TableRow:
    having = [who for who in (*summary.subscribers, *summary.readers) if who.fetched_version == version.version]
    author = name_of(snapshot, version.registered_by, version.registered_by_name)
    cells = (
        TableCell(f"  {contract_name(snapshot, summary)}", Tone.MUTED),
        TableCell(f"v{version.version}", order=version.version),
        CHANGES[version.breaking],
        TableCell(str(len(having)) if having else "", Tone.MUTED),
        TableCell(author, Tone.MUTED),
        TableCell(one_line(summary.team), Tone.MUTED),
        TableCell(age(now - version.registered_at), Tone.MUTED, order=-version.registered_at.timestamp()),
    )
    states = (CHANGES[version.breaking].text.split()[-1],)
    key = f"{contract_key(summary)}\n{version.version}"
    agents = _parties(snapshot, version.registered_by, version.registered_by_name, having)
    return TableRow(key, cells, agents=agents, states=states)


VERSIONS = Listing(
    title="Contracts",
    columns=VERSION_COLUMNS,
    entries=lambda snapshot, now: tuple(_lines(snapshot, frozenset())),
    row=_line_row,
    times=lambda snapshot, line: (line.registered_at,),
    summary=CONTRACTS.summary,
    reads=CONTRACTS.reads,
    when_empty="No contract yet.  Agents publish them with register_contract; with --contracts DIR, saving "
    "DIR/NAME.schema.json does it, too.",
    states=CONTRACTS.states,
)
