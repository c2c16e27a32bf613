"""Form to launch an agent: program, name, team, role, folder.

It returns the launch options.  It reads folders to complete their names and does not know how a program is started.
"""

import asyncio
from pathlib import Path
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Static

from xats_tui.clients.registry import launchable
from xats_tui.core.model.launches import LaunchFormEntry
from xats_tui.screens.dialogs.dialog_screen import DialogScreen
from xats_tui.screens.widgets.editors import LineEditor
from xats_tui.screens.widgets.format import Tone
from xats_tui.screens.widgets.theme import CONTENT_STYLES

MAX_CHOICE_CELLS = 58
"""Cells of the choices that are shown together."""


class ClientChoice(Static, can_focus=True):
    """Choice of a program with the arrow keys or space."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "change(-1)", "program before", show=False),
        Binding("right,space", "change(1)", "next program", show=False),
        Binding("enter", "go_on", "next line", show=False),
    ]

    class Settled(Message):
        """Request to move on to the next field."""

    def __init__(self, client: str) -> None:
        super().__init__(id="client")
        self._clients = launchable()
        self.client = client if client in self._clients else self._clients[0]

    def on_mount(self) -> None:
        """Show the current choice."""
        self.action_change(0)

    def action_change(self, by: int) -> None:
        """Choose the program `by` places further."""
        self.client = self._clients[(self._clients.index(self.client) + by) % len(self._clients)]
        chosen, other = CONTENT_STYLES[Tone.ACCENT], CONTENT_STYLES[Tone.MUTED]
        shown = self._shown()
        marks = [(f"● {one}   ", chosen) if one == self.client else (f"○ {one}   ", other) for one in shown]
        is_all = len(shown) == len(self._clients)
        self.update(Content.assemble(*marks, *([] if is_all else [("…", other)])))

    def _shown(self) -> list[str]:
        """Return the names of the page that the choice is on; a page is what has room in a line."""
        pages: list[list[str]] = [[]]
        for one in self._clients:
            if sum(map(_cells, (*pages[-1], one))) > MAX_CHOICE_CELLS:
                pages.append([])
            pages[-1].append(one)
        return next(page for page in pages if self.client in page)

    def action_go_on(self) -> None:
        """Confirm the choice and move on."""
        self.post_message(self.Settled())

    def on_click(self, event: Click) -> None:
        """Choose the clicked program, or show the next page."""
        end, shown = 0, self._shown()
        for client in shown:
            end += _cells(client)
            if event.x < end:
                self.client = client
                break
        else:
            self.client = shown[-1]
            self.action_change(1)
        self.action_change(0)


def _cells(client: str) -> int:
    """Return the cells that a choice takes."""
    return len(client) + 5


class Folders(Suggester):
    """Completes a folder while it is being typed."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """Return the line with the first matching folder."""
        return await asyncio.to_thread(completed, value)


class FolderInput(LineEditor):
    """Folder field; tab completes the path, or moves on if there is nothing to complete."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "complete", "complete", show=False)]

    def action_complete(self) -> None:
        """Accept the suggestion, or move to the next field."""
        if (proposed := completed(self.value)) and proposed != self.value:
            self.value = proposed
            self.cursor_position = len(proposed)
        else:
            self.screen.focus_next()


class LaunchForm(DialogScreen[LaunchFormEntry]):
    """Form for an agent to launch."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "launch", priority=True),
        Binding("escape", "dismiss", "leave"),
    ]

    client_line = getters.query_one(ClientChoice)
    name_line = getters.query_one("#name", Input)
    team_line = getters.query_one("#team", Input)
    role_line = getters.query_one("#role", Input)
    folder_line = getters.query_one("#folder", Input)

    def __init__(self, client: str, team: str, folder: str, taken: frozenset[tuple[str, str]]) -> None:
        """Begin an empty form.

        Args:
            client: proposed program.
            team: proposed team.
            folder: proposed folder.
            taken: team and name of the connected agents.
        """
        super().__init__()
        self._client = client
        self._team = team
        self._folder = folder
        self._taken = taken
        self._said = ""
        """Problem that is currently shown."""

    def compose(self) -> ComposeResult:
        """Yield a line for each field, and a place for a problem."""
        with Vertical(id="box", classes="launch-form") as box:
            box.border_title = Content("Launch an agent")
            box.border_subtitle = Content("ctrl+s launch  tab next  esc leave")
            for label, line in (
                ("program", ClientChoice(self._client)),
                ("name", LineEditor(id="name", placeholder="the name that others write to", compact=True)),
                ("team", LineEditor(self._team, id="team", placeholder="the folder's name", compact=True)),
                ("role", LineEditor(id="role", placeholder="none", compact=True)),
                ("folder", FolderInput(self._folder, id="folder", suggester=Folders(), compact=True)),
            ):
                with Horizontal(classes="line"):
                    yield Static(label, classes="label")
                    yield line
            yield Static("The agent gets a tmux window and may use the xats tools without asking.", id="consequence")
            yield Static(id="wrong")

    def on_mount(self) -> None:
        """Focus the name, the only field that has no proposal."""
        self.name_line.focus()

    def action_save(self) -> None:
        """Return the options, or show what is wrong with them."""
        if problem := self._problem(self._wish):
            line, sentence = problem
            self._say(sentence)
            line.focus()
        else:
            self.dismiss(self._wish)

    @property
    def _wish(self) -> LaunchFormEntry:
        return LaunchFormEntry(
            client=self.client_line.client,
            name=self.name_line.value.strip(),
            team=self.team_line.value.strip(),
            role=self.role_line.value.strip(),
            folder=str(_expanded(self.folder_line.value.strip() or ".")),
        )

    def _say(self, sentence: str) -> None:
        self._said = sentence
        self.query_one("#wrong", Static).update(Content(sentence))

    def _problem(self, wish: LaunchFormEntry) -> tuple[Input, str] | None:
        if not wish.name:
            return self.name_line, "An agent needs a name."
        if not Path(wish.folder).is_dir():
            return self.folder_line, "No such folder."
        if (wish.team or Path(wish.folder).absolute().name.lower(), wish.name) in self._taken:
            return self.name_line, "An agent of that name is already connected."
        return None

    @on(Input.Changed)
    def _typed(self) -> None:
        """Update the shown problem while the operator types."""
        if self._said:
            problem = self._problem(self._wish)
            self._say(problem[1] if problem else "")

    @on(ClientChoice.Settled)
    def _settled(self) -> None:
        self.focus_next()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        if event.input is self.folder_line:
            self.action_save()
        else:
            self.focus_next()


def completed(typed: str) -> str | None:
    """Return the path completed to the first matching folder, with a slash at its end; None if nothing fits."""
    parent, slash, beginning = typed.rpartition("/")
    if not beginning:
        return None
    try:
        folders = [one.name for one in _expanded(parent + slash or ".").iterdir() if one.is_dir()]
    except OSError:
        return None
    fitting = sorted(name for name in folders if name.startswith(beginning))
    return f"{parent}{slash}{fitting[0]}/" if fitting else None


def _expanded(folder: str) -> Path:
    """Return the folder with `~` expanded, if that is possible."""
    try:
        return Path(folder).expanduser()
    except RuntimeError:
        return Path(folder)
