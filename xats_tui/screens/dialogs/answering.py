"""Dialog in which the operator answers an agent's question.

It shows what the agent's client tells of the question, or else the agent's pane; it offers the question's own options,
asks for confirmation, and has the answer sent.  While it is open it follows the question.  The sender of the answer
checks that the question is still the one that was shown.

The confirmation proposes to send only what was chosen by its digit and does nothing later; else it proposes to cancel,
so that an Enter that is held down, or meant for the former question, sends nothing.
"""

from typing import ClassVar

from msgspec import Struct
from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets import option_list as widgets

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.client_states import Asked, Dialog
from xats_tui.core.model.panes import Option
from xats_tui.screens.data.verbs import VerbRefused, Verbs
from xats_tui.screens.dialogs.asking import Ask
from xats_tui.screens.dialogs.dialog_screen import DialogScreen
from xats_tui.screens.dialogs.questions import (
    does_nothing_later,
    is_drawn_alike,
    is_offered,
    needs_words,
    option_line,
    question_lines,
    why_not,
)
from xats_tui.screens.widgets.format import Tone, one_line
from xats_tui.screens.widgets.theme import CONTENT_STYLES

POLL_INTERVAL_S = 1.0
"""Seconds between two looks at the question while the dialog is open."""

AGAIN = frozenset({"prompt_changed", "not_taken", "taken_as_text", "answer_unseen", "not_answerable", "being_answered"})
"""Refusals after which there is still a question to answer."""

BUTTON_ROWS = 3
"""Rows of a button."""

FRAME_ROWS = 8
"""Rows around pane and options: borders, a sentence of two rows, empty rows, and margins."""

LEAST_ROWS = 5
"""Rows for the pane on the smallest terminal."""


class Answered(Struct, frozen=True, kw_only=True):
    """Outcome of the dialog."""

    sentence: str = ""
    """Sentence for the operator."""
    in_vain: bool = False
    """True if the sentence says why nothing was done."""
    go_to_pane: bool = False
    """True if the operator wants to go to the pane instead."""
    to_next: bool = False
    """True if the operator wants to see the next agent's question instead."""

    @property
    def is_sent(self) -> bool:
        """True if an answer was sent."""
        return bool(self.sentence) and not self.in_vain


