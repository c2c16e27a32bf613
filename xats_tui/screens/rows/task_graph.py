"""Rows of the unfinished tasks as a tree: below each task stand the tasks that wait for it.

A task that waits for several others stands below the one that finishes last, at the end of the longest chain.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from xats_tui.core.model.tasks import TaskEntry, TaskStatus
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.modes.listing import Listing
from xats_tui.screens.rows.tasks import AGE, OWNER, READS, STATES, TEAM, task_moved_at, task_row, task_title
from xats_tui.screens.widgets.columns import Column
from xats_tui.screens.widgets.format import NOTHING, TableCell, TableRow, Tone, count

TREE = Column(key="tree", title="task, and what waits for it", width=24, grow=5)
ALSO = Column(key="also", title="waits also", width=10, drop=2)
HOLDS = Column(key="holds", title="holds up", width=8, drop=1, right=True)

COLUMNS = (TREE, ALSO, HOLDS, OWNER, TEAM, AGE)

LIGHT, HEAVY = ("├─ ", "└─ ", "│  "), ("┣━ ", "┗━ ", "┃  ")
"""Branch, last branch and stem; heavy ones lead along the critical path."""

GAP = "   "


class Graph(Struct, frozen=True):
    """Unfinished tasks with the tree that they are drawn as."""

    entries: Mapping[str, TaskEntry]
    below: Mapping[str, Sequence[str]]
    """Ids of the tasks drawn below each task."""
    roots: Sequence[str]
    holds_up: Mapping[str, int]
    """Number of tasks that cannot begin before each task is done, directly or not."""
    critical: frozenset[str]
    """Ids of the longest chain of each team; empty for a team without a chain."""


def graph_of(snapshot: Snapshot) -> Graph:
    """Return the graph of the unfinished tasks; what holds up most comes first."""
    entries = {entry.task.id: entry for entry in snapshot.tasks if entry.task.status is not TaskStatus.COMPLETED}
    before = {key: [one for one in entry.task.depends_on if one in entries] for key, entry in entries.items()}
    depths = _depths(before)
    after: dict[str, list[str]] = {key: [] for key in entries}
    below: dict[str, list[str]] = {key: [] for key in entries}
    for key, waits_for in before.items():
        for one in waits_for:
            after[one].append(key)
        if waits_for:
            below[max(waits_for, key=depths.__getitem__)].append(key)
    holds_up = {key: len(reach) for key, reach in _reaches(after, depths).items()}

    def order(key: str) -> tuple[str, int, str]:
        return entries[key].task.team, -holds_up[key], entries[key].task.title

    for tasks in below.values():
        tasks.sort(key=order)
    roots = sorted((key for key, waits_for in before.items() if not waits_for), key=order)
    circular = sorted(entries.keys() - _reached(roots, below), key=order)
    below.update({key: [] for key in circular})
    roots += circular
    return Graph(entries, below, roots, holds_up, _critical(entries, before, depths))


def _reached(roots: Sequence[str], below: Mapping[str, Sequence[str]]) -> set[str]:
    """Return all tasks of the tree; tasks that wait for each other are not among them."""
    reached, left = set(roots), list(roots)
    while left:
        steps = below[left.pop()]
        reached.update(steps)
        left += steps
    return reached


def _depths(before: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return the length of the longest chain that ends at each task; a root has 1."""
    depths: dict[str, int] = {}
    for start in before:
        stack = [start]
        while stack:
            key = stack[-1]
            missing = [one for one in before[key] if one not in depths and one not in stack]
            if missing:
                stack.append(missing[0])
                continue
            depths[stack.pop()] = 1 + max((depths.get(one, 0) for one in before[key]), default=0)
    return depths


def _reaches(after: Mapping[str, Sequence[str]], depths: Mapping[str, int]) -> dict[str, set[str]]:
    """Return the tasks that each task holds up, directly or through others."""
    reaches: dict[str, set[str]] = {}
    for key in sorted(after, key=depths.__getitem__, reverse=True):
        reaches[key] = set(after[key]).union(*(reaches.get(one, ()) for one in after[key]))
    return reaches


def _critical(
    entries: Mapping[str, TaskEntry], before: Mapping[str, Sequence[str]], depths: Mapping[str, int]
) -> frozenset[str]:
    ends: dict[str, str] = {}
    for key, depth in depths.items():
        team = entries[key].task.team
        if depth > 1 and depth > depths.get(ends.get(team, ""), 1):
            ends[team] = key
    chains: set[str] = set()
    for end in ends.values():
        step: str | None = end
        while step is not None and step not in chains:
            chains.add(step)
            step = max(before[step], key=depths.__getitem__, default=None)
    return frozenset(chains)


class _Node(Struct, frozen=True):
    """A task in its place in the tree."""

    graph: Graph
    key: str
    lead: str
    """Lines that connect it to the tasks above."""

    @property
    def entry(self) -> TaskEntry:
        return self.graph.entries[self.key]


def _nodes(snapshot: Snapshot) -> list[_Node]:
    graph = graph_of(snapshot)
    return [node for root in graph.roots for node in _branch(graph, root, "", _sign(graph, root, is_root=True))]


def _branch(graph: Graph, key: str, stem: str, sign: str) -> Iterator[_Node]:
    """Yield a task and the tasks below it."""
    yield _Node(graph, key, stem + sign)
    steps = graph.below[key]
    inner = stem + _stem(sign)
    for step in steps:
        yield from _branch(graph, step, inner, _sign(graph, step, is_last=step == steps[-1]))


def _sign(graph: Graph, key: str, *, is_root: bool = False, is_last: bool = False) -> str:
    if is_root:
        return ""
    return (HEAVY if key in graph.critical else LIGHT)[is_last]


def _stem(sign: str) -> str:
    """Return what continues a sign in the lines below it."""
    if not sign:
        return ""
    branch, last, stem = HEAVY if sign in HEAVY else LIGHT
    return GAP if sign == last else stem if sign == branch else ""


def _row(snapshot: Snapshot, node: _Node, now: datetime) -> TableRow:
    graph, key, entry = node.graph, node.key, node.entry
    others = sum(one in graph.entries for one in entry.task.depends_on) - 1
    held = graph.holds_up[key]
    row = task_row(snapshot, entry, now, (OWNER, TEAM, AGE))
    title = task_title(entry)
    tone = Tone.ACCENT if key in graph.critical else title.tone
    cells = (
        TableCell(f"{node.lead}{title.text}", tone),
        TableCell(f"for {others} more", Tone.WARN) if others > 0 else TableCell(NOTHING, Tone.MUTED),
        TableCell(str(held) if held else NOTHING, Tone.ACCENT if held else Tone.MUTED, order=-held),
        *row.cells,
    )
    return TableRow(row.key, cells, agents=row.agents, states=row.states, text=row.text)


def _summary(snapshot: Snapshot) -> str:
    graph = graph_of(snapshot)
    path = f" · ┃ critical path: {count(len(graph.critical), 'task')}" if graph.critical else ""
    return f"{count(len(graph.entries), 'unfinished task')}{path}" if graph.entries else ""


TASK_GRAPH = Listing(
    title="Dependencies of unfinished tasks",
    columns=COLUMNS,
    entries=lambda snapshot, now: _nodes(snapshot),
    row=_row,
    times=lambda snapshot, node: (task_moved_at(node.entry.task),),
    summary=_summary,
    reads=READS,
    when_empty="No task is unfinished.  {add_task} adds one; {task_graph} leads back to the board.",
    states=STATES,
)
"""The tree of all roots, team by team; it keeps this order unless it is sorted."""
