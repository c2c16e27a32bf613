"""Writing a message as the operator: to whom, about what, in an editor; and the question before it goes to many.

It hands back what is to be sent.  What was begun is kept when one leaves, under the name that it was begun for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Button, Checkbox, Input, Static, TextArea

from xats_tui.core.model.agents import RosterEntry
from xats_tui.screens.data.desk import Draft
from xats_tui.screens.data.snapshot import is_present
from xats_tui.screens.dialogs.overlays import ConfirmDialog
from xats_tui.screens.query.addresses import SEPARATOR, AddressBook, Letters, ReadAddresses, address_of
from xats_tui.screens.widgets.editors import BlockEditor, LineEditor
from xats_tui.screens.widgets.format import Tone, count, one_line
from xats_tui.screens.widgets.theme import CONTENT_STYLES

LISTED_RECIPIENTS = 5
"""Recipients that the line below the addresses names; the rest are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A message that is to be sent."""

    letters: Letters
    names: str
    """Who gets it, for a sentence."""
    draft: Draft


class AddressCompletions(Suggester):
    """Completes the last address while it is typed."""

    def __init__(self, book: AddressBook) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._book = book

    async def get_suggestion(self, value: str) -> str | None:
        """The whole line, completed."""
        return self._book.complete(value)


class AddressInput(LineEditor):
    """A line of addresses: tab completes the one that is being typed, and goes on when there is nothing to complete."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "complete", "complete", show=False)]

    def action_complete(self) -> None:
        """Take over what is suggested, or go on."""
        if self._suggestion and self._suggestion != self.value:
            self.value = self._suggestion
            self.cursor_position = len(self.value)
        else:
            self.screen.focus_next()


class TickBox(Checkbox):
    """A box that shows by its shape, not by its colour alone, whether it is ticked."""

    @property
    def _button(self) -> Content:
        return Content("[✓]" if self.value else "[ ]")


