"""Find: search everything that is stored, go to a hit in its mode, and on to the next one."""

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.core.search.records import FindQuery, FoundPage
from xats_tui.screens.actions.acting import ActionContext
from xats_tui.screens.actions.action import Action
from xats_tui.screens.actions.situation import Situation
from xats_tui.screens.data.verbs import VerbRefused
from xats_tui.screens.dialogs.finding import FindDialog
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.query.finding import place_of
from xats_tui.screens.widgets.format import one_line


def needs_hits(situation: Situation) -> str | None:
    """Return a reason unless a hit of a search is shown."""
    return None if situation.finds else "nothing was searched for"


FIND_ACTIONS = (
    Action(
        id="find",
        key="ctrl+f",
        shown_key="ctrl+f",
        title="find",
        help="Search messages, tasks, activity, contracts and agents, however old; also :find words from:bob since:2h.",
        in_footer=False,
    ),
    Action(
        id="next_hit",
        key="n",
        shown_key="n",
        title="next hit",
        help="Go to the next hit of the search.",
        why_not=needs_hits,
        quiet=True,
    ),
    Action(
        id="previous_hit",
        key="N",
        shown_key="N",
        title="previous hit",
        help="Go to the previous hit of the search.",
        why_not=needs_hits,
        quiet=True,
        in_footer=False,
    ),
)


class FindActions(ActionContext):
    """Performs the actions, and what `:find` asks for."""

    def action_find(self) -> None:
        """Open the find screen with the last search."""
        self.search_for(self.desk.finding.line)

    def search_for(self, words: str) -> None:
        """Open the find screen with these words."""
        if self.desk.travel.is_away:  # the index knows the present only
            self.tell("a search looks through the present: :now returns there", "warning")
            return
        finding, here = self.desk.finding, self.situation()
        if finding.shown is None:
            finding.origin = (here.mode, here.row)
        dialog = FindDialog(
            finding,
            self._search,
            self.desk.keyboard,
            self.desk.clock.now,
            line=words,
            team=self.desk.scope.team,
        )
        self.ask(dialog, self._show_hit)

    def action_next_hit(self) -> None:
        """Go to the next hit; at the last one that is loaded, load more."""
        finding = self.desk.finding
        if finding.index is None:
            return
        if finding.index + 1 < len(finding.hits):
            self._show_hit(finding.index + 1)
        elif finding.page and finding.page.next_cursor:
            self.carry_out("looking on", self._find_on(finding.index + 1))
        else:
            self.tell("this is the last hit")

    def action_previous_hit(self) -> None:
        """Go to the previous hit."""
        index = self.desk.finding.index
        if index:
            self._show_hit(index - 1)
        elif index is not None:
            self.tell("this is the first hit")

    def end_search(self) -> bool:
        """Return to where the search was opened; return False if no hit is shown."""
        finding = self.desk.finding
        if finding.shown is None:
            return False
        finding.index = None
        self.leave_hit()
        mode, row = finding.origin or (Mode.LIVE, None)
        if mode is self.situation().mode:
            if row:
                self.want(mode, row=row)
        else:
            self.want(mode)
        return True

    def leave_hit(self) -> None:
        """Return the list to what it showed without the hit."""

    @property
    def hit_note(self) -> str:
        """Note on the hit that is shown; empty if none is."""
        finding = self.desk.finding
        if finding.index is None or finding.shown is None:
            return ""
        more = "+" if finding.page and finding.page.next_cursor else ""
        keys = f"{self.key_of('next_hit')} {self.key_of('previous_hit')}"
        return f"find {one_line(finding.line)}: {finding.index + 1} of {len(finding.hits)}{more}; {keys}"

    async def _search(self, query: FindQuery) -> FoundPage:
        return await self.desk.verbs.ask(OperatorApi.find, query)

    async def _find_on(self, index: int) -> str:
        finding = self.desk.finding
        while len(finding.hits) <= index:
            if await finding.go_on(self._search) is None:
                raise VerbRefused("last_hit", "this is the last hit")
        self._show_hit(index)
        return ""

    def _show_hit(self, index: int) -> None:
        finding = self.desk.finding
        finding.index = index
        hit = finding.hits[index]
        mode, row = place_of(hit)
        team = self.desk.scope.team
        if team is not None and hit.team not in ("", team):
            self.limit_to(None)
            self.tell("all teams are shown: the hit is in another one")
        self.want(mode, row=row)
        self.draw_keys()
