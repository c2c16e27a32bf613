"""Form for a task: title, description, and dependencies, chosen from its team's tasks.

It returns the task's new content.  When it is closed without saving, the draft is kept under the name it was begun for.
"""

from collections.abc import Sequence
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static, TextArea
from textual.widgets.option_list import Option

from xats_tui.core.model.labels import folded
from xats_tui.core.model.tasks import TaskDraft, TaskEntry, TaskStatus
from xats_tui.screens.dialogs.dialog_screen import DialogScreen
from xats_tui.screens.rows.tasks import task_shape
from xats_tui.screens.widgets.editors import BlockEditor, LineEditor
from xats_tui.screens.widgets.format import Tone, count, one_line, short_id
from xats_tui.screens.widgets.theme import CONTENT_STYLES


class TickList(OptionList):
    """List in which space selects, as enter does."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "select", "tick", show=False)]


class TaskForm(DialogScreen[TaskDraft]):
    """Form for a task."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "save", priority=True),
        Binding("escape", "leave", "leave"),
    ]

    title_line = getters.query_one("#title", Input)
    description = getters.query_one("#description", TextArea)
    words = getters.query_one("#words", Input)
    ticks = getters.query_one(TickList)

    def __init__(
        self,
        heading: str,
        begun_for: str,
        fresh: TaskDraft,
        offered: Sequence[TaskEntry],
        drafts: dict[str, TaskDraft],
    ) -> None:
        """Begin a task, or continue the draft that was begun for the same.

        Args:
            heading: title of the form.
            begun_for: key of the draft.
            fresh: initial content, if there is no draft.
            offered: tasks that the task may depend on.
            drafts: store of the drafts.
        """
        super().__init__()
        self._heading = heading
        self._begun_for = begun_for
        self._fresh = fresh
        self._begun = drafts.get(begun_for, fresh)
        self._drafts = drafts
        self._titles = {entry.task.id: _offer(entry) for entry in offered} | {
            task_id: Content(f"  {short_id(task_id)}")
            for task_id in self._begun.depends_on
            if task_id not in {entry.task.id for entry in offered}
        }
        self._ticked = dict.fromkeys(self._begun.depends_on)

    def compose(self) -> ComposeResult:
        """Yield title, description, and the tasks to select."""
        with Vertical(id="box", classes="task-form") as box:
            box.border_title = Content(one_line(self._heading))
            box.border_subtitle = Content("ctrl+s save  tab next  esc leave, the draft is kept")
            with Horizontal(classes="line"):
                yield Static("title", classes="label")
                yield LineEditor(self._begun.title, id="title", compact=True)
            yield BlockEditor(
                self._begun.description or "",
                id="description",
                soft_wrap=True,
                compact=True,
                highlight_cursor_line=False,
                placeholder="description",
            )
            with Horizontal(classes="line", id="waits"):
                yield Static("waits for", classes="label")
                yield Input(placeholder="type to filter; space or enter ticks in the list", id="words", compact=True)
            yield TickList(markup=False, compact=True)
            yield Static(id="said")

    def on_mount(self) -> None:
        """Focus the title, and say if this is an earlier draft."""
        self.title_line.focus()
        self._offer_matching()
        self._say("continuing your draft" if self._begun != self._fresh else "")

    def action_save(self) -> None:
        """Return the task, or show what is missing."""
        if self.title_line.value.strip():
            self._drafts[self._begun_for] = self._draft  # kept until the coordinator has saved the task
            self.dismiss(self._draft)
        else:
            self._say("A task needs a title.", Tone.WARN)
            self.title_line.focus()

    def action_leave(self) -> None:
        """Keep the draft and close the form."""
        if self._draft == self._fresh:
            self._drafts.pop(self._begun_for, None)
        else:
            self._drafts[self._begun_for] = self._draft
            self.notify("The draft is kept; the same key opens it again.", markup=False)
        self.dismiss()

    @property
    def _draft(self) -> TaskDraft:
        return TaskDraft(
            title=self.title_line.value,
            description=self.description.text or None,
            depends_on=tuple(self._ticked),
        )

    @on(Input.Changed, "#words")
    def _offer_matching(self) -> None:
        """List the tasks that contain the words, selected tasks first."""
        words = folded(self.words.value).split()
        matching = [task_id for task_id, title in self._titles.items() if _has(title, words)]
        self.ticks.clear_options()
        for task_id in sorted(matching, key=lambda each: each not in self._ticked):
            self.ticks.add_option(Option(self._line(task_id), task_id))
        if self._titles:
            self.ticks.highlighted = 0 if matching else None
        else:
            self.ticks.add_option(Option(Content("this team has no other task"), disabled=True))

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.focus_next()

    @on(OptionList.OptionSelected)
    def _toggled(self, event: OptionList.OptionSelected) -> None:
        task_id = str(event.option_id)
        if task_id in self._ticked:
            del self._ticked[task_id]
        else:
            self._ticked[task_id] = None
        self.ticks.replace_option_prompt(task_id, self._line(task_id))
        self._say("")

    def _line(self, task_id: str) -> Content:
        ticked = task_id in self._ticked
        box = ("[✓] ", CONTENT_STYLES[Tone.ACCENT]) if ticked else ("[ ] ", CONTENT_STYLES[Tone.MUTED])
        return Content.assemble(box, self._titles[task_id])

    def _say(self, sentence: str, tone: Tone = Tone.MUTED) -> None:
        waits = f"waits for {count(len(self._ticked), 'task')}" if self._ticked else "waits for nothing"
        self.query_one("#said", Static).update(Content.styled(sentence or waits, CONTENT_STYLES[tone]))


def _offer(entry: TaskEntry) -> Content:
    shape, tone = task_shape(entry.task)
    done = entry.task.status is TaskStatus.COMPLETED
    title = (one_line(entry.task.title), CONTENT_STYLES[Tone.MUTED] if done else "")
    return Content.assemble((f"{shape} ", CONTENT_STYLES[tone]), title)


def _has(title: Content, words: Sequence[str]) -> bool:
    text = folded(title.plain)
    return all(word in text for word in words)
