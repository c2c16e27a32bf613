"""Moments that the operator names: what happened since one, and everything as it was at one."""

from datetime import datetime, timedelta
from functools import partial

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.core.model.activity import Moment, Summary, SummaryLine
from xats_tui.core.moments import read_moment
from xats_tui.core.records import replace
from xats_tui.screens.actions.acting import ActionContext
from xats_tui.screens.actions.action import Action
from xats_tui.screens.actions.situation import Situation
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


MINUTE = timedelta(minutes=1)


def _needs_past(situation: Situation) -> str | None:
    return None if situation.past else "this is the present"


TRAVELLING = (
    Action(
        id="earlier_event",
        key="left_square_bracket",
        shown_key="[",
        title="event before",
        help="Show everything as it was before the last thing that happened; :at 14:05 shows that time.",
        in_footer=False,
    ),
    Action(
        id="later_event",
        key="right_square_bracket",
        shown_key="]",
        title="next event",
        help="In the past, show everything as it was after the next thing that happened.",
        in_footer=False,
        why_not=_needs_past,
    ),
    Action(
        id="earlier_minute",
        key="left_curly_bracket",
        shown_key="{",
        title="minute before",
        help="Show everything as it was a minute before.",
        in_footer=False,
    ),
    Action(
        id="later_minute",
        key="right_curly_bracket",
        shown_key="}",
        title="minute later",
        help="In the past, show everything as it was a minute later.",
        in_footer=False,
        why_not=_needs_past,
    ),
)


class TravelActions(ActionContext):
    """Performs these actions, and what `:at` and `:now` ask for."""

    async def action_earlier_event(self) -> None:
        """Go to the moment before the last change."""
        await self._travel_by(-1)

    async def action_later_event(self) -> None:
        """Go to the moment of the next change; after the last one, to the present."""
        await self._travel_by(1)

    async def action_earlier_minute(self) -> None:
        """Go back by a minute."""
        await self.travel_to(self.desk.now() - MINUTE)

    async def action_later_minute(self) -> None:
        """Go on by a minute; beyond now, to the present."""
        await self.travel_to(self.desk.now() + MINUTE)

    async def travel_to(self, at: datetime) -> None:
        """Show an instant of the past; a later one is the present."""
        if at >= self.desk.clock.now():
            self.return_to_now()
            return
        try:
            moment = await self.desk.verbs.ask(OperatorApi.past_moment, at)
        except VerbRefused as refused:
            self.tell(refused.sentence, "warning")
        else:
            await self._arrive_at(moment)

    async def travel(self, words: str) -> None:
        """Show a typed moment."""
        try:
            at = read_moment(words, self.desk.clock.now())
        except ValueError as error:
            self.tell(str(error), "warning")
        else:
            await self.travel_to(at)

    def return_to_now(self) -> bool:
        """Return to the present; return False if it is shown."""
        if not self.desk.travel.leave():
            return False
        self.post_message(self.Travelled())
        return True

    async def _travel_by(self, by: int) -> None:
        try:
            _, last = await self.desk.verbs.ask(OperatorApi.past_span)
            here = self.desk.travel.moment or last
            moment = await self.desk.verbs.ask(OperatorApi.past_step, here, by)
        except VerbRefused as refused:
            self.tell(refused.sentence, "warning")
            return
        if moment:
            # A later transaction may have an earlier time if the clock was set back: the log is shown in its own order.
            await self._arrive_at(moment if by < 0 else replace(moment, at=max(moment.at, here.at)))
        elif by > 0:
            self.return_to_now()
        else:
            self.tell("the log begins here")

    async def _arrive_at(self, moment: Moment) -> None:
        first, _ = await self.desk.verbs.ask(OperatorApi.past_span)
        self.desk.travel.go(moment, first.at)
        self.post_message(self.Travelled())
