"""Base class for actions: the snapshot, the verbs, confirmation dialogs, and toasts for the outcome."""

import logging
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from textual import work
from textual.message import Message
from textual.messages import Prune
from textual.screen import ModalScreen, Screen

from xats_tui.core.errors import XatsError
from xats_tui.screens.actions.situation import Situation
from xats_tui.screens.data.desk import ModeContext
from xats_tui.screens.data.snapshot import Snapshot
from xats_tui.screens.data.verbs import VerbRefused
from xats_tui.screens.dialogs.dialog_screen import end_workers
from xats_tui.screens.dialogs.overlays import ConfirmDialog
from xats_tui.screens.modes.places import Mode

logger = logging.getLogger(__name__)

T = TypeVar("T")

TOAST_COALESCE_S = 0.2
"""Seconds during which several outcomes are collected into one toast."""

TOAST_LINES = 6
"""Maximum lines of one toast; further lines are counted."""

# A warning has to be read, an outcome only noticed.
SHOWN_FOR = {"information": 4.0, "warning": 10.0}
"""Seconds that a toast stays on screen, by severity."""

Severity = Literal["information", "warning"]


class ActionContext(Screen[None]):
    """Screen from which actions are performed."""

    @dataclass
    class Wanted(Message):
        """Request to switch to another mode."""

        mode: Mode
        words: str | None = None
        """Filter to set in that mode; None keeps the current filter."""
        row: str | None = None
        """Key of the row to select; with it, esc leads back."""
        inside: bool = False
        """True if the detail of that row is to have the focus."""

    @dataclass
    class Returned(Message):
        """Request to return to the mode from which this one was opened."""

    @dataclass
    class Travelled(Message):
        """Posted when another moment is to be shown, in the past or the present."""

    @dataclass
    class Refused(Message):
        """Posted when an action is not possible on the selection: what was typed behind its key was meant for that."""

    def __init__(self, desk: ModeContext) -> None:
        super().__init__()
        self.desk = desk
        self.snapshot = Snapshot()
        """The snapshot that the body currently shows."""
        self.under_way: list[str] = []
        """Descriptions of the verbs that are still running."""
        self._aim: Situation | None = None
        """Situation of the concern that the running action has turned to."""
        self._outcomes: list[tuple[str, Severity]] = []

    async def on_prune(self, event: Prune) -> None:
        """End the workers, before Textual's own handler has the widgets removed."""
        await end_workers(self)

    def situation(self) -> Situation:
        """Return the operator's current situation: mode, panel, selection."""
        raise NotImplementedError

    async def ticket(self) -> str | None:
        """Return the detail of the selected row as Markdown; None if there is none."""
        raise NotImplementedError

    def aim(self) -> Situation:
        """Return what the running action is about: the selection, or the concern that it has turned to."""
        return self._aim or self.situation()

    @property
    def turns_elsewhere(self) -> bool:
        """True if the running action is about a concern that is not selected."""
        return self._aim is not None

    def key_of(self, action_id: str) -> str:
        """Return the key of an action, as a person reads it."""
        raise NotImplementedError

    def draw_keys(self) -> None:
        """Redraw the footer and everything else that depends on the situation or on running verbs."""
        raise NotImplementedError

    def limit_to(self, team: str | None) -> None:
        """Limit all modes to a team; None shows every team."""
        raise NotImplementedError

    def want(self, mode: Mode, *, words: str | None = None, row: str | None = None, inside: bool = False) -> None:
        """Ask the app to switch to another mode, with a filter, or a row to select or to read."""
        self.post_message(self.Wanted(mode, words, row, inside))

    def confirm(
        self, title: str, consequence: str, yes: str, then: Callable[[], object], *, is_safe: bool = False
    ) -> None:
        """Ask for confirmation and call `then` if the answer is yes; Enter agrees only to what is safe."""

        def answered(agreed: bool | None) -> None:
            if agreed:
                then()

        self.app.push_screen(ConfirmDialog(title, consequence, yes, is_safe=is_safe), answered)

    def ask(self, question: ModalScreen[T], then: Callable[[T], object]) -> None:
        """Open a dialog and call `then` with the answer, unless the dialog was closed without one."""

        def answered(answer: T | None) -> None:
            if answer is not None:
                then(answer)

        self.app.push_screen(question, answered)

    def carry_out(self, doing: str, verb: Coroutine[Any, Any, str]) -> None:
        """Run a verb in the background and show its sentence, or the reason for its refusal, as a toast."""
        self._carry_out(doing, verb)

    def tell(self, sentence: str, severity: Severity = "information") -> None:
        """Show an outcome as a toast; several outcomes within `TOAST_COALESCE_S` share one toast."""
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
        except XatsError as error:  # a failure that no verb made a refusal of must not end the dashboard
            logger.warning("%s failed: %s", doing, error)
            self.tell(f"{doing} failed: {error}", "warning")
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
