"""Actions on wakes: replay, cancel, force."""

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.core.model.panes import PaneState
from xats_tui.core.model.wakes import Wake, WakeStatus
from xats_tui.screens.actions.acting import ActionContext
from xats_tui.screens.actions.action import Action, modes
from xats_tui.screens.actions.situation import Situation, needs_open_wake, needs_unread_wake
from xats_tui.screens.actions.targets import was_not_read
from xats_tui.screens.data.verbs import VerbRefused
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.rows.names import name_of
from xats_tui.screens.widgets.format import count, cut, one_line

WITH_WAKES = modes(Mode.LIVE, Mode.AGENTS, Mode.WAKES)

DRAFT_CELLS = 60
"""Maximum cells of a draft that a question quotes."""


def _needs_one_unread(situation: Situation) -> str | None:
    return "several agents are selected" if len(situation.agents) > 1 else needs_unread_wake(situation)


WAKE_ACTIONS = (
    Action(
        id="replay",
        key="r",
        shown_key="r",
        title="replay",
        help="Try this wake again from the start, through every gate.",
        modes=WITH_WAKES,
        why_not=needs_unread_wake,
        changes=True,
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
        """Replay all selected wakes whose message is unread."""
        wakes = tuple(wake for wake in self.situation().wakes if was_not_read(wake))
        self.carry_out(f"replaying {count(len(wakes), 'wake')}", self._replay(wakes))

    def action_cancel_wake(self) -> None:
        """Ask for confirmation, then end all selected wakes."""
        wakes = tuple(wake for wake in self.situation().wakes if not wake.is_over)
        one = len(wakes) == 1
        consequence = (
            f"{self._recipients(wakes)} will not be woken for {'this message' if one else 'these messages'}.  "
            "The messages stay unread; replay (r) starts again."
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

    async def _replay(self, wakes: tuple[Wake, ...]) -> str:
        replayed = await self.desk.verbs.ask(OperatorApi.replay, [(wake.message_id, wake.agent_id) for wake in wakes])
        return f"replayed {count(replayed, 'wake')} for {self._recipients(wakes)}"

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
