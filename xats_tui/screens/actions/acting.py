"""What every action can count on: the picture, the verbs, a question before, a word while it runs and one after it."""

from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from textual import work
from textual.message import Message
from textual.screen import ModalScreen, Screen

from xats_tui.screens.actions.situation import Situation
from xats_tui.screens.data.desk import ModeContext
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.data.verbs import VerbRefused
from xats_tui.screens.dialogs.overlays import ConfirmDialog
from xats_tui.screens.modes.places import Mode

T = TypeVar("T")

TOAST_COALESCE_S = 0.2
"""Seconds in which several outcomes become one toast."""

TOAST_LINES = 6
"""Lines of one toast; how many more there are is said."""

SHOWN_FOR = {"information": 4.0, "warning": 10.0}
"""Seconds that a toast stays; what went wrong is read more slowly."""

Severity = Literal["information", "warning"]


class ActionContext(Screen[None]):
    """A screen on which actions are carried out."""

    @dataclass
    class Wanted(Message):
        """Another mode is wanted."""

        mode: Mode
        words: str | None = None
        """Its filter; None leaves it as it is."""
        row: str | None = None
        """The row to select."""

    @dataclass
    class Left(Message):
        """The mode is left for the one it was opened from."""

    def __init__(self, desk: ModeContext) -> None:
        super().__init__()
        self.desk = desk
        self.snapshot = Snapshot()
        """What the body shows."""
        self.under_way: list[str] = []
        """The verbs that have been asked for and not answered."""
        self._outcomes: list[tuple[str, Severity]] = []

    def situation(self) -> Situation:
        """Where the operator is."""
        raise NotImplementedError

    def draw_keys(self) -> None:
        """Draw what depends on where the operator is, and what is under way."""
        raise NotImplementedError

    def want(self, mode: Mode, *, words: str | None = None, row: str | None = None) -> None:
        """Ask for another mode, with a filter or a row to select."""
        self.post_message(self.Wanted(mode, words, row))

    def confirm(self, title: str, consequence: str, yes: str, then: Callable[[], object]) -> None:
        """Ask before something is done, and do it if the answer is yes."""

        def answered(agreed: bool | None) -> None:
            if agreed:
                then()

        self.app.push_screen(ConfirmDialog(title, consequence, yes), answered)

    def ask(self, question: ModalScreen[T], then: Callable[[T], object]) -> None:
        """Ask something, and go on with the answer unless the question was left."""

        def answered(answer: T | None) -> None:
            if answer is not None:
                then(answer)

        self.app.push_screen(question, answered)

    def carry_out(self, doing: str, verb: Coroutine[Any, Any, str]) -> None:
        """Have a verb done in the background; its sentence, or why it was refused, is told."""
        self._carry_out(doing, verb)

    def tell(self, sentence: str, severity: Severity = "information") -> None:
        """Tell the operator an outcome; several at once become one toast."""
        if sentence and not self._outcomes:
            self.set_timer(TOAST_COALESCE_S, self._toast)
        if sentence:
            self._outcomes.append((sentence, severity))

    @work(group="verbs")
    async def _carry_out(self, doing: str, verb: Coroutine[Any, Any, str]) -> None:
        self.under_way.append(doing)
        self.draw_keys()
        try:
            self.tell(await verb)
        except VerbRefused as refused:
            self.tell(refused.sentence, "warning")
        finally:
            self.under_way.remove(doing)
            self.draw_keys()

    def _toast(self) -> None:
        outcomes, self._outcomes = self._outcomes, []
        for severity in ("information", "warning"):
            times = Counter(sentence for sentence, kind in outcomes if kind == severity)
            lines = [f"{sentence} ({number}×)" if number > 1 else sentence for sentence, number in times.items()]
            if more := lines[TOAST_LINES:]:
                lines[TOAST_LINES:] = [f"and {len(more)} more"]
            if lines:
                self.notify("\n".join(lines), severity=severity, timeout=SHOWN_FOR[severity], markup=False)
