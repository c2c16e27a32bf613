"""Actions on messages: write, reply, open the operator's inbox, mark as read."""

from collections.abc import Sequence

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.core.model.agents import OPERATOR_ID
from xats_tui.core.model.messages import Message
from xats_tui.screens.actions.acting import ActionContext
from xats_tui.screens.actions.action import Action, modes
from xats_tui.screens.actions.situation import Situation
from xats_tui.screens.data.desk import MessageDraft
from xats_tui.screens.data.targets import Letter
from xats_tui.screens.data.verbs import VerbRefused
from xats_tui.screens.dialogs.compose import Compose, Composed
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.query.addresses import SEPARATOR, address_of
from xats_tui.screens.rows.names import name_of
from xats_tui.screens.widgets.format import count, many_lines, one_line

QUOTED_LINES = 4
"""Lines of the answered message that are quoted above the editor."""

MAX_BODY_BYTES = 262_144
"""Maximum bytes of a message, used until the coordinator has reported its own limit."""


def needs_letter(situation: Situation) -> str | None:
    """Return a reason unless a message is selected."""
    return None if isinstance(situation.target, Letter) else "no message is selected"


def needs_unread_mail(situation: Situation) -> str | None:
    """Return a reason unless an unread message to the operator is selected."""
    return None if unread_mail(situation) else "no unread message to you is selected"


def unread_mail(situation: Situation) -> list[Message]:
    """Return the unread messages to the operator among the targets of an action."""
    letters = [target for target in situation.targets if isinstance(target, Letter)]
    copies = [copy for letter in letters for copy in letter.copies]
    return [copy for copy in copies if copy.to_agent_id == OPERATOR_ID and copy.read_at is None]


WRITE = Action(
    id="message",
    key="m",
    shown_key="m",
    title="message",
    help="Write a message as the operator, to the selected agents or to anybody.",
    changes=True,
)

MESSAGE_ACTIONS = (
    Action(
        id="reply",
        key="r",
        shown_key="r",
        title="reply",
        help="Answer the sender of this message as the operator.",
        modes=modes(Mode.MESSAGES),
        why_not=needs_letter,
        changes=True,
    ),
    Action(
        id="mark_read",
        key="x",
        shown_key="x",
        title="mark read",
        help="Mark messages to you as read; looking at them does not.",
        modes=modes(Mode.MESSAGES),
        why_not=needs_unread_mail,
        changes=True,
    ),
    Action(
        id="inbox",
        key="i",
        shown_key="i",
        title="my inbox",
        help="Show only messages to you, the operator, or all messages again.",
        modes=modes(Mode.MESSAGES),
    ),
)


class MessageActions(ActionContext):
    """Performs the actions on messages."""

    def action_message(self) -> None:
        """Open the editor, addressed to the selected agents."""
        to = SEPARATOR.join(address_of(entry) for entry in self.situation().agents)
        self._write(f"to {to}", MessageDraft(to=to))

    def action_reply(self) -> None:
        """Open the editor for a reply to the sender; for the operator's own message, to its recipients."""
        letter = self.situation().target
        if not isinstance(letter, Letter):
            return
        message = letter.first
        mine = message.from_agent_id == OPERATOR_ID
        ids = [copy.to_agent_id for copy in letter.copies] if mine else [message.from_agent_id]
        known = [entry for agent_id in ids if (entry := self.snapshot.entry(agent_id))]
        if not known:
            name = name_of(self.snapshot, ids[0], message.from_name)
            self.tell(f"{name} is no longer registered, so there is nobody to reply to", "warning")
            return
        subject = one_line(message.subject)
        if subject and not subject.casefold().startswith("re:"):
            subject = f"Re: {subject}"
        fresh = MessageDraft(to=SEPARATOR.join(map(address_of, known)), subject=subject, need_reply=False)
        self._write(f"reply {letter.key}", fresh, answered=message)

    def action_mark_read(self) -> None:
        """Mark all selected messages to the operator as read."""
        ids = [mail.id for mail in unread_mail(self.situation())]
        self.carry_out("marking as read", self._mark_read(ids))

    def _write(self, begun_for: str, fresh: MessageDraft, *, answered: Message | None = None) -> None:
        health = self.snapshot.health
        editor = Compose(
            begun_for,
            self.snapshot.everyone,
            fresh,
            self.desk.drafts,
            body_limit=health.body_limit if health else MAX_BODY_BYTES,
            quoted=self._quoted(answered) if answered else "",
        )
        answers = answered.id if answered and answered.to_agent_id == OPERATOR_ID else None
        self.ask(editor, lambda it: self.carry_out(f"sending to {it.names}", self._send(begun_for, it, answers)))

    def _quoted(self, message: Message) -> str:
        lines = many_lines(message.body[:2000]).splitlines()
        more = ["…"] if len(lines) > QUOTED_LINES else []
        name = name_of(self.snapshot, message.from_agent_id, message.from_name)
        return "\n".join((f"{name} wrote:", *(f"│ {line}" for line in (*lines[:QUOTED_LINES], *more))))

    async def _send(self, begun_for: str, composed: Composed, answers: str | None) -> str:
        draft = composed.draft
        try:
            await self.desk.verbs.ask(
                OperatorApi.send,
                composed.letters,
                draft.body,
                subject=draft.subject.strip() or None,
                need_reply=draft.need_reply,
                urgent=draft.urgent,
                answers=answers,
            )
        except VerbRefused as refused:
            raise VerbRefused(refused.code, f"not sent: {refused.sentence}; the draft is kept") from refused
        self.desk.drafts.pop(begun_for, None)
        return f"sent to {composed.names}"

    async def _mark_read(self, message_ids: Sequence[str]) -> str:
        return f"marked {count(await self.desk.verbs.ask(OperatorApi.mark_read, message_ids), 'message')} as read"
