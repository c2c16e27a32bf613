"""Actions on agents: poke, answer, go to pane, do not disturb, remove."""

from collections.abc import Collection, Iterator
from datetime import timedelta

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.core.model.agents import RosterEntry
from xats_tui.core.model.wakes import WakeStage
from xats_tui.screens.actions.acting import ActionContext
from xats_tui.screens.actions.action import Action, modes
from xats_tui.screens.actions.situation import in_list, needs_agent, needs_dialog, needs_pane, needs_panes
from xats_tui.screens.data.alerts import asking
from xats_tui.screens.data.verbs import VerbRefused
from xats_tui.screens.dialogs.answering import Answered, AnswerPrompt
from xats_tui.screens.dialogs.asking import Ask, Pick, PickOption
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.rows.names import name_of
from xats_tui.screens.widgets.format import count, one_line

AGENT_ACTIONS = (
    Action(
        id="poke",
        key="p",
        shown_key="p",
        title="poke",
        help="Type a line of your own into this agent's pane, if every gate allows it.",
        why_not=needs_pane,
        changes=True,
    ),
    Action(
        id="answer",
        key="a",
        shown_key="a",
        title="answer",
        help="Read the question this agent asks a person, and choose one of the answers that it offers.",
        why_not=needs_dialog,
        seeks=in_list,
        changes=True,
    ),
    Action(
        id="go_to_pane",
        key="g",
        shown_key="g",
        title="go",
        help="Switch your tmux client to this agent's pane.",
        why_not=needs_pane,
        seeks=lambda situation: in_list(situation) and not situation.agents,
    ),
    Action(
        id="wall",
        key="w",
        shown_key="w",
        title="wall",
        help="Show the screens of the marked agents, or of all listed ones, side by side; nothing can be typed there.",
        modes=modes(Mode.AGENTS),
        why_not=needs_panes,
    ),
    Action(
        id="earlier_look",
        key="left",
        shown_key="←",
        title="screen before",
        help="Show what this agent's pane showed before, each screen as it came to rest; esc shows it as it is.",
        modes=modes(Mode.AGENTS),
        why_not=needs_pane,
        needs_list=True,
        in_footer=False,
    ),
    Action(
        id="later_look",
        key="right",
        shown_key="→",
        title="next screen",
        help="Show the next kept screen of this agent's pane; after the last one, the pane as it is.",
        modes=modes(Mode.AGENTS),
        why_not=needs_pane,
        needs_list=True,
        in_footer=False,
        quiet=True,
    ),
    Action(
        id="rest",
        key="d",
        shown_key="d",
        title="do not disturb",
        help="Turn on do not disturb for a while: messages are kept and wakes wait; or turn it off.",
        why_not=needs_agent,
        changes=True,
        in_footer=False,
    ),
    Action(
        id="remove_agent",
        key="x",
        shown_key="x",
        title="remove agent",
        help="Remove this agent from its team, after a question; it gets its id and messages back when it returns.",
        modes=modes(Mode.AGENTS),
        why_not=needs_agent,
        changes=True,
        in_footer=False,
    ),
)

# Until the next snapshot, the question seems to be open still.
JUST_ANSWERED = timedelta(seconds=3)
"""Time after an answer in which another agent's question comes first."""

RESTS = (
    PickOption("15", "15 minutes"),
    PickOption("60", "an hour"),
    PickOption("480", "eight hours"),
    PickOption("", "until I turn it off"),
    PickOption("lift", "off", "turn off do not disturb"),
)
"""Durations of do not disturb, in minutes."""


