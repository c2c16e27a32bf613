"""Editor for a message from the operator, with a confirmation before it goes to many agents.

It returns the composed message.  When it is closed without sending, the draft is kept under the name it was begun for.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from msgspec import Struct
from rich.cells import cell_len
from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.suggester import Suggester
from textual.widgets import Button, Checkbox, Input, Static, TextArea

from xats_tui.core.model.agents import RosterEntry
from xats_tui.screens.data.desk import MessageDraft
from xats_tui.screens.data.snapshot import is_present
from xats_tui.screens.dialogs.dialog_screen import DialogScreen
from xats_tui.screens.dialogs.overlays import ConfirmDialog
from xats_tui.screens.query.addresses import SEPARATOR, AddressBook, Letters, ReadAddresses, address_of
from xats_tui.screens.widgets.editors import BlockEditor, LineEditor
from xats_tui.screens.widgets.format import Tone, count, one_line
from xats_tui.screens.widgets.theme import CONTENT_STYLES

LISTED_RECIPIENTS = 5
"""Maximum recipients that the line below the addresses names; further recipients are counted."""


URGENT = "Reach agents in the middle of a turn, where their client allows it."


class Composed(Struct, frozen=True, kw_only=True):
    """A message to be sent."""

    letters: Letters
    names: str
    """Recipients, for a sentence."""
    draft: MessageDraft


class AddressCompletions(Suggester):
    """Completes the last address while it is being typed."""

    def __init__(self, book: AddressBook) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._book = book

    async def get_suggestion(self, value: str) -> str | None:
        """Return the completed line."""
        return self._book.complete(value)


class AddressInput(LineEditor):
    """Line of addresses; tab completes the current address, or moves on if there is nothing to complete."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "complete", "complete", show=False)]

    def action_complete(self) -> None:
        """Accept the suggestion, or move to the next field."""
        if self._suggestion and self._suggestion != self.value:
            self.value = self._suggestion
            self.cursor_position = len(self.value)
        else:
            self.screen.focus_next()


class TickBox(Checkbox):
    """Check box whose state is visible by shape, not by colour alone."""

    @property
    def _button(self) -> Content:
        return Content("[✓]" if self.value else "[ ]")


