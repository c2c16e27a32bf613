"""Dialog in which the operator answers an agent's question.

It shows the agent's pane, offers the prompt's own options, asks for confirmation, and has the answer sent.  While it is
open it follows the pane.  The sender of the keys checks that the prompt is still the one that was shown.
"""

import re
from dataclasses import dataclass
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, OptionList, Static
from textual.widgets import option_list as widgets

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.core.model.agents import Agent
from xats_tui.core.model.panes import Option, Prompt
from xats_tui.screens.data.verbs import VerbRefused, Verbs
from xats_tui.screens.widgets.ansi import pane_lines
from xats_tui.screens.widgets.format import Tone, one_line
from xats_tui.screens.widgets.theme import CONTENT_STYLES

POLL_INTERVAL_S = 1.0
"""Seconds between two looks at the pane while the dialog is open."""

AGAIN = frozenset({"prompt_changed", "not_taken", "taken_as_text", "answer_unseen", "not_answerable"})
"""Refusals after which there is still a question to answer."""

RULE = re.compile(r" *(\S)\1{8,} *")
"""A line that consists of a single repeated character, such as a border."""

BUTTON_ROWS = 3
"""Rows of a button."""

FRAME_ROWS = 8
"""Rows around pane and options: borders, a sentence of two rows, empty rows, and margins."""

LEAST_ROWS = 5
"""Rows for the pane on the smallest terminal."""

TYPED_THERE = "must be typed in the pane: g goes there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Outcome of the dialog."""

    sentence: str = ""
    """Sentence for the operator."""
    in_vain: bool = False
    """True if the sentence says why nothing was done."""
    go_to_pane: bool = False
    """True if the operator wants to go to the pane instead."""


