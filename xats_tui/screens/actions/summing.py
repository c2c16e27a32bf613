"""The summary of what happened since a moment: since the operator left, or since any moment that is typed."""

from datetime import datetime, timedelta
from functools import partial

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.core.model.activity import Summary, SummaryLine
from xats_tui.core.moments import read_moment
from xats_tui.screens.actions.acting import ActionContext
from xats_tui.screens.actions.action import Action
from xats_tui.screens.data.desk import ModeContext
from xats_tui.screens.data.verbs import VerbRefused
from xats_tui.screens.details.summary import moment_words
from xats_tui.screens.dialogs.summing_up import SummaryDialog
from xats_tui.screens.modes.places import Mode

WITHOUT_ABSENCE = timedelta(hours=1)
"""Span of a summary if the operator was not away and names no moment."""

SUM_UP = Action(
    id="sum_up",
    key="W",
    shown_key="W",
    title="what happened",
    help="Sum up what happened since you were last away, or in the last hour; :since 10m, :since 14:05 since then.",
    in_footer=False,
)


async def summary_since(desk: ModeContext, moment: datetime) -> Summary:
    """Return what happened since a moment, in the team that all modes are limited to.

    Raises:
        VerbRefused: the coordinator gave no summary.
    """
    return await desk.verbs.ask(OperatorApi.since, moment, desk.scope.team)


class SummingActions(ActionContext):
    """Performs the action, and what `:since` asks for."""

    def action_sum_up(self) -> None:
        """Show what happened since the operator left."""
        now = self.desk.clock.now()
        self._sum_up(self.desk.absence.left_at or now - WITHOUT_ABSENCE)

    def since(self, words: str) -> None:
        """Show what happened since a typed moment."""
        if not words:
            self.action_sum_up()
            return
        try:
            moment = read_moment(words, self.desk.clock.now())
        except ValueError as error:
            self.tell(str(error), "warning")
        else:
            self._sum_up(moment)

    def show_summary(self, summary: Summary, title: str, note: str = "") -> None:
        """Open a summary; the chosen line leads to its rows."""
        self.ask(SummaryDialog(summary, title, note), partial(self._lead_to, summary.since))

    def _lead_to(self, since: datetime, line: SummaryLine) -> None:
        self.desk.absence.divided_at = since
        self.want(Mode(line.noun), words=line.words)

    def _sum_up(self, moment: datetime) -> None:
        self.carry_out("summing up", self._summed_up(moment))

    async def _summed_up(self, moment: datetime) -> str:
        summary = await summary_since(self.desk, moment)
        if not summary.lines:
            return f"Nothing happened since {moment_words(moment, summary.until)}."
        if self.is_current:
            self.show_summary(summary, "What happened")
            return ""
        raise VerbRefused("left", "the summary was not opened, because another dialog was: W shows it")
