"""The Tasks mode: a board of what waits, is being done and is done; for one task, what blocks what.

A narrow screen has one list, grouped by state, in place of the board.
"""

from collections.abc import Iterable
from datetime import datetime
from math import ceil
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import DescendantFocus
from textual.widget import Widget

from xats_tui.core.model.tasks import TaskEntry, TaskStatus
from xats_tui.screens.actions import bindings
from xats_tui.screens.data.desk import ModeContext
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.details.tasks import dependency_tree, task_detail
from xats_tui.screens.modes.list_mode import ListMode
from xats_tui.screens.modes.listing import Listing
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.rows.tasks import BOARD, TASKS
from xats_tui.screens.widgets.format import Tone
from xats_tui.screens.widgets.frame import Piece
from xats_tui.screens.widgets.panels import TablePanel, entitle
from xats_tui.screens.widgets.texts import TextPanel


class BoardColumn(TablePanel):
    """One column of the board; a filter is for all of them."""

    def __init__(self, status: TaskStatus) -> None:
        super().__init__(BOARD[status], status.value, marks=True)
        self.status = status

    def filter(self, words: str) -> None:
        """Show only the rows that have these words, in every column."""
        for column in self.screen.query(BoardColumn):
            TablePanel.filter(column, words)


class TreePanel(TextPanel, can_focus=False):
    """What blocks what, around one task."""

    def __init__(self) -> None:
        super().__init__("tree")

    def show(self, tree: Content | None) -> None:
        """Show this tree, or nothing."""
        self.update(tree or Content())
        entitle(self, Content.styled("Dependencies", "bold"), Content())


class TasksMode(ListMode):
    """The tasks."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Mode.TASKS)]
    mode = Mode.TASKS
    listing = TASKS

    def __init__(self, desk: ModeContext) -> None:
        super().__init__(desk)
        self._status: TaskStatus | None = None
        """The column that the operator went to."""
        self._shown_as_board = True

    @property
    def list_panel(self) -> TablePanel:  # type: ignore[override]  # one of several, not a widget found by a fixed name
        """The list, or the column with the cursor."""
        return self._column if self._is_board else self.query_one("#list", TablePanel)

    def compose_body(self) -> Iterable[Widget]:
        """The board and the list, one of which is shown, and below them the detail."""
        with Vertical(id="body"):
            yield TablePanel(TASKS, "list", marks=True)
            with Horizontal(id="board"):
                yield from map(BoardColumn, BOARD)
            with Horizontal(id="side"):
                yield from self.compose_detail()

    def compose_detail(self) -> Iterable[Widget]:
        """What the task says, and what blocks what."""
        yield from super().compose_detail()
        yield TreePanel()

    def detail(self, snapshot: Snapshot, key: str, now: datetime) -> Content | None:
        """What the task says, who owns it, what came of it."""
        return task_detail(snapshot, key, now)

    def draw_detail(self, key: str | None) -> None:
        """Draw the tree, too."""
        super().draw_detail(key)
        self.query_one(TreePanel).show(dependency_tree(self.snapshot, key) if key else None)

    def draw_body(self) -> None:
        """Show the board or the list as it is now; what changes from one to the other keeps its place."""
        self._change_over()
        for panel, listing in self._panels():
            self.fill(panel, listing, self.rows_of(listing))
        if self._is_board and self._status is None and not self.inside and self.focused is not None:
            self.focus_list()  # the first column that has a task is known only now
        self.draw_detail(self.list_panel.table.chosen)

    def arrive(self, words: str | None, row: str | None) -> None:
        """Go to the column of the row that is to be selected."""
        entry = self.find(row) if row else None
        if isinstance(entry, TaskEntry):
            self._status = entry.task.status
        super().arrive(words, row)

    def aside(self) -> Iterable[Piece]:
        """How long the last change can be undone, besides what every list says."""
        yield from super().aside()
        done = self.desk.last_change.done
        if done and self.undoable:
            left = done.until - self.desk.clock.now()
            yield (f" ↶ ctrl+z {ceil(left.total_seconds())}s ", Tone.ACCENT)

    def action_column(self, by: int) -> None:
        """Go to the column beside; from the detail, or in the one list, that means nothing."""
        if self._is_board and not self.inside:
            order = list(BOARD)
            place = order.index(self._column.status) + by
            self._enter(order[min(max(place, 0), len(order) - 1)])

    @property
    def _is_board(self) -> bool:
        return not self.has_class("-narrow")

    @property
    def _column(self) -> BoardColumn:
        """The column that the operator went to; until then, the first that has a task, what is being done before."""
        there = {entry.task.status for entry in self.snapshot.tasks}
        order = (TaskStatus.IN_PROGRESS, TaskStatus.PENDING, TaskStatus.COMPLETED)
        wanted = self._status or next((status for status in order if status in there), TaskStatus.PENDING)
        return self.query_one(f"#{wanted.value}", BoardColumn)

    def _panels(self) -> list[tuple[TablePanel, Listing]]:
        """The lists that are shown, and what each shows."""
        if self._is_board:
            return [(column, BOARD[column.status]) for column in self.query(BoardColumn)]
        return [(self.list_panel, TASKS)]

    def _enter(self, status: TaskStatus) -> None:
        self._status = status
        self.focus_list()
        self.draw_detail(self.list_panel.table.chosen)
        self.draw_keys()

    def _change_over(self) -> None:
        """The screen became narrow, or wide enough: filter and cursor go along."""
        if self._shown_as_board == self._is_board:
            return
        self._shown_as_board = self._is_board
        left: TablePanel = self.query_one("#list", TablePanel) if self._is_board else self._column
        self.arrive(left.words, None)
        if chosen := left.table.chosen:
            entry = self.find(chosen)
            self._status = entry.task.status if isinstance(entry, TaskEntry) else self._status
            self.list_panel.table.choose(chosen)
        if not self.inside:
            self.focus_list()

    @on(DescendantFocus)
    def _column_focused(self) -> None:
        """A click goes to a column as well as a key."""
        around = self.focused.ancestors if self.focused else ()
        column = next((widget for widget in around if isinstance(widget, BoardColumn)), None)
        if column and self.snapshot.tasks:
            self._status = column.status
            self.draw_detail(column.table.chosen)