class AnswerPrompt(ModalScreen[Answered]):
    """Shows an agent's question and sends the operator's answer."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back"),
        Binding("g", "go", "go to the pane"),
        Binding("left", "other_button", "other button", show=False),
        Binding("right", "other_button", "other button", show=False),
        Binding("pageup", "scroll('page_up')", "page up", show=False),
        Binding("pagedown", "scroll('page_down')", "page down", show=False),
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
        self._prompt: Prompt | None = None
        self._chosen: Option | None = None
        self._sending = False
        self._ended = False

    def compose(self) -> ComposeResult:
        """Yield the pane, a note, the options, and the confirmation."""
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

    def on_mount(self) -> None:
        """Look at the pane at once, and again while the dialog is open."""
        self._draw_step()
        self._say("looking at the pane…", Tone.MUTED)
        self._look()
        self.set_interval(POLL_INTERVAL_S, self._look)

    def on_resize(self) -> None:
        """Fit the pane into the available rows."""
        self.call_after_refresh(self._draw_pane)

    def action_back(self) -> None:
        """Return from the confirmation to the options, or close the dialog."""
        if self._chosen:
            self._ask_for(None)
        else:
            self._end(Answered())

    def action_go(self) -> None:
        """Close the dialog and go to the pane."""
        self._end(Answered(go_to_pane=True))

    def action_choose(self, number: int) -> None:
        """Choose an option by its number."""
        if self._chosen is None and self._prompt:
            index = next((at for at, option in enumerate(self._prompt.options) if option.number == number), None)
            if index is not None:
                self.options.highlighted = index
                self.options.action_select()

    def action_other_button(self) -> None:
        """Move the focus to the other button."""
        if self._chosen:
            self.query_one("#yes" if self.query_one("#no").has_focus else "#no").focus()

    def action_scroll(self, where: str) -> None:
        """Scroll the pane."""
        getattr(self.shown, f"scroll_{where}")(animate=False)

    @on(OptionList.OptionSelected)
    def _option_chosen(self, event: OptionList.OptionSelected) -> None:
        if self._prompt and not self._sending:
            self._ask_for(self._prompt.options[event.option_index])

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        option, prompt = self._chosen, self._prompt
        self._ask_for(None)
        if event.button.id == "yes" and option and prompt and not self._sending:
            self._send(prompt, option)

    @work(exclusive=True, group="look")
    async def _look(self) -> None:
        """Show the current question; close the dialog if there is none any more."""
        if self._sending or self._ended:
            return
        try:
            prompt = await self._verbs.ask(OperatorApi.prompt, self._agent.agent_id)
        except VerbRefused as refused:
            if not self._sending:
                self._leave(refused)
        else:
            if not self._sending and not self._ended:
                self._take(prompt)

    @work(group="send")
    async def _send(self, prompt: Prompt, option: Option) -> None:
        self._sending = True
        self._say(f"sending {option.number}. {one_line(option.label)} …", Tone.ACCENT)
        name = one_line(self._agent.name)
        try:
            following = await self._verbs.ask(OperatorApi.answer, self._agent.agent_id, prompt, option.number)
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
            self._leave(gone)

    def _leave(self, refused: VerbRefused) -> None:
        self._end(Answered(sentence=f"{one_line(self._agent.name)}: {refused.sentence}", in_vain=True))

    def _end(self, outcome: Answered) -> None:
        """Close the dialog, once."""
        # The last look may return while the dialog closes, or while a confirmation covers it.
        if self.is_current and not self._ended:
            self._ended = True
            self.dismiss(outcome)

    def _take(self, prompt: Prompt, said: str = "") -> None:
        """Show the prompt; if it changed, cancel the pending confirmation."""
        before, self._prompt = self._prompt, prompt
        if before is None or before.screen != prompt.screen:
            self.call_after_refresh(self._draw_pane)  # the pane has no width before the refresh
        if before != prompt:
            self._offer(prompt)
            self._ask_for(None)
        if said:
            self._say(said, Tone.WARN)
        elif before is None:
            self._say("" if prompt.options else f"{prompt.why_not}: g goes to the pane", Tone.WARN)
        elif before != prompt:
            self._say("The question has changed; this is the current one.", Tone.WARN)

    def _draw_pane(self) -> None:
        """Draw the whole screen, wrapping lines that are too wide; only lines like borders are cut."""
        if self._prompt is None or not self.is_attached:
            return
        below = max(len(self._prompt.options), BUTTON_ROWS) + FRAME_ROWS
        self.shown.styles.max_height = max(LEAST_ROWS, self.size.height - below)
        width = self.shown.content_size.width
        lines = [Content.from_rich_text(line) for line in pane_lines(self._prompt.screen)]
        drawn = [line.truncate(width) if RULE.fullmatch(line.plain) else line for line in lines]
        self.query_one("#asked-text", Static).update(Content("\n").join(drawn))
        self.call_after_refresh(self.shown.scroll_end, animate=False)

    def _offer(self, prompt: Prompt) -> None:
        self.options.clear_options()
        self.options.add_options(
            widgets.Option(_drawn(option), str(option.number), option.needs_typing) for option in prompt.options
        )
        self.options.action_first()

    def _ask_for(self, option: Option | None) -> None:
        """Ask for confirmation of this option; with None, offer all options again."""
        self._chosen = option
        if option:
            name = one_line(self._agent.name)
            self.question.update(Content(f"Send “{option.number}. {one_line(option.label)}” to {name}?"))
        self._draw_step()

    def _draw_step(self) -> None:
        asking, none = self._chosen is not None, self._prompt is not None and not self._prompt.options
        self.set_class(asking, "-sure")
        self.set_class(none, "-none")
        keys = "←→ enter  esc back" if asking else "enter choose  g go to pane  esc leave"
        self.box.border_subtitle = Content("g go to pane  esc leave" if none else keys)
        if asking:
            self.query_one("#no").focus()
        else:
            self.options.focus()

    def _say(self, sentence: str, tone: Tone) -> None:
        self.note.update(Content.styled(sentence, CONTENT_STYLES[tone]))
        self.note.display = bool(sentence)


def _drawn(option: Option) -> Content:
    muted = CONTENT_STYLES[Tone.MUTED]
    note = TYPED_THERE if option.needs_typing else one_line(option.note)
    return Content.assemble(
        (f"{option.number}  ", CONTENT_STYLES[Tone.ACCENT]),
        (one_line(option.label), muted if option.needs_typing else ""),
        (f"  {note}" if note else "", muted),
    )
