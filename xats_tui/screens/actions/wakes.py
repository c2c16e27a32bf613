"""Actions on wakes: replay, cancel, force."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Collection

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.core.errors import XatsError
from xats_tui.core.model.panes import PaneState
from xats_tui.core.model.wakes import REPLAYED, Wake, WakeStatus
from xats_tui.screens.actions.acting import ActionContext
from xats_tui.screens.actions.action import EVERYWHERE, Action, modes
from xats_tui.screens.actions.situation import Situation, in_list, needs_open_wake, needs_row, needs_unread_wake
from xats_tui.screens.data.snapshot import Slice
from xats_tui.screens.data.targets import was_not_read
from xats_tui.screens.data.verbs import VerbRefused
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.rows.names import name_of
from xats_tui.screens.rows.wakes import wake_state
from xats_tui.screens.widgets.format import count, cut, one_line

WITH_WAKES = modes(Mode.LIVE, Mode.AGENTS, Mode.WAKES)

DRAFT_CELLS = 60
"""Maximum cells of a draft that a question quotes."""

LISTED_AGENTS = 6
"""Maximum agents that a question names; further agents are counted."""

OUTCOME_TIMEOUT_S = 5.0
"""Seconds for which the outcome of a replay is waited for."""

OUTCOME_INTERVAL_S = 0.2
"""Seconds between two looks at it."""


def _needs_one_unread(situation: Situation) -> str | None:
    return "several agents are selected" if len(situation.agents) > 1 else needs_unread_wake(situation)


def _needs_failed(situation: Situation) -> str | None:
    return None if situation.failed else "no wake has failed"


WAKE_ACTIONS = (
    Action(
        id="replay",
        key="r",
        shown_key="r",
        title="replay",
        help="Try this wake again from the start, through every gate.",
        modes=WITH_WAKES,
        why_not=needs_unread_wake,
        seeks=in_list,
        changes=True,
    ),
    Action(
        id="replay_all",
        key="R",
        shown_key="R",
        title="replay failed",
        help="Try all failed wakes again from the start, through every gate; asks first.",
        modes=EVERYWHERE - {Mode.TASKS},
        why_not=_needs_failed,
        gives_way_to="reassign_task",
        changes=True,
        in_footer=False,
    ),
    Action(
        id="fold",
        key="left",
        shown_key="←",
        title="fold",
        help="Fold the wakes of this agent into one row, which stands for all of them.",
        modes=modes(Mode.WAKES),
        why_not=needs_row,
        in_footer=False,
    ),
    Action(
        id="unfold",
        key="right",
        shown_key="→",
        title="unfold",
        help="Show each wake of this agent in a row of its own.",
        modes=modes(Mode.WAKES),
        why_not=needs_row,
        in_footer=False,
    ),
    Action(
        id="fold_all",
        key="minus",
        shown_key="-",
        title="fold all",
        help="Fold the wakes of every agent, or unfold all of them.",
        modes=modes(Mode.WAKES),
        why_not=needs_row,
        in_footer=False,
    ),
    Action(
        id="cancel_wake",
        key="c",
        shown_key="c",
        title="cancel wake",
        help="End this wake: the message stays unread and the agent is not woken for it.",
        modes=WITH_WAKES,
        why_not=needs_open_wake,
        changes=True,
        in_footer=False,
    ),
    Action(
        id="force",
        key="f",
        shown_key="f",
        title="force",
        help="Wake this agent now, whatever its screen shows; asks first.",
        modes=WITH_WAKES,
        why_not=_needs_one_unread,
        changes=True,
        in_footer=False,
    ),
)


class WakeActions(ActionContext):
    """Performs the actions on wakes."""

    def action_replay(self) -> None:
        """Replay all selected wakes whose message is unread; ask before those of a concern that is not selected."""
        wakes = tuple(wake for wake in self.aim().wakes if was_not_read(wake))
        if self.turns_elsewhere:
            self._ask_to_replay(wakes, "wake")
        else:
            self._begin_replay(wakes)

    def action_replay_all(self) -> None:
        """Ask for confirmation, then replay all failed wakes."""
        self._ask_to_replay(self.situation().failed, "failed wake")

    def _ask_to_replay(self, wakes: tuple[Wake, ...], noun: str) -> None:
        told = Counter(name_of(self.snapshot, wake.agent_id) for wake in wakes)
        agents = ", ".join(f"{name} {number}×" for name, number in told.most_common(LISTED_AGENTS))
        more = f" and {len(told) - LISTED_AGENTS} more agents" if len(told) > LISTED_AGENTS else ""
        self.confirm(
            f"Replay {count(len(wakes), noun)}?",
            f"{agents}{more}.  Each is tried again through every gate; an agent that is busy or asks something waits.",
            "Replay",
            lambda: self._begin_replay(wakes),
            is_safe=True,
        )

    def action_cancel_wake(self) -> None:
        """Ask for confirmation, then end all selected wakes."""
        wakes = tuple(wake for wake in self.situation().wakes if not wake.is_over)
        one = len(wakes) == 1
        consequence = (
            f"{self._recipients(wakes)} will not be woken for {'this message' if one else 'these messages'}.  "
            f"The messages stay unread; replay ({self.key_of('replay')}) starts again."
        )
        self.confirm(
            f"End {count(len(wakes), 'wake')}?",
            consequence,
            "End it" if one else "End them",
            lambda: self.carry_out("ending wakes", self._cancel(wakes)),
        )

    def action_force(self) -> None:
        """Ask for confirmation, then try the agent's wake at once."""
        wake = next(wake for wake in self.situation().wakes if was_not_read(wake))
        consequence = (
            f"The hint is typed into the pane of {self._recipients((wake,))} and sent now.  {self._risk(wake)}  "
            "A pane in copy mode, a shell, or a pane that is not the agent's is still left alone."
        )
        self.confirm("Force a wake?", consequence, "Force", lambda: self.carry_out("forcing", self._force(wake)))

    def _risk(self, wake: Wake) -> str:
        """Return a warning about forcing, based on what the pane currently shows."""
        entry = self.snapshot.entry(wake.agent_id)
        view = self.snapshot.view(entry) if entry else None
        if entry and self.snapshot.asks(entry):
            return "A dialog is open there: the typed text may answer it."
        draft = one_line(view.reading.composer) if view and view.reading.state is PaneState.DRAFT else ""
        if draft:
            return f"There is a draft in the pane, which would be sent too: “{cut(draft, DRAFT_CELLS)}”."
        return "An unfinished draft there would be sent too; an open dialog may be answered."

    def _recipients(self, wakes: tuple[Wake, ...]) -> str:
        return ", ".join(sorted({name_of(self.snapshot, wake.agent_id) for wake in wakes}))

    def _begin_replay(self, wakes: tuple[Wake, ...]) -> None:
        self.carry_out(f"replaying {count(len(wakes), 'wake')} for {self._recipients(wakes)}", self._replay(wakes))

    async def _replay(self, wakes: tuple[Wake, ...]) -> str:
        replayed = await self.desk.verbs.ask(OperatorApi.replay, [(wake.message_id, wake.agent_id) for wake in wakes])
        outcomes = await self._outcomes_of({wake.key for wake in wakes})
        return "\n".join((f"replayed {count(replayed, 'wake')} for {self._recipients(wakes)}", *outcomes))

    async def _outcomes_of(self, keys: Collection[str]) -> list[str]:
        """Wait until these wakes have been tried, at most `OUTCOME_TIMEOUT_S`; return a line for each agent."""
        tried: list[Wake] = []
        for _ in range(int(OUTCOME_TIMEOUT_S / OUTCOME_INTERVAL_S)):
            try:
                loaded = await self.desk.source.load([Slice.WAKES], ())
            except XatsError as error:  # they were replayed all the same
                return [f"their outcome could not be read: {one_line(str(error))}"]
            tried = [wake for wake in loaded[Slice.WAKES.value] if wake.key in keys]
            if not any(_is_untried(wake) for wake in tried):
                break
            await asyncio.sleep(OUTCOME_INTERVAL_S)
        told: dict[str, Counter[str]] = defaultdict(Counter)
        for wake in tried:
            told[name_of(self.snapshot, wake.agent_id)][_outcome(wake)] += 1
        return [
            f"{name}: {'; '.join(f'{number}× {what}' if number > 1 else what for what, number in outcomes.items())}"
            for name, outcomes in told.items()
        ]

    async def _cancel(self, wakes: tuple[Wake, ...]) -> str:
        ended = []
        for wake in wakes:
            try:
                await self.desk.verbs.ask(OperatorApi.cancel_wake, wake.message_id, wake.agent_id)
                ended.append(wake)
            except VerbRefused as refused:  # a wake that is already over must not stop the others
                self.tell(f"{self._recipients((wake,))}: {refused.sentence}", "warning")
        return f"ended {count(len(ended), 'wake')} for {self._recipients(tuple(ended))}" if ended else ""

    async def _force(self, wake: Wake) -> str:
        forced = await self.desk.verbs.ask(OperatorApi.force, wake.message_id, wake.agent_id)
        whom = self._recipients((wake,))
        if forced.status is not WakeStatus.DELIVERED:
            raise VerbRefused("not_forced", f"{whom} was not woken: {one_line(forced.detail)}")
        return f"forced the wake of {whom}: {one_line(forced.detail)}"


def _is_untried(wake: Wake) -> bool:
    return wake.status is WakeStatus.RETRYING and wake.detail == REPLAYED


def _outcome(wake: Wake) -> str:
    if _is_untried(wake):
        return "not tried yet"
    if wake.status is WakeStatus.RETRYING and was_not_read(wake):
        return f"waits: {one_line(wake.detail or wake.skip_reason) or 'no reason recorded'}"
    state = wake_state(wake).text[2:]
    return f"{state}: {one_line(wake.detail or wake.skip_reason)}" if wake.status is WakeStatus.FAILED else state