class AnswerPrompt(DialogScreen[Answered]):
    """Shows an agent's question and sends the operator's answer."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back"),
        Binding("g", "go", "go to the pane"),
        Binding("a", "next", "next dialog"),
        Binding("left", "other_button", "other button", show=False),
        Binding("right", "other_button", "other button", show=False),
        # before the list of options, which has the focus and pages itself
        Binding("pageup", "scroll('page_up')", "page up", show=False, priority=True),
        Binding("pagedown", "scroll('page_down')", "page down", show=False, priority=True),
        *(Binding(str(digit), f"choose({digit})", f"option {digit}", show=False) for digit in range(1, 10)),
    ]

    box = getters.query_one("#box", Vertical)
    shown = getters.query_one("#asked", VerticalScroll)
    note = getters.query_one("#note", Static)
    options = getters.query_one(OptionList)
    question = getters.query_one("#sure", Static)

    def __init__(self, verbs: Verbs, agent: Agent) -> None:
        super().__init__()
        self._verbs = verbs
        self._agent = agent
        self._asked: Asked | None = None
        self._words = ""
        """Text of the answer that is being confirmed, if it needs one."""
        self._chosen: Option | None = None
        self._early_digit: int | None = None
        """Number that was pressed before the question was on the screen."""
        self._seen: Asked | None = None
        """The question that is on the screen."""
        self._sending = False
        self._ended = False

    def compose(self) -> ComposeResult:
        """Yield the question, a note, the options, and the confirmation."""
        with Vertical(id="box", classes="answer") as box:
            box.border_title = Content(f"{one_line(self._agent.address)} asks")
            with VerticalScroll(id="asked", can_focus=False):
                yield Static(id="asked-text")
            yield Static(id="note")
            yield OptionList(markup=False, compact=True)
            with Horizontal(id="buttons"):
                yield Static(id="sure")
                yield Button("Cancel", id="no")
                yield Button("Send it", id="yes", variant="error")

    @property
    def is_preparing(self) -> bool:
        """True until the question is shown: a digit that is typed before waits for its option."""
        return self._seen is None and not self._ended

    def on_mount(self) -> None:
        """Look at the question at once, and again while the dialog is open."""
        self._draw_step()
        self._say("looking…", Tone.MUTED)
        self._look()
        self.set_interval(POLL_INTERVAL_S, self._look)

    def on_resize(self) -> None:
        """Fit the question into the available rows."""
        self.call_after_refresh(self._draw_question)

    def action_back(self) -> None:
        """Return from the confirmation to the options, or close the dialog."""
        if self._chosen:
            self._ask_for(None)
        else:
            self._end(Answered())

    def action_go(self) -> None:
        """Close the dialog and go to the pane, if the agent has one."""
        if self._agent.binding:
            self._end(Answered(go_to_pane=True))

    def action_next(self) -> None:
        """Close the dialog without an answer and go to the next agent's question."""
        self._end(Answered(to_next=True))

    def action_choose(self, number: int) -> None:
        """Choose an option by its number; before the question is on the screen, as soon as it is."""
        if self._asked is None or self._asked != self._seen:
            self._early_digit = number
        elif self._chosen is None:
            options = self._asked.options
            index = next((at for at, option in enumerate(options) if option.number == number), None)
            if index is not None and is_offered(self._asked, options[index]):
                self.options.highlighted = index
                self._choose(options[index], by_digit=True)

    def action_other_button(self) -> None:
        """Move the focus to the other button."""
        if self._chosen:
            self.query_one("#yes" if self.query_one("#no").has_focus else "#no").focus()

    def action_scroll(self, where: str) -> None:
        """Scroll the question."""
        getattr(self.shown, f"scroll_{where}")(animate=False)

    @on(OptionList.OptionSelected)
    def _option_chosen(self, event: OptionList.OptionSelected) -> None:
        if self._asked and event.option_index < len(self._asked.options):
            self._choose(self._asked.options[event.option_index])

    def _choose(self, option: Option, *, by_digit: bool = False) -> None:
        """Ask for confirmation of an option, or for its words first."""
        if self._asked is None or self._sending:
            return
        if needs_words(self._asked, option):
            self._ask_for_words(self._asked, option)
        else:
            self._ask_for(option, propose=by_digit and does_nothing_later(self._asked, option))

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        option, asked, words = self._chosen, self._asked, self._words
        if event.button.id == "yes" and asked and asked != self._seen:
            self._say("The question was not on the screen yet; this is it.", Tone.WARN)
            return
        self._ask_for(None)
        if event.button.id == "yes" and option and asked and not self._sending:
            self._send(asked, option, words)

    @work(exclusive=True, group="look")
    async def _look(self) -> None:
        """Show the current question; close the dialog if there is none any more."""
        if self._sending or self._ended:
            return
        try:
            asked = await self._verbs.ask(OperatorApi.prompt, self._agent.agent_id)
        except VerbRefused as refused:
            if not self._sending:
                self._leave(refused)
        else:
            if not self._sending and not self._ended:
                self._take(asked)

    @work(group="send")
    async def _send(self, asked: Asked, option: Option, words: str) -> None:
        self._sending = True
        self._say(f"sending {option.number}. {one_line(option.label)} …", Tone.ACCENT)
        name = one_line(self._agent.address)
        try:
            following = await self._verbs.ask(OperatorApi.answer, self._agent.agent_id, asked, option.number, words)
        except VerbRefused as refused:
            await self._after_refusal(refused)
        else:
            done = f"answered {name}: {one_line(option.label)}"
            if following is None:
                self._end(Answered(sentence=done))
            else:
                self._take(following, f"{done}.  The next question:")
        finally:
            self._sending = False

    async def _after_refusal(self, refused: VerbRefused) -> None:
        """Show the current question, or close the dialog if there is nothing left to answer."""
        if refused.code not in AGAIN:
            self._leave(refused)
            return
        said = f"Nothing was sent: {refused.sentence}." if refused.code == "prompt_changed" else f"{refused.sentence}."
        try:
            self._take(await self._verbs.ask(OperatorApi.prompt, self._agent.agent_id), said)
        except VerbRefused as gone:
            # an unknown outcome is worth more than that nothing is asked now
            self._leave(refused if refused.code == "answer_unseen" else gone)

    def _leave(self, refused: VerbRefused) -> None:
        self._end(Answered(sentence=f"{one_line(self._agent.address)}: {refused.sentence}", in_vain=True))

    def _end(self, outcome: Answered) -> None:
        """Close the dialog, once."""
        # The last look may return while the dialog closes, or while a confirmation covers it.
        if self.is_current and not self._ended:
            self._ended = True
            self.dismiss(outcome)

    def _take(self, asked: Asked, said: str = "") -> None:
        """Show the question; if it changed, cancel the pending confirmation."""
        before, self._asked = self._asked, asked
        if not is_drawn_alike(before, asked):
            self.call_after_refresh(self._draw_question)  # the text has no width before the refresh
        elif self._seen == before:
            self._seen = asked
        if before != asked:
            self._offer(asked)
            self._ask_for(None)
        if said:
            self._say(said, Tone.WARN)
        elif before is None:
            reason = f"{why_not(asked)}{self._way_to_pane(': g goes to the pane')}"
            self._say("" if asked.options else reason, Tone.WARN)
        elif before != asked:
            self._say("The question has changed; this is the current one.", Tone.WARN)
        if before not in (None, asked):
            self._early_digit = None  # it was meant for the former question

    def _draw_question(self) -> None:
        """Draw what is asked, wrapping lines that are too wide: a screen from its end, a told dialog from its start."""
        if self._asked is None or not self.is_attached:
            return
        below = max(len(self._asked.options), BUTTON_ROWS) + FRAME_ROWS
        self.shown.styles.max_height = max(LEAST_ROWS, self.size.height - below)
        lines = question_lines(self._asked, self.shown.content_size.width)
        self.query_one("#asked-text", Static).update(Content("\n").join(lines))
        to_start = self.shown.scroll_home if isinstance(self._asked, Dialog) else self.shown.scroll_end
        self.call_after_refresh(to_start, animate=False)
        self.call_after_refresh(self._drawn, self._asked)

    def _drawn(self, asked: Asked) -> None:
        """Note that this question is on the screen, and choose what was pressed before."""
        self._seen = asked
        number, self._early_digit = self._early_digit, None
        if number is not None:
            self.action_choose(number)

    def _offer(self, asked: Asked) -> None:
        self.options.clear_options()
        self.options.add_options(
            widgets.Option(option_line(asked, option), str(option.number), not is_offered(asked, option))
            for option in asked.options
        )
        self.options.action_first()

    def _ask_for_words(self, asked: Asked, option: Option) -> None:
        """Ask for the words of an answer, then for confirmation."""

        def typed(words: str | None) -> None:
            if words and self._asked == asked:
                self._words = words
                self._ask_for(option)

        self.app.push_screen(Ask(one_line(option.label), "Your answer:"), typed)

    def _ask_for(self, option: Option | None, *, propose: bool = False) -> None:
        """Ask for confirmation of this option; with None, offer all options again.

        Args:
            option: the option that was chosen.
            propose: True if Enter is to send it; else Enter cancels.
        """
        self._chosen = option
        if option:
            name, words = one_line(self._agent.address), one_line(self._words)
            answer = f"{option.number}. {one_line(option.label)}{f': {words}' if words else ''}"
            self.question.update(Content(f"Send “{answer}” to {name}?"))
        else:
            self._words = ""
        self._draw_step(propose=propose)

    def _draw_step(self, *, propose: bool = False) -> None:
        asking, none = self._chosen is not None, self._asked is not None and not self._asked.options
        self.set_class(asking, "-sure")
        self.set_class(none, "-none")
        leave = f"{self._way_to_pane('g go to pane  ')}a next dialog  esc leave"
        proposed = "sends it" if propose else "cancels"
        keys = f"enter {proposed}  ←→ other button  esc back" if asking else f"1-9 enter choose  {leave}"
        self.box.border_subtitle = Content(leave if none else keys)
        # Not after the refresh: the next key may have been pressed already.
        self.set_focus(self.query_one("#yes" if propose else "#no") if asking else self.options)

    def _way_to_pane(self, words: str) -> str:
        return words if self._agent.binding else ""

    def _say(self, sentence: str, tone: Tone) -> None:
        self.note.update(Content.styled(sentence, CONTENT_STYLES[tone]))
        self.note.display = bool(sentence)
