"""Tasks mode: a board of pending, current and completed tasks, with the dependencies of the selected task.

On a narrow screen, a single list grouped by state replaces the board.  A tree of what waits for what can be shown
instead of both.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from math import ceil

from textual import on
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import DescendantFocus
from textual.widget import Widget

from xats_tui.core.model.tasks import TaskEntry, TaskStatus
from xats_tui.screens.data.desk import ModeContext
from xats_tui.screens.data.snapshot import MAX_LIST_ROWS, Snapshot
from xats_tui.screens.details.tasks import dependency_tree, task_detail
from xats_tui.screens.modes.list_mode import ListMode
from xats_tui.screens.modes.listing import Listing
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.paging import long_lists
from xats_tui.screens.rows.task_graph import TASK_GRAPH
from xats_tui.screens.rows.tasks import BOARD, TASKS
from xats_tui.screens.widgets.format import Tone
from xats_tui.screens.widgets.frame import Piece
from xats_tui.screens.widgets.panels import TablePanel, entitle
from xats_tui.screens.widgets.texts import TextPanel


class BoardColumn(TablePanel):
    """Column of the board; a filter applies to all columns."""

    def __init__(self, status: TaskStatus) -> None:
        super().__init__(BOARD[status], status.value, marks=True)
        self.status = status

    def filter(self, words: str) -> None:
        """Filter every column."""
        for column in self.screen.query(BoardColumn):
            TablePanel.filter(column, words)


class TreePanel(TextPanel, can_focus=False):
    """Panel with the dependencies of a task."""

    def __init__(self) -> None:
        super().__init__("tree")

    def show(self, tree: Content | None) -> None:
        """Show this tree, or nothing."""
        self.update(tree or Content())
        entitle(self, Content.styled("Dependencies", "bold"), Content())


class TaskView(StrEnum):
    """Ways to show tasks; the value of a view with a single panel is the panel's id."""

    BOARD = "board"
    LIST = "list"
    GRAPH = "graph"