class Compose(DialogScreen[Composed]):
    """Editor for a message."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "send", "send", priority=True),
        Binding("escape", "leave", "leave"),
    ]

    to = getters.query_one("#to", AddressInput)
    subject = getters.query_one("#subject", Input)
    need_reply = getters.query_one("#need-reply", Checkbox)
    urgent = getters.query_one("#urgent", Checkbox)
    body = getters.query_one("#body-text", TextArea)

    def __init__(
        self,
        begun_for: str,
        roster: Sequence[RosterEntry],
        fresh: MessageDraft,
        drafts: dict[str, MessageDraft],
        *,
        body_limit: int,
        quoted: str = "",
    ) -> None:
        """Begin a message, or continue the draft that was begun for the same.

        Args:
            begun_for: key of the draft.
            roster: all agents.
            fresh: initial content, if there is no draft.
            drafts: store of the drafts.
            body_limit: maximum bytes of subject and body together.
            quoted: quotation of the answered message.
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
        """Yield the address lines and the editor."""
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
                yield TickBox("requested", draft.need_reply, id="need-reply", compact=True)
            if self._quoted:
                yield Static(Content(self._quoted), id="quoted")
            yield BlockEditor(draft.body, id="body-text", soft_wrap=True, compact=True, highlight_cursor_line=False)
            with Horizontal(classes="line"):
                yield TickBox("urgent", draft.urgent, id="urgent", compact=True, tooltip=URGENT)
                yield Static(id="size")

    def on_mount(self) -> None:
        """Focus the first field that is empty."""
        (self.body if self.to.value else self.to).focus()
        self._say_who()
        self._say_size()

    def action_send(self) -> None:
        """Send the message or show what is missing; for a role or a team, ask for confirmation first."""
        addressed = self._book.read(self.to.value)
        if wrong := self._wrong(addressed):
            self._say_size(wrong)
        elif addressed.is_broadcast:
            entries = [self._entries[agent_id] for agent_id in addressed.agent_ids]
            self.app.push_screen(WhoGetsIt(entries), lambda agreed: self._leave(addressed) if agreed else None)
        else:
            self._leave(addressed)

    def action_leave(self) -> None:
        """Keep the draft and close the editor."""
        if self._keep():
            self.notify("The draft is kept; the same key opens it again.", markup=False)
        self.dismiss()

    def _leave(self, addressed: ReadAddresses) -> None:
        self._keep()
        self.dismiss(Composed(letters=addressed.letters, names=self._names(addressed), draft=self._draft))

    def _keep(self) -> bool:
        """Keep the draft unless it is empty or unchanged; return whether it was kept."""
        draft = self._draft
        if draft == self._fresh or not (draft.body.strip() or draft.subject.strip()):
            self._drafts.pop(self._begun_for, None)
            return False
        self._drafts[self._begun_for] = draft
        return True

    @property
    def _draft(self) -> MessageDraft:
        return MessageDraft(
            to=self.to.value,
            subject=self.subject.value,
            need_reply=self.need_reply.value,
            urgent=self.urgent.value,
            body=self.body.text,
        )

    @property
    def _bytes(self) -> int:
        # Pasted text may contain lone surrogates, which cannot be encoded.
        return len(self.body.text.encode(errors="replace")) + len(self.subject.value.encode(errors="replace"))

    def _wrong(self, addressed: ReadAddresses) -> str | None:
        if addressed.unknown:
            return self._unknown(addressed)
        if not addressed.agent_ids:
            return "Enter a recipient."
        if not self.body.text.strip():
            return "The message is empty."
        too_long = self._bytes - self._body_limit
        return f"The message is {too_long:,} bytes too long." if too_long > 0 else None

    def _unknown(self, addressed: ReadAddresses) -> str:
        """Return the sentence about unknown addresses, with a suggestion if there is only one."""
        missing = SEPARATOR.join(map(one_line, addressed.unknown))
        meant = self._book.suggest(addressed.unknown[0]) if len(addressed.unknown) == 1 else None
        return f"No agent is called {missing}.{f'  Did you mean {meant}?' if meant else ''}"

    def _names(self, addressed: ReadAddresses) -> str:
        names = [address_of(self._entries[agent_id]) for agent_id in addressed.agent_ids]
        more = [f"{len(names) - LISTED_RECIPIENTS} more"] if len(names) > LISTED_RECIPIENTS else []
        return SEPARATOR.join((*names[:LISTED_RECIPIENTS], *more))

    @on(Input.Changed, "#to")
    def _say_who(self) -> None:
        addressed = self._book.read(self.to.value)
        who, tone = self._names(addressed), Tone.MUTED
        if addressed.unknown:
            unknown = self._unknown(addressed)
            who, tone = f"{who}{'; ' if who else ''}{unknown}", Tone.WARN
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
        bytes_of = Content.styled(f"{size:,} of {limit:,} bytes" if size else "", over)
        self.query_one("#size", Static).update(
            Content.assemble((f"{wrong}  ", CONTENT_STYLES[Tone.WARN]), bytes_of) if wrong else bytes_of
        )


class WhoGetsIt(ConfirmDialog):
    """Asks for confirmation before a message goes to a role or a team, with the list of recipients."""

    def __init__(self, entries: Sequence[RosterEntry]) -> None:
        agents = count(len(entries), "agent")
        super().__init__(f"Send to {agents}?", "These agents receive the message and are woken for it:", "Send")
        self._entries = entries

    def compose(self) -> ComposeResult:
        """Yield the list and two buttons."""
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
    about = "  ".join((one_line(entry.agent.role), *([] if here else ["away, receives it later"])))
    padding = " " * (width - cell_len(address) + 2)
    return Content.assemble(sign, address, padding, (about, CONTENT_STYLES[Tone.MUTED]))