class AgentActions(ActionContext):
    """Performs the actions on agents."""

    def action_poke(self) -> None:
        """Ask for the line to type, then poke the selected agent."""
        if entry := self.situation().agent:
            question = Ask(f"Poke {entry.agent.address}", "One line to type into its pane, if every gate allows it:")
            self.ask(question, lambda line: self.carry_out(f"poking {entry.agent.address}", self._poke(entry, line)))

    def action_answer(self) -> None:
        """Show the agent's question in a dialog that sends the answer itself; then show the outcome."""

        entry = self.aim().agent
        if entry and self._was_just_answered(entry):
            entry = next(self._others_asking({entry.agent.agent_id}), entry)
        if entry:
            self._answer(entry, frozenset())

    def action_remove_agent(self) -> None:
        """Ask for confirmation, then remove all selected agents."""
        entries = self.situation().agents
        names = ", ".join(one_line(entry.agent.address) for entry in entries)
        one = len(entries) == 1
        consequence = (
            f"{names} leaves the list, with subscriptions and waiting wakes.  The program in the pane keeps running "
            "and messages are kept; an agent that registers under the same name gets the same id and messages again."
        )
        self.confirm(
            f"Remove {count(len(entries), 'agent')}?",
            consequence,
            "Remove it" if one else "Remove them",
            lambda: self.carry_out(f"removing {count(len(entries), 'agent')}", self._remove(entries)),
        )

    def action_go_to_pane(self) -> None:
        """Switch to the selected agent's pane; a failure is shown as a toast."""
        if entry := self.aim().agent:
            self._bring_to(entry)

    def action_rest(self) -> None:
        """Ask for a duration, then turn do not disturb on or off for all selected agents."""
        entries = self.situation().agents
        names = entries[0].agent.address if len(entries) == 1 else count(len(entries), "agent")
        question = Pick(f"Do not disturb {names}", RESTS)
        self.ask(question, lambda minutes: self.carry_out("setting do not disturb", self._rest(entries, minutes)))

    def _answer(self, entry: RosterEntry, passed_over: frozenset[str]) -> None:
        """Open the dialog of an agent; from there, `a` leads to the next one that was not passed over."""

        def left(outcome: Answered) -> None:
            self.tell(outcome.sentence, "warning" if outcome.in_vain else "information")
            if outcome.is_sent:
                self.desk.answered[entry.agent.agent_id] = self.desk.clock.now()
            if outcome.go_to_pane:
                self._bring_to(entry)
            elif outcome.to_next:
                self._answer_next(passed_over | {entry.agent.agent_id})

        self.ask(AnswerPrompt(self.desk.verbs, entry.agent), left)

    def _answer_next(self, passed_over: frozenset[str]) -> None:
        following = next(self._others_asking(passed_over), None)
        if following:
            self._answer(following, passed_over)
        else:
            self.tell("no other agent asks anything")

    def _others_asking(self, passed_over: Collection[str]) -> Iterator[RosterEntry]:
        """Yield the agents that ask something, without those that were passed over or have just been answered."""
        return (
            entry
            for entry in asking(self.snapshot)
            if entry.agent.agent_id not in passed_over and not self._was_just_answered(entry)
        )

    def _was_just_answered(self, entry: RosterEntry) -> bool:
        answered = self.desk.answered.get(entry.agent.agent_id)
        return answered is not None and self.desk.clock.now() - answered < JUST_ANSWERED

    def _bring_to(self, entry: RosterEntry) -> None:
        self.carry_out(f"going to {entry.agent.address}", self._go_to(entry))

    def _shown(self, entry: RosterEntry) -> str:
        return name_of(self.snapshot, entry.agent.agent_id)

    async def _poke(self, entry: RosterEntry, line: str) -> str:
        proof = await self.desk.verbs.ask(OperatorApi.poke, entry.agent.agent_id, line)
        name = self._shown(entry)
        if proof.step is not WakeStage.SUBMITTED:
            raise VerbRefused("not_submitted", f"{name} was not poked: {one_line(proof.detail) or proof.step}")
        return f"poked {name}"

    async def _remove(self, entries: tuple[RosterEntry, ...]) -> str:
        removed: list[str] = []
        for entry in entries:
            name = self._shown(entry)
            try:
                await self.desk.verbs.ask(OperatorApi.remove_agent, entry.agent.agent_id)
                removed.append(name)
            except VerbRefused as refused:
                self.tell(f"{name} was not removed: {refused.sentence}", "warning")
        return f"removed {', '.join(removed)}" if removed else ""

    async def _go_to(self, entry: RosterEntry) -> str:
        await self.desk.verbs.ask(OperatorApi.go_to, entry.agent.agent_id)
        return ""

    async def _rest(self, entries: tuple[RosterEntry, ...], minutes: str) -> str:
        until = self.desk.clock.now() + timedelta(minutes=int(minutes)) if minutes.isdigit() else None
        for entry in entries:
            if minutes == "lift":
                await self.desk.verbs.ask(OperatorApi.disturb_agent, entry.agent.agent_id)
            else:
                await self.desk.verbs.ask(OperatorApi.rest_agent, entry.agent.agent_id, until)
        names = ", ".join(map(self._shown, entries))
        return f"do not disturb is {'off' if minutes == 'lift' else 'on'} for {names}"