class TasksMode(ListMode):
    """Board, list or graph of tasks."""

    mode = Mode.TASKS
    listing = TASKS
    long_list = long_lists.TASKS

    def __init__(self, desk: ModeContext) -> None:
        super().__init__(desk)
        self._status: TaskStatus | None = None
        """Column that the operator went to."""
        self._drawn_as = TaskView.BOARD

    @property
    def list_panel(self) -> TablePanel:  # type: ignore[override]  # a property: which panel it is changes
        """Panel with the cursor: the list, the graph, or a column of the board."""
        return self._panel_of(self._view)

    def compose_body(self) -> Iterable[Widget]:
        """Yield board and list (one of them is shown) and, below them, the detail."""
        with Vertical(id="body"):
            yield TablePanel(TASKS, TaskView.LIST, marks=True)
            yield TablePanel(TASK_GRAPH, TaskView.GRAPH, marks=True)
            with Horizontal(id="board"):
                yield from map(BoardColumn, BOARD)
            with Horizontal(id="side"):
                yield from self.compose_detail()

    def compose_detail(self) -> Iterable[Widget]:
        """Yield the task's detail and its dependencies."""
        yield from super().compose_detail()
        yield TreePanel()

    def detail(self, snapshot: Snapshot, key: str, now: datetime) -> Content | None:
        """Return the detail of a task."""
        return task_detail(snapshot, key, now)

    def draw_detail(self, key: str | None) -> None:
        """Draw the detail and the dependencies."""
        super().draw_detail(key)
        self.query_one(TreePanel).show(dependency_tree(self.snapshot, key) if key else None)

    def draw_body(self) -> None:
        """Draw the current view, and keep the place when the view changes."""
        self._change_over()
        for panel, listing in self._panels():
            rows = self.rows_of(listing, panel)
            self.fill(panel, listing, rows)
            if self._is_board and not rows and len(self.snapshot.whole.tasks) >= MAX_LIST_ROWS:
                panel.show(
                    (),
                    listing.summary(self.snapshot),
                    f"None of those loaded; {self.key_of('older')} loads older ones.",
                )
        if self._is_board and self._status is None and not self.inside and self.focused is not None:
            self._focus_column()  # only now is it known which column has a task
        self.draw_detail(self.list_panel.table.chosen)

    def arrive(self, words: str | None, row: str | None) -> None:
        """Go to the column of the row to select."""
        entry = self.find(row) if row else None
        if isinstance(entry, TaskEntry):
            self._status = entry.task.status
        super().arrive(words, row)

    def show_row(self, row: str) -> None:
        """Select a task, in the column of its state."""
        entry = self.find(row)
        if isinstance(entry, TaskEntry):
            self._status = entry.task.status
        super().show_row(row)
        self._focus_column()

    def aside(self) -> Iterable[Piece]:
        """Yield the time left to undo the last change, after the general notes."""
        yield from super().aside()
        done = self.desk.last_change.done
        if done and self.undoable:
            left = done.until - self.desk.clock.now()
            yield (f" ↶ {self.key_of('undo')} {ceil(left.total_seconds())}s ", Tone.ACCENT)

    def marked_elsewhere(self) -> int:
        """Return the number of marked tasks in the columns without the cursor."""
        return sum(len(panel.marked) for panel, _ in self._panels() if panel is not self.list_panel)

    def action_column(self, by: int) -> None:
        """Go to the column `by` places to the right; in the detail and in the list, do nothing."""
        if self._is_board and not self.inside:
            order = list(BOARD)
            place = order.index(self._column.status) + by
            self._enter(order[min(max(place, 0), len(order) - 1)])

    def action_task_graph(self) -> None:
        """Change between the graph and the board or list."""
        self.toggle_class("-graph")
        self.draw_body()
        self.draw_keys()

    @property
    def _view(self) -> TaskView:
        if self.has_class("-graph"):
            return TaskView.GRAPH
        return TaskView.LIST if self.has_class("-narrow") else TaskView.BOARD

    @property
    def _is_board(self) -> bool:
        return self._view is TaskView.BOARD

    def _panel_of(self, view: TaskView) -> TablePanel:
        return self._column if view is TaskView.BOARD else self.query_one(f"#{view}", TablePanel)

    @property
    def _column(self) -> BoardColumn:
        """Column that the operator went to; before that, the first one that has a task, current tasks first."""
        there = {entry.task.status for entry in self.snapshot.tasks}
        order = (TaskStatus.IN_PROGRESS, TaskStatus.PENDING, TaskStatus.COMPLETED)
        wanted = self._status or next((status for status in order if status in there), TaskStatus.PENDING)
        return self.query_one(f"#{wanted.value}", BoardColumn)

    def _panels(self) -> list[tuple[TablePanel, Listing]]:
        """Return the visible panels with their listings."""
        if self._is_board:
            return [(column, BOARD[column.status]) for column in self.query(BoardColumn)]
        return [(self.list_panel, TASK_GRAPH if self._view is TaskView.GRAPH else TASKS)]

    def _enter(self, status: TaskStatus) -> None:
        self._status = status
        self.focus_list()
        self.draw_detail(self.list_panel.table.chosen)
        self.draw_keys()

    def _change_over(self) -> None:
        """Take filter and cursor along when the view changes."""
        if self._drawn_as is self._view:
            return
        left, self._drawn_as = self._panel_of(self._drawn_as), self._view
        self.list_panel.filter(left.words)
        if chosen := left.table.chosen:
            entry = self.find(chosen)
            self._status = entry.task.status if isinstance(entry, TaskEntry) else self._status
            self.list_panel.table.choose(chosen)
        if not self.inside:
            self._focus_column()

    def _focus_column(self) -> None:
        """Focus the list, unless a filter or a command is being typed."""
        if not self.is_typing:
            self.focus_list()

    @on(DescendantFocus)
    def _column_focused(self) -> None:
        """Follow a click to another column."""
        around = self.focused.ancestors if self.focused else ()
        column = next((widget for widget in around if isinstance(widget, BoardColumn)), None)
        if column and self.snapshot.tasks:
            self._status = column.status
            self.draw_detail(column.table.chosen)