class Compose(ModalScreen[Composed]):
    """An editor for one message."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "send", "send", priority=True),
        Binding("escape", "leave", "leave"),
    ]

    to = getters.query_one("#to", AddressInput)
    subject = getters.query_one("#subject", Input)
    need_reply = getters.query_one("#need-reply", Checkbox)
    body = getters.query_one("#body-text", TextArea)

    def __init__(
        self,
        begun_for: str,
        roster: Sequence[RosterEntry],
        fresh: Draft,
        drafts: dict[str, Draft],
        *,
        body_limit: int,
        quoted: str = "",
    ) -> None:
        """Begin a message, or go on with the one that was begun for the same.

        Args:
            begun_for: what the draft is kept under.
            roster: all agents.
            fresh: what it begins with.
            drafts: where what was begun is kept.
            body_limit: bytes that subject and body may have together.
            quoted: what is answered.
        """
        super().__init__()
        self._begun_for = begun_for
        self._entries: Mapping[str, RosterEntry] = {entry.agent.agent_id: entry for entry in roster}
        self._book = AddressBook(roster)
        self._fresh = fresh
        self._drafts = drafts
        self._body_limit = body_limit
        self._quoted = quoted

    def compose(self) -> ComposeResult:
        """The lines of a letter, and below them the editor."""
        draft = self._drafts.get(self._begun_for, self._fresh)
        with Vertical(id="box", classes="compose") as box:
            box.border_title = Content("Message from the operator")
            box.border_subtitle = Content("ctrl+s send  tab next  esc leave, the draft is kept")
            with Horizontal(classes="line"):
                yield Static("to", classes="label")
                hint = "agent, agent@team, role:x, team:x; tab completes"
                yield AddressInput(
                    draft.to, placeholder=hint, suggester=AddressCompletions(self._book), id="to", compact=True
                )
            yield Static(id="who")
            with Horizontal(classes="line"):
                yield Static("subject", classes="label")
                yield LineEditor(draft.subject, placeholder="none", id="subject", compact=True)
            with Horizontal(classes="line"):
                yield Static("reply", classes="label")
                yield TickBox("is wanted", draft.need_reply, id="need-reply", compact=True)
            if self._quoted:
                yield Static(Content(self._quoted), id="quoted")
            yield BlockEditor(draft.body, id="body-text", soft_wrap=True, compact=True, highlight_cursor_line=False)
            yield Static(id="size")

    def on_mount(self) -> None:
        """Go to what is missing."""
        (self.body if self.to.value else self.to).focus()
        self._say_who()
        self._say_size()

    def action_send(self) -> None:
        """Send it, or say what is missing; before it goes to a role or a team, ask with the list of who gets it."""
        addressed = self._book.read(self.to.value)
        if wrong := self._wrong(addressed):
            self._say_size(wrong)
        elif addressed.is_broadcast:
            entries = [self._entries[agent_id] for agent_id in addressed.agent_ids]
            self.app.push_screen(WhoGetsIt(entries), lambda agreed: self._leave(addressed) if agreed else None)
        else:
            self._leave(addressed)

    def action_leave(self) -> None:
        """Keep what was begun, and leave."""
        if self._keep():
            self.notify("The draft is kept: the same key brings it back.", markup=False)
        self.dismiss()

    def _leave(self, addressed: ReadAddresses) -> None:
        self._keep()
        self.dismiss(Composed(letters=addressed.letters, names=self._names(addressed), draft=self._draft))

    def _keep(self) -> bool:
        """Keep the draft if there is anything to keep; whether there was."""
        draft = self._draft
        if draft == self._fresh or not (draft.body.strip() or draft.subject.strip()):
            self._drafts.pop(self._begun_for, None)
            return False
        self._drafts[self._begun_for] = draft
        return True

    @property
    def _draft(self) -> Draft:
        return Draft(
            to=self.to.value, subject=self.subject.value, need_reply=self.need_reply.value, body=self.body.text
        )

    @property
    def _bytes(self) -> int:
        return len(self.body.text.encode(errors="replace")) + len(self.subject.value.encode(errors="replace"))

    def _wrong(self, addressed: ReadAddresses) -> str | None:
        if addressed.unknown:
            return f"nobody is called {one_line(addressed.unknown[0])}"
        if not addressed.agent_ids:
            return "to whom?"
        if not self.body.text.strip():
            return "there is nothing in the message"
        return f"it is {self._bytes - self._body_limit:,} bytes too long" if self._bytes > self._body_limit else None

    def _names(self, addressed: ReadAddresses) -> str:
        names = [address_of(self._entries[agent_id]) for agent_id in addressed.agent_ids]
        more = [f"{len(names) - LISTED_RECIPIENTS} more"] if len(names) > LISTED_RECIPIENTS else []
        return SEPARATOR.join((*names[:LISTED_RECIPIENTS], *more))

    @on(Input.Changed, "#to")
    def _say_who(self) -> None:
        addressed = self._book.read(self.to.value)
        who, tone = self._names(addressed), Tone.MUTED
        if addressed.unknown:
            missing = SEPARATOR.join(map(one_line, addressed.unknown))
            who, tone = f"{who}{'; ' if who else ''}nobody is called {missing}", Tone.WARN
        elif len(addressed.agent_ids) > 1:
            who = f"{count(len(addressed.agent_ids), 'agent')}: {who}"
        self.query_one("#who", Static).update(Content.styled(who, CONTENT_STYLES[tone]))

    @on(TextArea.Changed)
    @on(Input.Changed, "#subject")
    def _size_changed(self) -> None:
        self._say_size()

    def _say_size(self, wrong: str = "") -> None:
        size, limit = self._bytes, self._body_limit
        over = CONTENT_STYLES[Tone.BAD if size > limit else Tone.MUTED]
        bytes_of = Content.styled(f"{size:,} of {limit:,} bytes", over)
        self.query_one("#size", Static).update(
            Content.assemble((f"{wrong}  ", CONTENT_STYLES[Tone.WARN]), bytes_of) if wrong else bytes_of
        )


class WhoGetsIt(ConfirmDialog):
    """Asks before a message goes to a role or a team, with the list of who gets it."""

    def __init__(self, entries: Sequence[RosterEntry]) -> None:
        agents = count(len(entries), "agent")
        super().__init__(f"Send to {agents}?", "These get it, and are woken for it:", "Send")
        self._entries = entries

    def compose(self) -> ComposeResult:
        """The list, and two buttons."""
        with Vertical(id="box", classes="question") as box:
            box.border_title = Content(self._title)
            yield Static(Content(self._consequence))
            with VerticalScroll(id="recipients", can_focus=False):
                width = max(cell_len(address_of(entry)) for entry in self._entries)
                yield Static(Content("\n").join(_recipient(entry, width) for entry in self._entries))
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="no")
                yield Button(Content(self._yes), id="yes", variant="error")


def _recipient(entry: RosterEntry, width: int) -> Content:
    here = is_present(entry)
    sign = ("● ", CONTENT_STYLES[Tone.GOOD]) if here else ("○ ", CONTENT_STYLES[Tone.MUTED])
    address = address_of(entry)
    about = "  ".join((one_line(entry.agent.role), *([] if here else ["away, gets it later"])))
    padding = " " * (width - cell_len(address) + 2)
    return Content.assemble(sign, address, padding, (about, CONTENT_STYLES[Tone.MUTED]))
